"""An active task has a product, from the product's side too: it may not be deleted or moved away.

Deferred: a task is deleted after its products, and a split moves them one by one. The task's row is
locked first, so that two who each take one of its last two products wait for each other.
"""

from django.db import migrations

STAYS = """
CREATE FUNCTION campaign_check_products_left() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    task campaign_task%ROWTYPE;
BEGIN
    SELECT * INTO task FROM campaign_task WHERE id = OLD.task_id FOR NO KEY UPDATE;
    IF FOUND AND task.state IN ('active', 'done')
        AND NOT EXISTS (SELECT 1 FROM campaign_product WHERE task_id = OLD.task_id) THEN
        RAISE EXCEPTION 'task %: no product', task.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'task_has_product';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER campaign_products_left
    AFTER DELETE OR UPDATE OF task_id ON campaign_product
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION campaign_check_products_left();
"""
STAYS_BACK = """
DROP TRIGGER campaign_products_left ON campaign_product;
DROP FUNCTION campaign_check_products_left();
"""


class Migration(migrations.Migration):
    dependencies = [("campaign", "0012_leads_work_alone")]

    operations = [migrations.RunSQL(STAYS, STAYS_BACK)]
