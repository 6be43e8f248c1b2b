"""The trail: partitioned by month, refusing UPDATE, DELETE and TRUNCATE on parent and partitions.

A TRUNCATE or UPDATE that names a partition does not fire the parent's statement triggers, so
every partition gets its own.
"""

from django.db import migrations

TABLE = """
CREATE TABLE security_auditevent (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    actor_id bigint,
    actor_name varchar(150) NOT NULL,
    session varchar(64) NOT NULL,
    address varchar(64) NOT NULL,
    request varchar(64) NOT NULL,
    action varchar(60) NOT NULL,
    object_type varchar(60) NOT NULL,
    object_id varchar(40) NOT NULL,
    object_level smallint,
    object_path varchar(255) COLLATE "C" NOT NULL,
    object_ids bigint[] NOT NULL,
    fields varchar(60)[] NOT NULL,
    decision varchar(10) NOT NULL CHECK (decision IN ('allowed', 'denied')),
    allowed_by varchar(120) NOT NULL,
    reason varchar(300) NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX security_auditevent_object ON security_auditevent (object_type, object_id, at);
CREATE INDEX security_auditevent_actor ON security_auditevent (actor_id, at);

CREATE FUNCTION security_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % refused on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION security_audit_guard(partition_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION security_audit_refuse()', partition_name);
END $$;

CREATE FUNCTION security_audit_add_month(y integer, m integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamp := make_date(y, m, 1);
    name text := 'security_auditevent_' || to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF security_auditevent FOR VALUES FROM (%L) TO (%L)',
        name, first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
    PERFORM security_audit_guard(name);
END $$;

-- A net for rows of months that nobody prepared.
CREATE TABLE security_auditevent_default PARTITION OF security_auditevent DEFAULT;
SELECT security_audit_guard('security_auditevent');
SELECT security_audit_guard('security_auditevent_default');
SELECT security_audit_add_month(
    extract(year FROM now() + make_interval(months => ahead))::integer,
    extract(month FROM now() + make_interval(months => ahead))::integer)
FROM generate_series(0, 3) AS ahead;
"""

UNDO = """
DROP TABLE security_auditevent;
DROP FUNCTION security_audit_add_month(integer, integer);
DROP FUNCTION security_audit_guard(text);
DROP FUNCTION security_audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0001_initial")]
    operations = [migrations.RunSQL(TABLE, UNDO)]
