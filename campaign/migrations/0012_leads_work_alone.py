"""The lead unit of a task does not work along with it: what constraints of one table cannot say."""

from django.db import migrations

LEAD_ALONE = """
DELETE FROM campaign_taskunit p USING campaign_task t
    WHERE t.id = p.task_id AND t.unit_id = p.unit_id;
CREATE FUNCTION campaign_check_lead_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM campaign_task t
        JOIN campaign_taskunit p ON p.task_id = t.id AND p.unit_id = t.unit_id
        WHERE t.id = (to_jsonb(NEW) ->> TG_ARGV[0])::bigint
    ) THEN
        RAISE EXCEPTION 'task_lead_works_along: the lead unit works along with itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'task_lead_works_along';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER campaign_lead_alone AFTER UPDATE OF unit_id ON campaign_task
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.unit_id IS DISTINCT FROM NEW.unit_id)
    EXECUTE FUNCTION campaign_check_lead_alone('id');
CREATE CONSTRAINT TRIGGER campaign_partner_no_lead
    AFTER INSERT OR UPDATE OF unit_id, task_id ON campaign_taskunit
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION campaign_check_lead_alone('task_id');
"""
LEAD_ALONE_BACK = """
DROP TRIGGER campaign_partner_no_lead ON campaign_taskunit;
DROP TRIGGER campaign_lead_alone ON campaign_task;
DROP FUNCTION campaign_check_lead_alone();
"""


class Migration(migrations.Migration):
    dependencies = [("campaign", "0011_product_revisions")]

    operations = [migrations.RunSQL(LEAD_ALONE, LEAD_ALONE_BACK)]
