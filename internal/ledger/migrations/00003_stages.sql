-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- Where a lead is: Inquiry, Held, MQL, SAL, SQL, Opportunity, Won, Lost, Recycled, Disqualified, Suppressed, Merged, Duplicate, Excluded.
ALTER TABLE leads ALTER COLUMN stage SET DEFAULT 'Inquiry';
-- The index of stages has no reader any more, and would be kept up row by row.
DROP INDEX IF EXISTS leads_stage;
UPDATE leads SET stage = 'Inquiry' WHERE stage = 'Lead';

ALTER TABLE leads
    ADD COLUMN sal_at           timestamptz, -- when sales accepted it, in its latest cycle
    ADD COLUMN excluded_by      text,        -- name of the exclusion that holds
    ADD COLUMN suppressed_at    timestamptz, -- since when it is not to be contacted
    ADD COLUMN suppressed_scope text,        -- Contact or Account
    ADD COLUMN captured_at      timestamptz, -- its first event; kept where leads are compared by it
    ADD COLUMN identity         bytea,       -- SHA-256 of the values by which it is the same person as another lead
    ADD COLUMN identity_since   timestamptz,
    ADD COLUMN duplicate_of     text,        -- the lead that was captured first of those with its identity
    ADD COLUMN awaits_since     timestamptz, -- recycled until somebody else of its account comes: since then
    ADD COLUMN before_go_live   boolean NOT NULL DEFAULT false, -- it reached a path before the terms took effect
    ADD COLUMN merged_into      text,        -- the lead that is left of those it was merged with
    ADD COLUMN alone            jsonb;       -- of a merged lead: what was stamped of it before
CREATE INDEX leads_identity ON leads (tenant, identity) WHERE identity IS NOT NULL;
CREATE INDEX leads_awaiting ON leads (tenant, hashtextextended(account, 0)) WHERE awaits_since IS NOT NULL;
CREATE INDEX leads_merged_into ON leads (tenant, merged_into) WHERE merged_into IS NOT NULL;

-- The lead in whose place one came: of those of its account that wait for somebody else, the latest to whom it is the first that was captured and handed
-- off since. It follows from rows of other leads, and is asked for seldom: kept in a row, it would be written by whoever holds the row of another one.
-- It takes no row of leads: a table whose rows a function takes cannot get another column.
-- +goose StatementBegin
CREATE FUNCTION linked_to(of_tenant text, of_lead text) RETURNS text LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT a.lead_id FROM leads one, leads a
    WHERE one.tenant = of_tenant AND one.lead_id = of_lead
        AND a.tenant = one.tenant AND hashtextextended(a.account, 0) = hashtextextended(one.account, 0) AND a.account = one.account
        AND a.lead_id <> one.lead_id AND one.captured_at > a.awaits_since
        AND coalesce(one.first_qualified_at, one.qualified_at) > a.awaits_since
        AND one.lead_id = (SELECT n.lead_id FROM leads n
            WHERE n.tenant = a.tenant AND hashtextextended(n.account, 0) = hashtextextended(a.account, 0) AND n.account = a.account
                AND n.lead_id <> a.lead_id AND n.captured_at > a.awaits_since AND coalesce(n.first_qualified_at, n.qualified_at) > a.awaits_since
            ORDER BY coalesce(n.first_qualified_at, n.qualified_at), n.lead_id COLLATE "C" LIMIT 1)
    ORDER BY a.awaits_since DESC, a.lead_id COLLATE "C" LIMIT 1
$$;
-- +goose StatementEnd

