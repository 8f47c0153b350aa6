// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Erasure says what was erased of a person, or would be.
type Erasure struct {
	Tenant string    `json:"tenant"`
	DryRun bool      `json:"dryRun,omitempty"`
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by,omitempty"`
	// Leads are the ids of the person: the lead and those that it was merged with. They are in no record of the erasure.
	Leads []string `json:"leads"`
	// Duplicates are leads that are held for the same person by their identity. They stay: whoever asks decides.
	Duplicates []string `json:"duplicates,omitempty"`
	// Reports name one of the leads. They are sealed and stay as they are: whoever asks decides whether to delete them.
	Reports    []string      `json:"reports,omitempty"`
	Pseudonyms []string      `json:"pseudonyms,omitempty"` // under which what is counted is kept, in the order of Leads
	Counts     ErasureCounts `json:"counts"`
}

// ErasureCounts are how much is erased, and what is kept.
type ErasureCounts struct {
	Events      int64 `json:"events"`      // lose their id, properties, comments and free text
	Cycles      int64 `json:"cycles"`      // kept
	Obligations int64 `json:"obligations"` // kept
	Excused     int64 `json:"excused"`     // clocks that ran: nobody may contact the person any more
	Work        int64 `json:"work"`        // news that were not worked off, dropped
	Unsent      int64 `json:"unsent"`      // notices, and messages to the CRM and notes in it, that were not sent yet, dropped
}

// ErasedOwner stands where an erased lead had no owner: it waits for none any more.
const ErasedOwner = "(erased)"

// errDryRun rolls a dry run back.
var errDryRun = errors.New("dry run")

// Erase forgets a person: in one transaction everything personal goes out of the ledger, the ids of the leads are replaced by random
// pseudonyms, and hashes of the ids with a key are kept, so that later events about them are refused. What is counted stays: stamps,
// cycles and obligations. A dry run does all of it and takes it back. A lead that is not there is an UnknownLeadError.
func (l *Ledger) Erase(ctx context.Context, id, by string, dryRun bool) (Erasure, error) {
	e := Erasure{Tenant: l.tenant, DryRun: dryRun, By: by}
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		if err := checkSchema(ctx, tx); err != nil {
			return err
		}
		if err := l.erase(ctx, tx, id, &e); err != nil {
			return err
		}
		if dryRun {
			return errDryRun
		}
		return nil
	})
	if errors.Is(err, errDryRun) {
		e.At, e.Pseudonyms = time.Time{}, nil
		return e, nil
	}
	return e, err
}

