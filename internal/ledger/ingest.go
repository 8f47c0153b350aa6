// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Outcome of an entry.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "Accepted"  // it is in the ledger now
	Duplicate Outcome = "Duplicate" // the same event was there already
	Forgotten Outcome = "Forgotten" // its lead was erased: nothing about it is taken any more
	Conflict  Outcome = "Conflict"  // another event with the same identity was there already; this one is refused
	Refused   Outcome = "Refused"   // not taken; that it was tried is kept
)

type identity struct{ source, id string }

// columns of the entries that are to be inserted, one array each.
type columns struct {
	sources, ids, leads, kinds []string
	times                      []time.Time
	data                       []string
	hashes                     [][]byte
	merged                     map[identity]string // of those that merge leads: who is taken in
}

// Ingest writes entries in one transaction and answers when they are committed: an outcome for each, in their order. An
// identity is accepted once, however often and by however many workers it is offered at the same time.
func (l *Ledger) Ingest(ctx context.Context, entries []Entry) ([]Outcome, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	incoming, err := encoded(entries)
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	err = l.inTx(ctx, func(tx pgx.Tx) (err error) {
		outcomes, err = l.take(ctx, tx, incoming)
		fault.Point("ingest.written")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("writing %d events: %w", len(entries), err)
	}
	fault.Point("ingest.committed")
	return outcomes, nil
}

// incoming are entries as they are written.
type incoming struct {
	entries []Entry
	hashes  [][]byte
	first   map[identity]int // the first entry of each identity speaks for it
	columns columns
	denied  refused
}

func encoded(entries []Entry) (*incoming, error) {
	in := &incoming{entries: entries, hashes: make([][]byte, len(entries)), first: make(map[identity]int, len(entries))}
	for i, e := range entries {
		data, hash, err := e.encode()
		if err != nil {
			return nil, err
		}
		in.hashes[i] = hash
		if e.Refused {
			in.denied.add(e, hash)
			continue
		}
		key := identity{e.Source, e.ID}
		if _, again := in.first[key]; again {
			continue
		}
		in.first[key] = i
		in.columns.add(e, data, hash)
	}
	return in, nil
}

// take writes entries.
func (l *Ledger) take(ctx context.Context, tx pgx.Tx, in *incoming) ([]Outcome, error) {
	accepted, taken, forgotten, err := l.insert(ctx, tx, in.columns, in.denied)
	if err != nil {
		return nil, err
	}
	if err := tracesOf(in.entries).note(ctx, tx, l.tenant, queueScore); err != nil {
		return nil, err
	}
	var known map[identity][]byte
	if len(accepted) < len(in.columns.ids) {
		if known, err = l.contentOf(ctx, tx, in.columns); err != nil {
			return nil, err
		}
	}
	outcomes := make([]Outcome, len(in.entries))
	for i, e := range in.entries {
		key := identity{e.Source, e.ID}
		if e.Refused {
			outcomes[i] = refusalOf(e, taken[key], forgotten)
			continue
		}
		same := bytes.Equal(in.hashes[i], in.hashes[in.first[key]])
		outcomes[i] = outcomeOf(e, accepted[key], in.first[key] == i, same, bytes.Equal(in.hashes[i], known[key]), forgotten)
	}
	return outcomes, nil
}

// outcomeOf an entry: whether an event of its identity was accepted, it is the first of them here, it says the same as that, it says the same as
// the one that was there before; and which leads were erased.
func outcomeOf(e Entry, accepted, first, same, known bool, forgotten map[string]bool) Outcome {
	switch {
	case forgotten[e.Lead], forgotten[e.Data.Merged]:
		return Forgotten
	case accepted && first:
		return Accepted
	case accepted && same, known:
		return Duplicate
	default:
		return Conflict
	}
}

// refusalOf an entry: whether it had been taken before, and which leads were erased.
func refusalOf(e Entry, taken bool, forgotten map[string]bool) Outcome {
	switch {
	case forgotten[e.Lead]:
		return Forgotten
	case taken:
		return Duplicate
	default:
		return Refused
	}
}

func (c *columns) add(e Entry, data, hash []byte) {
	c.sources = append(c.sources, e.Source)
	c.ids = append(c.ids, e.ID)
	c.leads = append(c.leads, e.Lead)
	c.kinds = append(c.kinds, string(e.Kind))
	c.times = append(c.times, e.Time.UTC().Truncate(precision))
	c.data = append(c.data, string(data))
	c.hashes = append(c.hashes, hash)
	if e.Kind == lead.KindMerged {
		if c.merged == nil {
			c.merged = map[identity]string{}
		}
		c.merged[identity{e.Source, e.ID}] = e.Data.Merged
	}
}

// takenIn are the identities of the events that merge leads, and who is taken in by each.
func (c *columns) takenIn() (sources, ids, leads []string) {
	for key, taken := range c.merged {
		if taken != "" {
			sources, ids, leads = append(sources, key.source), append(ids, key.id), append(leads, taken)
		}
	}
	return sources, ids, leads
}

// insertSQL numbers the entries in the order in which they came, which breaks ties of their times, and inserts them in the
// order of their identity, so that two requests with the same events wait for each other instead of deadlocking. The rows
// of the leads come after, in their order, for the same reason; those of leads that are taken in, or that somebody was refused to reject, of which
// nothing else may be known, among them.
const insertSQL = `
WITH numbered AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('events', 'seq')) AS seq, u.*
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::bytea[])
        WITH ORDINALITY AS u (source, event_id, lead_id, kind, time, data, content_hash, position)
    ORDER BY position
), inserted AS (
    INSERT INTO events (seq, tenant, source, event_id, kind, lead_id, time, data, content_hash)
    SELECT seq, $1, source, event_id, kind, lead_id, time, data::jsonb, content_hash
    FROM numbered
    ORDER BY source COLLATE "C", event_id COLLATE "C"
    ON CONFLICT (tenant, source, event_id) DO NOTHING
    RETURNING source, event_id, lead_id
), named AS MATERIALIZED (
    SELECT lead_id FROM inserted UNION
    SELECT told.merged FROM inserted JOIN unnest($10::text[], $11::text[], $12::text[]) AS told (source, event_id, merged) USING (source, event_id) UNION
    SELECT refused.lead_id FROM unnest($13::text[]) AS refused (lead_id)
),
made AS (
    INSERT INTO leads (tenant, lead_id) SELECT $1, lead_id FROM named ORDER BY lead_id COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING lead_id
), noted AS (INSERT INTO work (tenant, queue, lead_id) SELECT $1, $9, lead_id FROM named ORDER BY lead_id COLLATE "C")
SELECT source, event_id, lead_id, made.lead_id IS NOT NULL FROM inserted FULL JOIN made USING (lead_id)`

// insert writes the events that are new, makes sure their leads have a row, and notes the work: in one statement, since one event that comes alone
// costs little more than the ways to the database and back. Leads that were erased are taken back, and named.
func (l *Ledger) insert(ctx context.Context, tx pgx.Tx, c columns, r refused) (accepted, taken map[identity]bool, forgotten map[string]bool, err error) {
	accepted = map[identity]bool{}
	fresh := map[string]bool{}
	var source, id *string // none of a lead that is taken in
	var of string
	var isFresh bool
	mergers, merges, merged := c.takenIn()
	err = each(ctx, tx, []any{&source, &id, &of, &isFresh}, func() error {
		if source != nil {
			accepted[identity{*source, *id}] = true
		}
		if isFresh {
			fresh[of] = true
		}
		return nil
	}, insertSQL, l.tenant, c.sources, c.ids, c.leads, c.kinds, c.times, c.data, c.hashes, queueScore, mergers, merges, merged, r.leads())
	if err != nil {
		return nil, nil, nil, err
	}
	if len(c.merged) > 0 {
		if err := l.insertMerges(ctx, tx, c, accepted); err != nil {
			return nil, nil, nil, err
		}
	}
	if taken, err = l.keepRefused(ctx, tx, r); err != nil {
		return nil, nil, nil, err
	}
	forgotten, err = l.takeBack(ctx, tx, sortedKeys(fresh))
	return accepted, taken, forgotten, err
}

// contentOf reads the hashes of the events that are there already. It is a statement of its own: what a concurrent request
// committed while insert waited for it is visible only from here on.
func (l *Ledger) contentOf(ctx context.Context, tx pgx.Tx, c columns) (map[identity][]byte, error) {
	known := map[identity][]byte{}
	var source, id string
	var hash []byte
	err := each(ctx, tx, []any{&source, &id, &hash}, func() error {
		known[identity{source, id}] = bytes.Clone(hash)
		return nil
	}, `
SELECT e.source, e.event_id, e.content_hash
FROM unnest($2::text[], $3::text[]) AS asked (source, event_id)
JOIN events e ON e.tenant = $1 AND e.source = asked.source AND e.event_id = asked.event_id`, l.tenant, c.sources, c.ids)
	return known, err
}