-- What the merged events say. Leads that they tie together are locked and judged as one.
CREATE TABLE merges (
    tenant  text        NOT NULL,
    seq     bigint      NOT NULL, -- of the event
    lead_id text        NOT NULL, -- that takes the other one in
    merged  text        NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE INDEX merges_survivor ON merges (tenant, lead_id);
CREATE INDEX merges_merged ON merges (tenant, merged);

-- Rows that leads of the same identity wait for, so that of two that are scored at the same moment one sees the other.
CREATE TABLE identities (
    tenant   text  NOT NULL,
    identity bytea NOT NULL,
    PRIMARY KEY (tenant, identity)
);

-- What the events of a lead say about every lead of its account: it is kept out of hand-offs, or not any more.
CREATE TABLE account_marks (
    tenant  text        NOT NULL,
    lead_id text        NOT NULL,
    number  int         NOT NULL,
    account bytea       NOT NULL, -- SHA-256 of its name
    at      timestamptz NOT NULL,
    lifted  boolean     NOT NULL,
    PRIMARY KEY (tenant, lead_id, number)
);
CREATE INDEX account_marks_of ON account_marks (tenant, account, at);

-- What became known late and changed what was kept. Append-only. It holds times, states and ids, and no value of a lead.
CREATE TABLE corrections (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant  text        NOT NULL,
    lead_id text        NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    cause   bigint,     -- sequence of the event that brought it about
    what    text        NOT NULL, -- reached, handOff, accepted, sql, obligation, merged, idleMerge, overturned
    before  jsonb,
    after   jsonb
);
CREATE INDEX corrections_of_lead ON corrections (tenant, lead_id, id);
CREATE UNIQUE INDEX corrections_once ON corrections (tenant, lead_id, what, cause) WHERE what IN ('merged', 'idleMerge', 'overturned');

-- The stamps and the closed clauses are watched here, so that no way of writing them forgets the record.
-- +goose StatementBegin
CREATE FUNCTION correct_stamp() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    kept text[];
BEGIN
    kept := CASE TG_ARGV[0]
        WHEN 'reached' THEN ARRAY['cycle', 'reached_at', 'reached_path', 'reached_missing']
        WHEN 'handOff' THEN ARRAY['cycle', 'qualified_at', 'path', 'score_at_handoff', 'intent']
        WHEN 'accepted' THEN ARRAY['cycle', 'sal_at']
        ELSE ARRAY['cycle', 'sql_at'] END;
    INSERT INTO corrections (tenant, lead_id, cause, what, before, after)
    SELECT OLD.tenant, OLD.lead_id, (SELECT max(seq) FROM events e WHERE e.tenant = OLD.tenant AND e.lead_id = OLD.lead_id), TG_ARGV[0],
        (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(OLD)) WHERE key = ANY (kept)),
        (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(NEW)) WHERE key = ANY (kept));
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION correct_obligation() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- Of a lead that is erased or retired, nothing is corrected.
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM leads l WHERE l.tenant = OLD.tenant AND l.lead_id = OLD.lead_id) THEN
        RETURN NULL;
    END IF;
    INSERT INTO corrections (tenant, lead_id, cause, what, before, after)
    SELECT OLD.tenant, OLD.lead_id, (SELECT max(seq) FROM events e WHERE e.tenant = OLD.tenant AND e.lead_id = OLD.lead_id), 'obligation',
        jsonb_build_object('cycle', OLD.cycle, 'clause', OLD.clause, 'tier', OLD.tier, 'period', OLD.period, 'due_at', OLD.due_at,
            'stopped_at', OLD.stopped_at, 'state', OLD.state),
        CASE TG_OP WHEN 'UPDATE' THEN jsonb_build_object('cycle', NEW.cycle, 'clause', NEW.clause, 'tier', NEW.tier, 'period', NEW.period,
            'due_at', NEW.due_at, 'stopped_at', NEW.stopped_at, 'state', NEW.state) END;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER reached_corrected AFTER UPDATE ON leads FOR EACH ROW
WHEN (OLD.reached_at IS NOT NULL AND NEW.cycle <= OLD.cycle AND (OLD.reached_at, OLD.reached_path, OLD.reached_missing) IS DISTINCT FROM
    (NEW.reached_at, NEW.reached_path, NEW.reached_missing))
EXECUTE FUNCTION correct_stamp('reached');
CREATE TRIGGER hand_off_corrected AFTER UPDATE ON leads FOR EACH ROW
WHEN (OLD.qualified_at IS NOT NULL AND NEW.cycle <= OLD.cycle AND OLD.qualified_at IS DISTINCT FROM NEW.qualified_at)
EXECUTE FUNCTION correct_stamp('handOff');
CREATE TRIGGER accepted_corrected AFTER UPDATE ON leads FOR EACH ROW
WHEN (OLD.sal_at IS NOT NULL AND NEW.cycle <= OLD.cycle AND OLD.sal_at IS DISTINCT FROM NEW.sal_at)
EXECUTE FUNCTION correct_stamp('accepted');
CREATE TRIGGER sql_corrected AFTER UPDATE ON leads FOR EACH ROW
WHEN (OLD.sql_at IS NOT NULL AND NEW.cycle <= OLD.cycle AND OLD.sql_at IS DISTINCT FROM NEW.sql_at)
EXECUTE FUNCTION correct_stamp('sql');
CREATE TRIGGER obligation_corrected AFTER UPDATE ON obligations FOR EACH ROW
WHEN (OLD.lead_id = NEW.lead_id AND OLD.state <> 'Open' AND (OLD.state <> NEW.state OR OLD.period <> NEW.period OR OLD.tier <> NEW.tier
    OR OLD.due_at IS DISTINCT FROM NEW.due_at OR OLD.stopped_at IS NOT NULL AND OLD.stopped_at IS DISTINCT FROM NEW.stopped_at))
EXECUTE FUNCTION correct_obligation();
CREATE TRIGGER obligation_withdrawn AFTER DELETE ON obligations FOR EACH ROW WHEN (OLD.state <> 'Open')
EXECUTE FUNCTION correct_obligation();

-- Leads that sales disposed of have another stage now: the workers find it.
INSERT INTO work (tenant, queue, lead_id)
SELECT tenant, 'route', lead_id FROM leads l
WHERE reached_at IS NOT NULL AND EXISTS (SELECT 1 FROM events e WHERE e.tenant = l.tenant AND e.lead_id = l.lead_id AND e.kind = 'disposition');
