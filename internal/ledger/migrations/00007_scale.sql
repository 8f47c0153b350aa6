-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- A row that changes finds room for its new version on its own page, so that no index is written: leads change with each score, events get the
-- mark of their scorer once. It holds for pages that are written from now on.
ALTER TABLE leads SET (fillfactor = 50);
ALTER TABLE events SET (fillfactor = 50);
-- An index on what changes with each score would make every change a change of all indexes; nothing asks by the stage alone.
DROP INDEX IF EXISTS leads_stage;

-- One index of the queue in place of two. It lives from being short: its dead rows go soon.
ALTER TABLE work DROP CONSTRAINT work_pkey, ADD PRIMARY KEY (tenant, queue, id);
DROP INDEX work_queue;
ALTER TABLE work SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- What is counted each second: the MQLs that nobody owns. Of an index that holds no others the server need not guess how many they are.
CREATE INDEX leads_unowned ON leads (tenant) WHERE qualified_at IS NOT NULL AND owner IS NULL AND NOT before_go_live
    AND stage NOT IN ('Suppressed', 'Merged', 'Duplicate', 'Excluded');
