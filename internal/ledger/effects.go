// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Effects says which effects there are to be of what happens. None, as long as nobody sets them: then nothing is written for them.
type Effects struct {
	Notify        bool
	CRM           bool
	Acknowledge   bool          // an owner whom we pick counts as told when the CRM has acknowledged him, for leads that have a record there
	Matched       bool          // every lead has one, or gets one
	EscalateAfter time.Duration // from the notice of a breach to the rep until the manager is told
}

// SetEffects may be called while the ledger is used: what follows goes by the new ones.
func (l *Ledger) SetEffects(e Effects) { l.effects.Store(&e) }

func (l *Ledger) wanted() Effects {
	if e := l.effects.Load(); e != nil {
		return *e
	}
	return Effects{}
}

// fresh is how long ago something may have happened that somebody is still told. Who brings in the leads of a year does not want the alarms
// of a year.
const fresh = 24 * time.Hour

// Level of a notice.
type Level string

// The levels. The first three are about a clause.
const (
	AtRisk     Level = "AtRisk"
	Breach     Level = "Breach"
	Escalation Level = "Escalation" // of a breach, to the manager

	Assigned   Level = "Assigned"
	Reassigned Level = "Reassigned" // to the new owner
	Released   Level = "Released"   // to the old one
	Held       Level = "Held"
	Rejected   Level = "Rejected"

	SetBack        Level = "SetBack"        // in the CRM, of what the agreement does not allow
	SetBackStopped Level = "SetBackStopped" // it was done again too often, and stays
)

// Urgent says whether a notice of the level is sent at once, whatever the hour. The others wait for a digest.
func (v Level) Urgent() bool {
	switch v {
	case AtRisk, Breach, Escalation, SetBack, SetBackStopped:
		return true
	default:
		return false
	}
}

// Recipient of a message, by role.
type Recipient string

// The recipients.
const (
	ToRep       Recipient = "Rep"
	ToManager   Recipient = "Manager"
	ToMarketing Recipient = "Marketing"
	ToSales     Recipient = "Sales"
	ToExecutive Recipient = "Executive" // where the terms have none, marketing and sales are told
)

// Notice is what somebody is told about a lead, once for each lead, cycle, clause, level and subject.
type Notice struct {
	Lead      string
	Cycle     int
	Clause    sla.Clause // empty where it is about none
	Level     Level
	Subject   string // what tells apart two of one level: which owner, which disposition
	Tier      string
	Due       time.Time
	Detail    []string // names of fields, or a reason code
	Recipient Recipient
	Rep       string
	At        time.Time // when it was noted; not set by who notes it

	Over bool // read back: what it warns of has been done meanwhile
}

// note keeps notices that are new and, in the same transaction, has those sent that cannot wait. What is there already is left alone.
func (l *Ledger) note(ctx context.Context, tx pgx.Tx, notices []Notice) error {
	if len(notices) == 0 || !l.wanted().Notify {
		return nil
	}
	var c struct {
		leads, clauses, levels, subjects, tiers, details, recipients, reps []string
		cycles                                                             []int
		due                                                                []*time.Time
		urgent                                                             []bool
		after                                                              []time.Duration
	}
	for _, n := range notices {
		c.leads, c.cycles = append(c.leads, n.Lead), append(c.cycles, n.Cycle)
		c.clauses, c.levels = append(c.clauses, string(n.Clause)), append(c.levels, string(n.Level))
		c.subjects, c.tiers = append(c.subjects, n.Subject), append(c.tiers, n.Tier)
		c.due, c.details = append(c.due, orNull(n.Due)), append(c.details, strings.Join(n.Detail, "\n"))
		c.recipients, c.reps = append(c.recipients, string(n.Recipient)), append(c.reps, n.Rep)
		c.urgent = append(c.urgent, n.Level.Urgent())
		after := time.Duration(0)
		if n.Level == Escalation {
			after = l.wanted().EscalateAfter
		}
		c.after = append(c.after, after)
	}
	// In the order of the keys, so that two transactions with common notices wait for each other instead of deadlocking.
	rows, err := tx.Query(ctx, `
WITH new AS (
    SELECT n.*, CASE WHEN urgent THEN nextval(pg_get_serial_sequence('messages', 'id')) END AS message
    FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::text[],
        $12::bool[], $13::interval[]) AS n (lead_id, cycle, clause, level, subject, tier, due_at, detail, recipient, rep, urgent, after)
), noted AS (
    INSERT INTO notices (tenant, lead_id, cycle, clause, level, subject, tier, due_at, detail, recipient, rep, message)
    SELECT $1, lead_id, cycle, clause, level, subject, tier, due_at, detail, recipient, rep, message FROM new
    ORDER BY lead_id COLLATE "C", cycle, clause COLLATE "C", level COLLATE "C", subject COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING message)
INSERT INTO messages (id, tenant, recipient, rep, due_at)
SELECT message, $1, recipient, rep, clock_timestamp() + after FROM new JOIN noted USING (message)
RETURNING id, due_at, due_at > clock_timestamp()`, l.tenant, c.leads, c.cycles, c.clauses, c.levels, c.subjects, c.tiers, c.due, c.details,
		c.recipients, c.reps, c.urgent, c.after)
	if err != nil {
		return err
	}
	jobs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (job river.InsertManyParams, err error) {
		var id int64
		var due time.Time
		var later bool
		if err := row.Scan(&id, &due, &later); err != nil || !later {
			return l.noticeJob(id, time.Time{}, 1), err
		}
		return l.noticeJob(id, due.UTC(), 1), nil
	})
	if err != nil {
		return err
	}
	return l.insertJobs(ctx, tx, jobs)
}

// alarms of a clock that has run past its mark or its deadline, to those who can still do something about it. What marketing owes is marketing's to
// hear; what sales owes is its rep's, or sales' as long as nobody owns the lead, and then the manager's.
func alarms(level Level, id string, cycle int, o sla.Obligation, owner string) []Notice {
	n := Notice{Lead: id, Cycle: cycle, Clause: o.Clause, Level: level, Tier: o.Tier, Due: o.Due}
	switch {
	case o.Clause.Party() == sla.PartyMarketing:
		n.Recipient = ToMarketing
		return []Notice{n}
	case owner == "":
		n.Recipient = ToSales
	default:
		n.Recipient, n.Rep = ToRep, owner
	}
	if level != Breach {
		return []Notice{n}
	}
	manager := n
	manager.Level, manager.Recipient, manager.Rep = Escalation, ToManager, owner
	return []Notice{n, manager}
}