func (l *Ledger) erase(ctx context.Context, tx pgx.Tx, id string, e *Erasure) error {
	// A worker that hangs must not keep the person in the ledger; the caller may try again.
	if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '30s'`); err != nil {
		return err
	}
	var err error
	if e.Leads, err = l.personOf(ctx, tx, id); err != nil {
		return err
	}
	if e.Duplicates, err = l.duplicatesOf(ctx, tx, e.Leads); err != nil {
		return err
	}
	if e.Reports, err = l.reportsNaming(ctx, tx, e.Leads); err != nil {
		return err
	}
	// The work first, as a worker claims it: the rows of the leads after.
	work, err := tx.Exec(ctx, `DELETE FROM work WHERE tenant = $1 AND lead_id = ANY($2)`, l.tenant, e.Leads)
	if err != nil {
		return err
	}
	e.Counts.Work = work.RowsAffected()
	locked, err := tx.Exec(ctx, `SELECT FROM leads WHERE tenant = $1 AND lead_id = ANY($2) ORDER BY lead_id COLLATE "C" FOR UPDATE`, l.tenant, e.Leads)
	if err != nil {
		return err
	}
	if locked.RowsAffected() != int64(len(e.Leads)) {
		return &UnknownLeadError{Tenant: l.tenant, Lead: id}
	}
	if e.At, err = now(ctx, tx); err != nil {
		return err
	}
	if err := errors.Join(l.leaveAccounts(ctx, tx, e.Leads), l.leaveIdentities(ctx, tx, e.Leads)); err != nil {
		return err
	}
	if e.Counts.Unsent, err = l.dropMessages(ctx, tx, e.Leads); err != nil {
		return err
	}
	untold, err := l.forgetRecords(ctx, tx, e.Leads)
	if err != nil {
		return err
	}
	e.Counts.Unsent += untold
	for _, one := range e.Leads {
		pseudonym := "erased-" + rand.Text()
		e.Pseudonyms = append(e.Pseudonyms, pseudonym)
		if err := l.eraseOne(ctx, tx, one, pseudonym, e); err != nil {
			return err
		}
	}
	return l.recordErasure(ctx, tx, e)
}

// personOf are the lead and all that it was merged with, whichever took in which.
func (l *Ledger) personOf(ctx context.Context, tx pgx.Tx, id string) ([]string, error) {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM leads WHERE tenant = $1 AND lead_id = $2)`, l.tenant, id).Scan(&there); err != nil {
		return nil, err
	}
	if !there {
		return nil, &UnknownLeadError{Tenant: l.tenant, Lead: id}
	}
	rows, err := tx.Query(ctx, `
WITH RECURSIVE person (lead_id) AS (
    SELECT $2::text
    UNION
    SELECT tie.other FROM person p CROSS JOIN LATERAL (
        SELECT lead_id FROM leads WHERE tenant = $1 AND merged_into = p.lead_id
        UNION ALL SELECT merged_into FROM leads WHERE tenant = $1 AND lead_id = p.lead_id AND merged_into IS NOT NULL
        UNION ALL SELECT merged FROM merges WHERE tenant = $1 AND lead_id = p.lead_id
        UNION ALL SELECT lead_id FROM merges WHERE tenant = $1 AND merged = p.lead_id) AS tie (other))
SELECT lead_id FROM person JOIN leads USING (lead_id) WHERE tenant = $1 ORDER BY lead_id COLLATE "C"`, l.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// duplicatesOf are the leads that are held for the same person by their identity, and were not merged.
func (l *Ledger) duplicatesOf(ctx context.Context, tx pgx.Tx, ids []string) ([]string, error) {
	rows, err := tx.Query(ctx, `
SELECT lead_id FROM leads WHERE tenant = $1 AND lead_id <> ALL($2)
  AND identity IN (SELECT identity FROM leads WHERE tenant = $1 AND lead_id = ANY($2) AND identity IS NOT NULL)
ORDER BY lead_id COLLATE "C"`, l.tenant, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// leaveIdentities takes away the hashes by which the leads are recognised as a person, unless another lead has them too.
func (l *Ledger) leaveIdentities(ctx context.Context, tx pgx.Tx, ids []string) error {
	_, err := tx.Exec(ctx, `
WITH gone AS (SELECT DISTINCT identity FROM leads WHERE tenant = $1 AND lead_id = ANY($2) AND identity IS NOT NULL)
DELETE FROM identities i USING gone WHERE i.tenant = $1 AND i.identity = gone.identity
  AND NOT EXISTS (SELECT 1 FROM leads o WHERE o.tenant = $1 AND o.identity = gone.identity AND o.lead_id <> ALL($2))`, l.tenant, ids)
	return err
}

// leaveAccounts takes the leads out of the accounts that they are contacts of. Those are locked in the order in which the scorers lock them.
func (l *Ledger) leaveAccounts(ctx context.Context, tx pgx.Tx, ids []string) error {
	_, err := tx.Exec(ctx, `
SELECT FROM accounts WHERE tenant = $1 AND account IN (
    SELECT sha256(convert_to(account, 'UTF8')) FROM leads WHERE tenant = $1 AND lead_id = ANY($2) AND account IS NOT NULL)
ORDER BY account FOR UPDATE`, l.tenant, ids)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
WITH gone AS (SELECT sha256(convert_to(account, 'UTF8')) AS account, count(*) AS contacts, sum(score) AS score
    FROM leads WHERE tenant = $1 AND lead_id = ANY($2) AND account IS NOT NULL GROUP BY 1)
UPDATE accounts a SET contacts = a.contacts - gone.contacts, score = a.score - gone.score
FROM gone WHERE a.tenant = $1 AND a.account = gone.account`, l.tenant, ids)
	return err
}

// eraseOne empties what is personal of one lead and gives it its pseudonym in every table.
func (l *Ledger) eraseOne(ctx context.Context, tx pgx.Tx, id, pseudonym string, e *Erasure) error {
	events, err := tx.Exec(ctx, scrubSQL, l.tenant, id, pseudonym, keptOfEvents)
	if err != nil {
		return err
	}
	e.Counts.Events += events.RowsAffected()
	// As with an event, the id may be made of the lead's.
	if _, err := tx.Exec(ctx, `UPDATE refusals SET event_id = $3 || '-' || seq WHERE tenant = $1 AND lead_id = $2`, l.tenant, id, pseudonym); err != nil {
		return err
	}
	if err := l.renameWithin(ctx, tx, id, pseudonym, append(slices.Clone(e.Leads), e.Pseudonyms...)); err != nil {
		return err
	}
	excused, err := tx.Exec(ctx, `UPDATE obligations SET state = 'Excused', stopped_at = $3 WHERE tenant = $1 AND lead_id = $2 AND state = 'Open'`,
		l.tenant, id, e.At)
	if err != nil {
		return err
	}
	e.Counts.Excused += excused.RowsAffected()
	// Nobody works on it any more: it takes no rep's capacity and waits for no owner.
	if _, err := tx.Exec(ctx, `UPDATE leads SET record = '{}', alone = NULL, account = NULL, identity = NULL, no_capacity = false, awaits_crm = false, disposed_at = coalesce(disposed_at, $3),
    owner = CASE WHEN qualified_at IS NOT NULL THEN coalesce(owner, $4) END WHERE tenant = $1 AND lead_id = $2`,
		l.tenant, id, e.At, ErasedOwner); err != nil {
		return err
	}
	if err := l.rename(ctx, tx, id, pseudonym, e); err != nil {
		return err
	}
	key, err := l.erasureKey(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO forgotten (tenant, lead_hash, forgotten_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		l.tenant, hashOf(key, id), e.At)
	return err
}

// keptOfEvents are the members of an event's data that counts and clocks follow from, and which say nothing of the person.
var keptOfEvents = []string{
	"outcome", "coded", "channel", "direction", "actor", "answered", "twoWay", "loggedAt", "owner", "rep", "by", "ruling", "parties",
	"state", "amount", "currency", "rating", "categories", "scope", "merged",
}

// scrubSQL keeps of each event when it was, its kind, and the members that are named. A reason stays where it is a code of the definition.
// The opportunities of the lead are numbered. The event's own id may be made of the lead's, and its hash tells what it said to whoever
// guesses it.
const scrubSQL = `
UPDATE events e SET event_id = $3 || '-' || e.seq, content_hash = '',
    data = coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(e.data)
            WHERE key = ANY($4) OR key = 'reason' AND e.data ->> 'coded' = 'true'), '{}')
        || CASE WHEN numbered.opportunity IS NULL THEN '{}' ELSE jsonb_build_object('opportunity', 'opportunity-' || numbered.opportunity) END
FROM (SELECT seq, CASE WHEN data ? 'opportunity' THEN dense_rank() OVER (ORDER BY data ->> 'opportunity') END AS opportunity
    FROM events WHERE tenant = $1 AND lead_id = $2) AS numbered
WHERE e.seq = numbered.seq`

// rename gives the lead its pseudonym wherever its id stands.
func (l *Ledger) rename(ctx context.Context, tx pgx.Tx, id, pseudonym string, e *Erasure) error {
	tables, err := tablesOfLeads(ctx, tx)
	if err != nil {
		return err
	}
	for _, table := range tables {
		tag, err := tx.Exec(ctx, `UPDATE `+quoted(table)+` SET lead_id = $3 WHERE tenant = $1 AND lead_id = $2`, l.tenant, id, pseudonym)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		switch table {
		case "cycles":
			e.Counts.Cycles += tag.RowsAffected()
		case "obligations":
			e.Counts.Obligations += tag.RowsAffected()
		}
	}
	for _, c := range refersToLead {
		if _, err := tx.Exec(ctx, `UPDATE `+c.table+` SET `+c.name+` = $3 WHERE tenant = $1 AND `+c.name+` = $2`, l.tenant, id, pseudonym); err != nil {
			return fmt.Errorf("column %s.%s: %w", c.table, c.name, err)
		}
	}
	return nil
}

// renameWithin gives it its pseudonym in what the leads of the person say about their merges.
func (l *Ledger) renameWithin(ctx context.Context, tx pgx.Tx, id, pseudonym string, leads []string) error {
	if _, err := tx.Exec(ctx, `UPDATE events SET data = jsonb_set(data, '{merged}', to_jsonb($3::text))
WHERE tenant = $1 AND lead_id = ANY($4) AND data ->> 'merged' = $2`, l.tenant, id, pseudonym, leads); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE corrections SET after = (
    SELECT jsonb_object_agg(key, CASE value WHEN to_jsonb($2::text) THEN to_jsonb($3::text) ELSE value END) FROM jsonb_each(after))
WHERE tenant = $1 AND lead_id = ANY($4) AND what IN ('merged', 'idleMerge')`, l.tenant, id, pseudonym, leads)
	return err
}

