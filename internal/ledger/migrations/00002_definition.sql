-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- The account that a lead is a contact of, as the scorer last saw it; the contacts and the sum of scores by which it qualified one.
-- When sales qualified an MQL, and by which criteria it has not yet.
ALTER TABLE leads
    ADD COLUMN account          text,
    ADD COLUMN account_contacts bigint,
    ADD COLUMN account_score    bigint,
    ADD COLUMN sql_at           timestamptz,
    ADD COLUMN sql_unmet        text[];
-- By hash: an account's name may be longer than an entry of an index.
CREATE INDEX leads_of_account ON leads (tenant, hashtextextended(account, 0)) WHERE account IS NOT NULL;

-- How many leads an account has as contacts, and the sum of their scores: kept in the transaction that scores them, so that an account
-- that very many leads name costs no more than another. Its row is the lock that contacts scored at the same moment wait for.
CREATE TABLE accounts (
    tenant   text   NOT NULL,
    account  bytea  NOT NULL, -- SHA-256 of its name, which may be longer than an entry of an index
    contacts bigint NOT NULL DEFAULT 0,
    score    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, account)
);

-- A lead that was recycled may be handed off again, each time in a cycle of its own. The row of the lead is about the latest; those before
-- are kept as they stood when the next began, and their obligations stay where they are counted.
ALTER TABLE leads
    ADD COLUMN cycle              int NOT NULL DEFAULT 1,
    ADD COLUMN cycle_since        timestamptz, -- hand-off of the cycle before
    ADD COLUMN first_qualified_at timestamptz; -- of the first cycle: a lead is delivered as MQL once; NULL where 00001 was in use then: qualified_at
CREATE TABLE cycles (
    tenant          text        NOT NULL,
    lead_id         text        NOT NULL,
    cycle           int         NOT NULL,
    qualified_at    timestamptz NOT NULL,
    bundle_sequence bigint      NOT NULL,
    stamps          jsonb       NOT NULL,
    PRIMARY KEY (tenant, lead_id, cycle)
);
ALTER TABLE obligations ADD COLUMN cycle int NOT NULL DEFAULT 1;
ALTER TABLE obligations DROP CONSTRAINT obligations_pkey, ADD PRIMARY KEY (tenant, lead_id, cycle, clause);
