-- SPDX-License-Identifier: Apache-2.0

-- What the ledger keeps of a CRM that the leads live in.

-- +goose Up

-- How far each stream of changes was read. It moves with the commit of what it brought in.
CREATE TABLE crm_cursors (
    tenant   text        NOT NULL,
    stream   text        NOT NULL,
    at       timestamptz, -- what was modified before is read; NULL at the beginning
    last_id  text        NOT NULL DEFAULT '', -- of what was modified then
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, stream)
);

-- The one replica that reads.
CREATE TABLE crm_leases (
    tenant   text        PRIMARY KEY,
    holder   text        NOT NULL,
    until_at timestamptz NOT NULL
);

-- What is known of each record. Values of the lead's own fields are there as hashes only.
CREATE TABLE crm_records (
    tenant      text          NOT NULL,
    record_id   text          NOT NULL,
    lead_id     text          NOT NULL, -- that of the record, unless the lead came as events first
    modified_at timestamptz,            -- as it was last read; NULL: it was only written
    hashes      jsonb         NOT NULL DEFAULT '{}', -- by field
    seen        jsonb         NOT NULL DEFAULT '{}', -- owner, stage, status, reason and opt-out as last read
    wrote       jsonb         NOT NULL DEFAULT '{}', -- what was last written
    wrote_at    timestamptz,            -- as the CRM has it; what was read and is older says nothing
    restore     jsonb         NOT NULL DEFAULT '{}', -- what the writer is to set back, by field
    diverged_at timestamptz,            -- since when it holds what the agreement does not allow
    set_backs   timestamptz[] NOT NULL DEFAULT '{}', -- when it was set back, those of the last day
    stopped_at  timestamptz,            -- since when it is not set back any more
    gone        text          NOT NULL DEFAULT '', -- why it is not written any more: Deleted or Converted
    PRIMARY KEY (tenant, record_id)
);
CREATE INDEX crm_records_of_lead ON crm_records (tenant, lead_id);
CREATE INDEX crm_records_diverged ON crm_records (tenant, diverged_at, record_id)
    WHERE diverged_at IS NOT NULL AND stopped_at IS NULL AND restore = '{}' AND gone = '';
CREATE INDEX crm_records_stopped ON crm_records (tenant, stopped_at) WHERE stopped_at IS NOT NULL;

-- Webhooks say that a record has changed; the reader fetches what. They are kept for a while, so that one that comes again is known.
CREATE TABLE crm_hints (
    id        bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant    text        NOT NULL,
    event_id  text        NOT NULL,
    record_id text        NOT NULL,
    noted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at   timestamptz, -- when what it was about was read
    PRIMARY KEY (tenant, event_id)
);
CREATE INDEX crm_hints_waiting ON crm_hints (tenant, id) WHERE done_at IS NULL;
CREATE INDEX crm_hints_done ON crm_hints (tenant, done_at) WHERE done_at IS NOT NULL;
CREATE INDEX crm_hints_of_record ON crm_hints (tenant, record_id);

-- What was set back, and what was not any more. A note in the CRM explains each.
CREATE TABLE crm_set_backs (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant    text        NOT NULL,
    key       text        NOT NULL, -- of the note: each once
    record_id text        NOT NULL,
    lead_id   text        NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    why       text        NOT NULL, -- for people; no value of the lead
    stopped   boolean     NOT NULL, -- nothing was set back: it had been too often
    noted_at  timestamptz, -- when the note was left
    UNIQUE (tenant, key)
);
CREATE INDEX crm_set_backs_of_lead ON crm_set_backs (tenant, lead_id);
CREATE INDEX crm_set_backs_of_record ON crm_set_backs (tenant, record_id, id) WHERE noted_at IS NULL AND NOT stopped;
CREATE INDEX crm_set_backs_at ON crm_set_backs (tenant, at);

-- How many requests may be made of an account, by whichever tenant. The kind '' is the account as a whole: its day.
CREATE TABLE crm_budget (
    account       text          NOT NULL,
    kind          text          NOT NULL,
    max_requests  int           NOT NULL DEFAULT 0, -- in a span, as the CRM said; 0 while it has not
    span          interval      NOT NULL DEFAULT '0',
    slots         timestamptz[] NOT NULL DEFAULT '{}', -- for when the latest requests were allowed, in order; those of the last span count
    blocked_until timestamptz,
    day_limit     int           NOT NULL DEFAULT 0, -- 0 while the CRM has not said
    day_remaining int           NOT NULL DEFAULT 0,
    day_asked_at  timestamptz, -- of a day that is spent: when it was last looked whether it is over
    told_at       timestamptz,
    PRIMARY KEY (account, kind)
) WITH (fillfactor = 50);

-- What would have been written, where nothing is to be: names and values of our own fields.
ALTER TABLE outbox ADD COLUMN planned jsonb;
CREATE INDEX outbox_planned ON outbox (tenant, changed_at) WHERE planned IS NOT NULL;

-- Whether the lead counts as delivered when the CRM has acknowledged its owner in the cycle, and when it did; what the CRM is told of its touches.
ALTER TABLE leads
    ADD COLUMN awaits_crm      boolean NOT NULL DEFAULT false,
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN first_touch_at  timestamptz, -- first genuine contact of the cycle
    ADD COLUMN attempts        int     NOT NULL DEFAULT 0; -- to reach it in the cycle
CREATE INDEX leads_awaiting_crm ON leads (tenant, lead_id) WHERE awaits_crm AND acknowledged_at IS NULL;
