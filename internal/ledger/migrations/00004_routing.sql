-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- Who got a lead and why, or why nobody did: a row a decision, written in the transaction that decides. Append-only.
CREATE TABLE choices (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant   text        NOT NULL,
    lead_id  text        NOT NULL,
    cycle    int         NOT NULL,
    at       timestamptz NOT NULL, -- when the owner became the owner; of a decision that gave none, when it was made
    kind     text        NOT NULL,
    pool     text,
    rep      text, -- NULL: nobody
    from_rep text, -- who owned it until then
    reason   jsonb       NOT NULL
);
CREATE INDEX choices_of_lead ON choices (tenant, lead_id, id);

-- When we first picked an owner in the cycle; NULL: picked_at. Clocks begin there, whoever gets the lead afterwards. A lead that went back to its
-- pools has picked_at, the moment at which it did, and no picked_rep. The deadline of the first contact whose breach was answered.
ALTER TABLE leads
    ADD COLUMN picked_first_at timestamptz,
    ADD COLUMN breach_at       timestamptz,
    ADD COLUMN fallback        boolean NOT NULL DEFAULT false; -- picked from the pool for what no pool could take

-- What waits for a rep to be free; the open leads that a rep got from us; who got a lead of an account last.
CREATE INDEX leads_to_route ON leads (tenant, qualified_at, lead_id)
    WHERE qualified_at IS NOT NULL AND owner IS NULL AND disposed_at IS NULL AND (no_capacity OR picked_at IS NOT NULL);
CREATE INDEX leads_open_of_picked ON leads (tenant, picked_rep, lead_id) WHERE owner = picked_rep AND disposed_at IS NULL;
CREATE INDEX leads_owned_of_account ON leads (tenant, hashtextextended(account, 0), owned_at DESC, lead_id)
    WHERE account IS NOT NULL AND owner IS NOT NULL AND stage IN ('MQL', 'SAL', 'SQL', 'Opportunity', 'Won');

-- How many open leads a rep owns: the sum of his rows. A change is a row of its own, so that nobody who changes a lead waits for another who does; they are
-- added up into one now and then, by who holds the rotation.
CREATE TABLE loads (
    tenant text NOT NULL,
    rep    text NOT NULL,
    leads  int  NOT NULL
);
CREATE INDEX loads_of_tenant ON loads (tenant);

-- Whether a lead is one that its owner has to work: not what sales has disposed of, nor what nobody may contact, nor a deal that is closed.
CREATE FUNCTION is_load(owner text, disposed_at timestamptz, stage text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN owner IS NOT NULL AND disposed_at IS NULL AND stage NOT IN ('Suppressed', 'Won', 'Lost');

INSERT INTO loads (tenant, rep, leads)
SELECT tenant, owner, count(*) FROM leads WHERE is_load(owner, disposed_at, stage) GROUP BY tenant, owner;

-- +goose StatementBegin
CREATE FUNCTION note_load() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND is_load(OLD.owner, OLD.disposed_at, OLD.stage) THEN
        INSERT INTO loads (tenant, rep, leads) VALUES (OLD.tenant, OLD.owner, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND is_load(NEW.owner, NEW.disposed_at, NEW.stage) THEN
        INSERT INTO loads (tenant, rep, leads) VALUES (NEW.tenant, NEW.owner, 1);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER note_load AFTER UPDATE OF owner, disposed_at, stage ON leads FOR EACH ROW
    WHEN (OLD.owner IS DISTINCT FROM NEW.owner
        OR is_load(OLD.owner, OLD.disposed_at, OLD.stage) <> is_load(NEW.owner, NEW.disposed_at, NEW.stage))
    EXECUTE FUNCTION note_load();
CREATE TRIGGER note_load_gone AFTER DELETE ON leads FOR EACH ROW WHEN (is_load(OLD.owner, OLD.disposed_at, OLD.stage))
    EXECUTE FUNCTION note_load();
CREATE TRIGGER note_load_new AFTER INSERT ON leads FOR EACH ROW WHEN (is_load(NEW.owner, NEW.disposed_at, NEW.stage))
    EXECUTE FUNCTION note_load();