// refersToLead are the columns that name another lead than that of their row.
var refersToLead = []column{{table: "leads", name: "merged_into"}, {table: "leads", name: "duplicate_of"}, {table: "merges", name: "merged"}}

// dropMessages deletes what has not been told yet about the leads: notices that wait, and what the CRM was to be told. What was sent is sent.
func (l *Ledger) dropMessages(ctx context.Context, tx pgx.Tx, ids []string) (dropped int64, err error) {
	for table, condition := range map[string]string{
		"notices": ` AND (message IS NULL OR message IN (SELECT id FROM messages WHERE sent_at IS NULL))`,
		"outbox":  "",
	} {
		tag, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE tenant = $1 AND lead_id = ANY($2)`+condition, l.tenant, ids)
		if err != nil {
			return dropped, err
		}
		dropped += tag.RowsAffected()
	}
	return dropped, nil
}

func (l *Ledger) recordErasure(ctx context.Context, tx pgx.Tx, e *Erasure) error {
	counts, err := json.Marshal(e.Counts)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO erasures (tenant, at, by_whom, pseudonyms, counts) VALUES ($1, $2, $3, $4, $5)`,
		l.tenant, e.At, e.By, e.Pseudonyms, counts)
	return err
}

// Readmit has events about an erased id taken again, as of a new lead: the person came back. It says whether the id was erased.
func (l *Ledger) Readmit(ctx context.Context, id string) (was bool, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		if err := checkSchema(ctx, tx); err != nil {
			return err
		}
		key, err := l.erasureKey(ctx, tx)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `DELETE FROM forgotten WHERE tenant = $1 AND lead_hash = $2`, l.tenant, hashOf(key, id))
		was = tag.RowsAffected() > 0
		return err
	})
	return was, err
}
