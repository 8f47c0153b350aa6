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
