"""What constraints of one table cannot say: paths, the acceptor's unit, what an active task needs."""

from django.db import migrations

from security.models import UnitPathForeignKey

ACTIVE_TASK = """
CREATE FUNCTION campaign_check_active_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('active', 'done') THEN
        IF EXISTS (SELECT 1 FROM security_unit WHERE id = NEW.unit_id AND collective) THEN
            RAISE EXCEPTION 'task %: a collective unit cannot lead', NEW.code
                USING ERRCODE = 'check_violation', CONSTRAINT = 'task_lead_not_collective';
        END IF;
        IF NOT EXISTS (SELECT 1 FROM campaign_product WHERE task_id = NEW.id) THEN
            RAISE EXCEPTION 'task %: no product', NEW.code
                USING ERRCODE = 'check_violation', CONSTRAINT = 'task_has_product';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER campaign_active_task BEFORE INSERT OR UPDATE OF state, unit_id ON campaign_task
    FOR EACH ROW EXECUTE FUNCTION campaign_check_active_task();
"""
ACTIVE_TASK_BACK = """
DROP TRIGGER campaign_active_task ON campaign_task;
DROP FUNCTION campaign_check_active_task();
"""

# The submitter's unit written on an acceptance is the one written on the submission.
ACCEPTANCE_UNIT = """
ALTER TABLE campaign_acceptance ADD CONSTRAINT acceptance_submitting_unit_fk
    FOREIGN KEY (submission_id, submitting_unit_id) REFERENCES campaign_submission (id, unit_id)
"""
ACCEPTANCE_UNIT_BACK = """
ALTER TABLE campaign_acceptance DROP CONSTRAINT acceptance_submitting_unit_fk
"""


class Migration(migrations.Migration):
    dependencies = [("campaign", "0001_initial")]

    operations = [
        UnitPathForeignKey("campaign_task"),
        migrations.RunSQL(ACTIVE_TASK, ACTIVE_TASK_BACK),
        migrations.RunSQL(ACCEPTANCE_UNIT, ACCEPTANCE_UNIT_BACK),
    ]
