-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- How long a clock ran until what it waits for was done, in the time that its clause counts; whole seconds, rounded up. NULL while it runs, where it was
-- excused, and of rows from before this column until their lead is worked on again: medians leave those out. Rows are not written anew for it.
ALTER TABLE obligations ADD COLUMN elapsed int;

-- The same of leads that are no longer kept; of volume, when they became MQL; of the first contact, how many were contacted at all: of those that were
-- counted before this column, the ones that met it are known to have been.
ALTER TABLE retired_counts
    ADD COLUMN contacted bigint        NOT NULL DEFAULT 0,
    ADD COLUMN elapsed   int[]         NOT NULL DEFAULT '{}',
    ADD COLUMN stopped   timestamptz[] NOT NULL DEFAULT '{}';
UPDATE retired_counts SET contacted = met WHERE clause = 'firstContact';

-- The latest that was ever counted: a clock that is put back opens no week again.
CREATE TABLE counted (
    tenant         text        PRIMARY KEY,
    as_of          timestamptz NOT NULL,
    closed_through text        NOT NULL
);

-- A seal of form 2 says also how many leads were contacted at all: a clause is judged by it.
ALTER TABLE seals ADD COLUMN form smallint NOT NULL DEFAULT 1;
ALTER TABLE sealed_counts ADD COLUMN contacted bigint NOT NULL DEFAULT 0;
