-- SPDX-License-Identifier: Apache-2.0

-- Which account the records, positions and hints of a tenant are of, and who was told of a change that the CRM has not heard of.

-- +goose Up

-- A record's id says nothing in another account, or is somebody else's there.
CREATE TABLE crm_accounts (
    tenant   text        PRIMARY KEY,
    account  text        NOT NULL, -- type and account, as HubSpot/62515
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A sink was told of the latest change of a lead that has a record in the CRM: the CRM is to be told, too, once it is written into again.
ALTER TABLE outbox ADD COLUMN elsewhere boolean NOT NULL DEFAULT false;
DROP INDEX outbox_planned;
CREATE INDEX outbox_untold ON outbox (tenant, changed_at) WHERE planned IS NOT NULL OR elsewhere;
