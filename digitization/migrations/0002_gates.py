"""What must hold whoever writes: the two gates, the frozen accepted lot, the counters of a lot.

Gate of step 1: no lot without catalogue, focal person and closed step (Appendix 2, point 1).
Gate of step 6: no acceptance of images without minimum index data (Appendix 2, point 6).
"""

from django.db import migrations

GATE_STEP_1 = """
CREATE FUNCTION digitization_lot_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- FOR SHARE: nobody takes the focal person away while this lot is being made.
    PERFORM 1 FROM digitization_programme
        WHERE id = NEW.programme_id AND focal_person_id IS NOT NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no lot without a focal person on its programme'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_focal_person';
    END IF;
    PERFORM 1 FROM digitization_documenttype
        WHERE programme_id = NEW.programme_id AND expected_count > 0 LIMIT 1 FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no lot without a catalogue with expected counts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_catalogue';
    END IF;
    PERFORM 1 FROM digitization_programmestep
        WHERE programme_id = NEW.programme_id AND number = 1 AND state = 'closed' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no lot before step 1 is closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_step_1';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_gate BEFORE INSERT OR UPDATE OF programme_id ON digitization_lot
    FOR EACH ROW EXECUTE FUNCTION digitization_lot_gate();

CREATE FUNCTION digitization_programme_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.focal_person_id IS NULL AND EXISTS (
        SELECT 1 FROM digitization_lot WHERE programme_id = NEW.id) THEN
        RAISE EXCEPTION 'a programme with lots keeps a focal person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_focal_person';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER programme_keeps BEFORE UPDATE OF focal_person_id ON digitization_programme
    FOR EACH ROW EXECUTE FUNCTION digitization_programme_keeps();

CREATE FUNCTION digitization_catalogue_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM digitization_lot WHERE programme_id = OLD.programme_id)
       AND NOT EXISTS (SELECT 1 FROM digitization_documenttype
                       WHERE programme_id = OLD.programme_id AND expected_count > 0) THEN
        RAISE EXCEPTION 'a programme with lots keeps a catalogue with expected counts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_catalogue';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER catalogue_keeps AFTER UPDATE OR DELETE ON digitization_documenttype
    FOR EACH ROW EXECUTE FUNCTION digitization_catalogue_keeps();
"""

GATE_STEP_6 = """
CREATE FUNCTION digitization_lot_acceptance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM digitization_indexfield
                   WHERE programme_id = NEW.programme_id AND required AND scope = 'dossier') THEN
        RAISE EXCEPTION 'the programme names no minimum index data'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_index_data';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM digitization_ocrjob WHERE lot_id = NEW.id) THEN
        RAISE EXCEPTION 'an empty lot cannot be accepted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_pages';
    END IF;
    IF EXISTS (SELECT 1 FROM digitization_ocrjob
               WHERE lot_id = NEW.id AND state NOT IN ('done', 'excused')) THEN
        RAISE EXCEPTION 'every page of an accepted lot is read or excused'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_read_pages';
    END IF;
    IF EXISTS (
        SELECT 1 FROM digitization_dossier d
        JOIN digitization_indexfield f
          ON f.programme_id = NEW.programme_id AND f.required AND f.scope = 'dossier'
        WHERE d.lot_id = NEW.id
          AND EXISTS (SELECT 1 FROM digitization_page p WHERE p.dossier_id = d.id)
          AND NOT EXISTS (SELECT 1 FROM digitization_indexvalue v
                          WHERE v.dossier_id = d.id AND v.document_id IS NULL AND v.key = f.key)
    ) THEN
        RAISE EXCEPTION 'a lot of images without minimum index data cannot be accepted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_needs_index_data';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_acceptance BEFORE INSERT OR UPDATE ON digitization_lot
    FOR EACH ROW WHEN (NEW.state = 'accepted')
    EXECUTE FUNCTION digitization_lot_acceptance();

-- What an accepted lot rests on does not change afterwards. Every path locks the lot first
-- (KEY SHARE against the acceptance's UPDATE is not enough, hence FOR SHARE).
CREATE FUNCTION digitization_lot_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lot bigint;
    state text;
    row_ jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    IF row_ ? 'lot_id' THEN
        lot := (row_ ->> 'lot_id')::bigint;
    ELSE
        SELECT d.lot_id INTO lot FROM digitization_dossier d
            WHERE d.id = (row_ ->> 'dossier_id')::bigint;
    END IF;
    SELECT l.state INTO state FROM digitization_lot l WHERE l.id = lot FOR SHARE;
    IF state = 'accepted' THEN
        RAISE EXCEPTION 'an accepted lot does not change: % refused on %', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_accepted_is_frozen';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER frozen BEFORE INSERT OR DELETE OR UPDATE OF lot_id ON digitization_dossier
    FOR EACH ROW EXECUTE FUNCTION digitization_lot_frozen();
CREATE TRIGGER frozen BEFORE INSERT OR DELETE ON digitization_sourcefile
    FOR EACH ROW EXECUTE FUNCTION digitization_lot_frozen();
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON digitization_indexvalue
    FOR EACH ROW EXECUTE FUNCTION digitization_lot_frozen();
"""

