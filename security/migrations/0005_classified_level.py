"""Levels 2 and 3 stand on a classification of the row; what was decided once stays as it was."""

from django.db import migrations

from security.models import ClassifiedLevel

CHECKS = """
CREATE FUNCTION security_check_classified() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held smallint;
    stands smallint;
    approved smallint;
BEGIN
    -- The row as it is at the end of the transaction, not as it was on its way there.
    EXECUTE format('SELECT level FROM %I.%I WHERE id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO held USING NEW.id;
    IF held IS NULL OR held < 2 THEN
        RETURN NULL;
    END IF;
    SELECT c.level, a.level INTO stands, approved
    FROM security_classification c LEFT JOIN security_secrecyapproval a ON a.id = c.approval_id
    WHERE c.object_type = TG_ARGV[0] AND c.object_id = NEW.id
    ORDER BY c.id DESC LIMIT 1;
    IF stands IS DISTINCT FROM held OR approved IS DISTINCT FROM held THEN
        RAISE EXCEPTION '% %: level % without an approved classification',
            TG_ARGV[0], NEW.id, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'classified_level';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION security_check_classification() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held smallint;
    newest smallint;
BEGIN
    IF to_regclass(replace(NEW.object_type, '.', '_')) IS NULL THEN
        RAISE EXCEPTION 'classification of an unknown kind: %', NEW.object_type
            USING ERRCODE = 'check_violation', CONSTRAINT = 'classification_object_type';
    END IF;
    EXECUTE format('SELECT level FROM %I WHERE id = $1', replace(NEW.object_type, '.', '_'))
        INTO held USING NEW.object_id;
    SELECT level INTO newest FROM security_classification
    WHERE object_type = NEW.object_type AND object_id = NEW.object_id
    ORDER BY id DESC LIMIT 1;
    IF held IS NOT NULL AND held IS DISTINCT FROM newest THEN
        RAISE EXCEPTION '% %: classified as %, kept at %',
            NEW.object_type, NEW.object_id, newest, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'classification_matches';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER classification_matches AFTER INSERT ON security_classification
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.object_id IS NOT NULL)
    EXECUTE FUNCTION security_check_classification();

CREATE FUNCTION security_keep_classification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'classifications are history: % refused', TG_OP
        USING ERRCODE = 'check_violation', CONSTRAINT = 'classification_is_history';
END $$;
CREATE TRIGGER classification_is_history BEFORE UPDATE OR DELETE ON security_classification
    FOR EACH ROW EXECUTE FUNCTION security_keep_classification();
"""
UNDO = """
DROP TRIGGER classification_is_history ON security_classification;
DROP TRIGGER classification_matches ON security_classification;
DROP FUNCTION security_keep_classification();
DROP FUNCTION security_check_classification();
DROP FUNCTION security_check_classified();
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0004_user_name_once")]
    operations = [
        migrations.RunSQL(CHECKS, UNDO),
        ClassifiedLevel("security_storedfile"),
    ]
