-- SPDX-License-Identifier: Apache-2.0

-- +goose Up

-- What reports look for by time: the few events that say how far leads came, the leads that became MQL, SAL or SQL, and those that wait for a field.
-- Touches and activities, which are the most, are in none of them.
CREATE INDEX events_told ON events (tenant, kind, time)
    WHERE kind IN ('captured', 'accepted', 'qualified', 'disposition', 'contested', 'feedback', 'opportunity');
CREATE INDEX leads_delivered ON leads (tenant, coalesce(first_qualified_at, qualified_at))
    WHERE coalesce(first_qualified_at, qualified_at) IS NOT NULL;
CREATE INDEX leads_accepted ON leads (tenant, sal_at) WHERE sal_at IS NOT NULL;
CREATE INDEX leads_sql ON leads (tenant, sql_at) WHERE sql_at IS NOT NULL;
CREATE INDEX leads_held ON leads (tenant, reached_at) WHERE stage = 'Held';