COUNTERS = """
CREATE FUNCTION digitization_count_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO digitization_lotcounter
        (lot_id, expected, sent, refused, received, stored,
         queued, running, recognised, failed, excused)
    VALUES (NEW.id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER counter AFTER INSERT ON digitization_lot
    FOR EACH ROW EXECUTE FUNCTION digitization_count_lot();

CREATE FUNCTION digitization_count_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE digitization_lotcounter c SET
        stored = c.stored + n.every,
        queued = c.queued + n.queued,
        running = c.running + n.running,
        recognised = c.recognised + n.done,
        failed = c.failed + n.failed,
        excused = c.excused + n.excused
    FROM (
        SELECT lot_id, count(*) AS every,
            count(*) FILTER (WHERE state = 'queued') AS queued,
            count(*) FILTER (WHERE state = 'running') AS running,
            count(*) FILTER (WHERE state = 'done') AS done,
            count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state = 'excused') AS excused
        FROM fresh GROUP BY lot_id
    ) n WHERE n.lot_id = c.lot_id;
    RETURN NULL;
END $$;
CREATE TRIGGER counted_in AFTER INSERT ON digitization_ocrjob
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION digitization_count_add();

CREATE FUNCTION digitization_count_remove() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE digitization_lotcounter c SET
        stored = c.stored - n.every,
        queued = c.queued - n.queued,
        running = c.running - n.running,
        recognised = c.recognised - n.done,
        failed = c.failed - n.failed,
        excused = c.excused - n.excused
    FROM (
        SELECT lot_id, count(*) AS every,
            count(*) FILTER (WHERE state = 'queued') AS queued,
            count(*) FILTER (WHERE state = 'running') AS running,
            count(*) FILTER (WHERE state = 'done') AS done,
            count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state = 'excused') AS excused
        FROM gone GROUP BY lot_id
    ) n WHERE n.lot_id = c.lot_id;
    RETURN NULL;
END $$;
CREATE TRIGGER counted_out AFTER DELETE ON digitization_ocrjob
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION digitization_count_remove();

CREATE FUNCTION digitization_count_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Heartbeats change no state and so cost no write here.
    UPDATE digitization_lotcounter c SET
        queued = c.queued + n.queued,
        running = c.running + n.running,
        recognised = c.recognised + n.done,
        failed = c.failed + n.failed,
        excused = c.excused + n.excused,
        served_at = CASE WHEN n.claimed THEN clock_timestamp() ELSE c.served_at END
    FROM (
        SELECT lot_id,
            sum(CASE WHEN state = 'queued' THEN sign ELSE 0 END) AS queued,
            sum(CASE WHEN state = 'running' THEN sign ELSE 0 END) AS running,
            sum(CASE WHEN state = 'done' THEN sign ELSE 0 END) AS done,
            sum(CASE WHEN state = 'failed' THEN sign ELSE 0 END) AS failed,
            sum(CASE WHEN state = 'excused' THEN sign ELSE 0 END) AS excused,
            bool_or(sign = 1 AND state = 'running') AS claimed
        FROM (
            SELECT o.lot_id, o.state, -1 AS sign
                FROM was o JOIN becomes b USING (id) WHERE o.state <> b.state
            UNION ALL
            SELECT b.lot_id, b.state, 1
                FROM was o JOIN becomes b USING (id) WHERE o.state <> b.state
        ) moves GROUP BY lot_id
    ) n WHERE n.lot_id = c.lot_id;
    RETURN NULL;
END $$;
CREATE TRIGGER counted_on AFTER UPDATE ON digitization_ocrjob
    REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION digitization_count_move();
"""

UNDO = """
DROP FUNCTION digitization_lot_gate, digitization_programme_keeps, digitization_catalogue_keeps,
    digitization_lot_acceptance, digitization_lot_frozen, digitization_count_lot,
    digitization_count_add, digitization_count_remove, digitization_count_move CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("digitization", "0001_initial")]

    operations = [
        migrations.RunSQL(GATE_STEP_1 + GATE_STEP_6 + COUNTERS, UNDO),
    ]
