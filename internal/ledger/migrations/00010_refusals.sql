-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- Rejections without a reason code that were refused: no events, but what was tried first. They are numbered with the events, among which they stand
-- in the history of a lead. What else was sent with them is not kept.
CREATE TABLE refusals (
    seq         bigint      PRIMARY KEY,
    tenant      text        NOT NULL,
    lead_id     text        NOT NULL,
    source      text        NOT NULL,
    event_id    text        NOT NULL,
    time        timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome     text        NOT NULL, -- Recycled or Disqualified
    UNIQUE (tenant, source, event_id)
);
CREATE INDEX refusals_of_lead ON refusals (tenant, lead_id, time, seq);
