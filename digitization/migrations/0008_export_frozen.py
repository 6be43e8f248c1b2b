"""What was asked for is what is decided and made: a request does not change once it is written."""

from django.db import migrations

FROZEN = """
CREATE FUNCTION digitization_export_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a request for an export does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'pageexport_frozen';
END $$;
CREATE TRIGGER export_frozen BEFORE UPDATE ON digitization_pageexport FOR EACH ROW
    WHEN ((OLD.number, OLD.asked_by_id, OLD.asked_at, OLD.purpose, OLD.reason, OLD.page_ids,
           OLD.page_count, OLD.level, OLD.sensitivity, OLD.unit_path, OLD.alone, OLD.alone_before,
           OLD.alone_at_most)
          IS DISTINCT FROM
          (NEW.number, NEW.asked_by_id, NEW.asked_at, NEW.purpose, NEW.reason, NEW.page_ids,
           NEW.page_count, NEW.level, NEW.sensitivity, NEW.unit_path, NEW.alone, NEW.alone_before,
           NEW.alone_at_most))
    EXECUTE FUNCTION digitization_export_frozen();
CREATE TRIGGER export_decided_once BEFORE UPDATE OF decided_by_id ON digitization_pageexport
    FOR EACH ROW WHEN (OLD.decided_by_id IS NOT NULL
                       AND NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id)
    EXECUTE FUNCTION digitization_export_frozen();
"""
THAWED = """
DROP TRIGGER export_decided_once ON digitization_pageexport;
DROP TRIGGER export_frozen ON digitization_pageexport;
DROP FUNCTION digitization_export_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("digitization", "0007_page_exports")]

    operations = [migrations.RunSQL(FROZEN, THAWED)]
