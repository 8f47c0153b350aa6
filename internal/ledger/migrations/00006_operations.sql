-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- The trace that news of a lead belong to, on its way from one worker to the next. Written only while tracing is on; taken by the step
-- that does the work. A row that nobody took is swept after a day.
CREATE TABLE traces (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant      text        NOT NULL,
    queue       text        NOT NULL,
    lead_id     text        NOT NULL,
    traceparent text        NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX traces_of_lead ON traces (tenant, queue, lead_id);
CREATE INDEX traces_noted ON traces (noted_at);

-- Ids of leads that were erased, by a hash with a key: a later event about one of them is refused, and the id itself is kept nowhere.
CREATE TABLE erasure_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key      bytea   NOT NULL
);
INSERT INTO erasure_key (key)
VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
CREATE TABLE forgotten (
    tenant       text        NOT NULL,
    lead_hash    bytea       NOT NULL, -- HMAC-SHA-256 of the lead's id by the key
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, lead_hash)
);
-- That it was done, when, by whom, and how much. No personal data of the one who was forgotten.
CREATE TABLE erasures (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant     text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    by_whom    text        NOT NULL,
    pseudonyms text[]      NOT NULL, -- under which the leads' counts are kept
    counts     jsonb       NOT NULL
);

-- What the obligations counted whose leads are no longer kept, and how many leads those were. What is counted of a period is these and the
-- obligations that are there.
CREATE TABLE retired_counts (
    tenant   text   NOT NULL,
    period   text   NOT NULL,
    clause   text   NOT NULL,
    tier     text   NOT NULL,
    revision text   NOT NULL,
    met      bigint NOT NULL DEFAULT 0,
    missed   bigint NOT NULL DEFAULT 0,
    excused  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, period, clause, tier, revision)
);
CREATE TABLE retired_leads (
    tenant   text   PRIMARY KEY,
    captured bigint NOT NULL DEFAULT 0,
    mqls     bigint NOT NULL DEFAULT 0,
    events   bigint NOT NULL DEFAULT 0
);

-- The counts of each period that is over and frozen. A seal's digest covers its rows and the digest before it: a row that is changed,
-- left out or put in later shows. What is corrected afterwards is a further version of the period, at the end of the chain.
CREATE TABLE seals (
    tenant    text        NOT NULL,
    number    bigint      NOT NULL, -- from 1, without a gap
    period    text        NOT NULL,
    version   int         NOT NULL, -- from 1; a higher one is a restatement
    sealed_at timestamptz NOT NULL,
    previous  bytea       NOT NULL, -- digest of the seal before; empty for the first
    digest    bytea       NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, period, version)
);
CREATE TABLE sealed_counts (
    tenant   text   NOT NULL,
    number   bigint NOT NULL,
    clause   text   NOT NULL,
    tier     text   NOT NULL,
    revision text   NOT NULL,
    met      bigint NOT NULL,
    missed   bigint NOT NULL,
    open     bigint NOT NULL,
    excused  bigint NOT NULL,
    PRIMARY KEY (tenant, number, clause, tier, revision)
);
