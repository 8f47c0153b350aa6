-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- How many leads are where: the sum of the rows. A change is a row of its own, so that nobody who changes a lead waits for another who does; whoever
-- counts adds them up first. What is counted by it must tell leads apart by these columns only.
CREATE TABLE lead_counts (
    tenant         text    NOT NULL,
    stage          text    NOT NULL,
    handed_off     boolean NOT NULL, -- in this cycle or an earlier one
    before_go_live boolean NOT NULL,
    fallback       boolean NOT NULL,
    leads          bigint  NOT NULL
);
CREATE INDEX lead_counts_of_tenant ON lead_counts (tenant);
ALTER TABLE lead_counts SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- +goose StatementBegin
CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO lead_counts (tenant, stage, handed_off, before_go_live, fallback, leads) VALUES
        (OLD.tenant, OLD.stage, coalesce(OLD.first_qualified_at, OLD.qualified_at) IS NOT NULL, OLD.before_go_live, OLD.fallback, -1),
        (NEW.tenant, NEW.stage, coalesce(NEW.first_qualified_at, NEW.qualified_at) IS NOT NULL, NEW.before_go_live, NEW.fallback, 1);
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION count_moved() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO lead_counts (tenant, stage, handed_off, before_go_live, fallback, leads)
    SELECT tenant, stage, coalesce(first_qualified_at, qualified_at) IS NOT NULL, before_go_live, fallback,
        CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
    FROM moved GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Most updates of a lead change none of these and cost a comparison; statements that bring or take leads are counted as a whole.
CREATE TRIGGER count_changed AFTER UPDATE ON leads FOR EACH ROW
    WHEN (OLD.stage <> NEW.stage OR OLD.before_go_live <> NEW.before_go_live OR OLD.fallback <> NEW.fallback OR OLD.tenant <> NEW.tenant
        OR (coalesce(OLD.first_qualified_at, OLD.qualified_at) IS NULL) <> (coalesce(NEW.first_qualified_at, NEW.qualified_at) IS NULL))
    EXECUTE FUNCTION count_change();
CREATE TRIGGER count_new AFTER INSERT ON leads REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION count_moved();
CREATE TRIGGER count_gone AFTER DELETE ON leads REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION count_moved();

-- The triggers keep writers out until this is committed, so that none is missed or counted twice.
INSERT INTO lead_counts (tenant, stage, handed_off, before_go_live, fallback, leads)
SELECT tenant, stage, coalesce(first_qualified_at, qualified_at) IS NOT NULL, before_go_live, fallback, count(*) FROM leads GROUP BY 1, 2, 3, 4, 5;
