// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// scored is a lead with its record as it is written.
type scored struct {
	*Lead
	record    string
	reached   lead.Reached
	qualified lead.Qualified
}

var scoreKeys = []bulk[scored]{{name: "lead_id", kind: "text", of: eachOf(func(s scored) string { return s.ID })}}

// scoreColumns are what the scorer decides; what the router decides is not touched. A stamp that is not made leaves what is there, and one of a
// hand-off is never made twice.
var scoreColumns = []bulk[scored]{
	{name: "record", kind: "text", set: "u.record::jsonb", of: eachOf(func(s scored) string { return s.record })},
	{name: "stage", kind: "text", of: eachOf(func(s scored) string { return string(s.Stage) })},
	{name: "score_raw", kind: "float8", of: eachOf(func(s scored) float64 { return s.Score.Raw })},
	{name: "score_rounded", kind: "int8", of: eachOf(func(s scored) int64 { return int64(s.Score.Rounded) })},
	{name: "score", kind: "int8", of: eachOf(func(s scored) int64 { return int64(s.Score.Clamped) })},
	{name: "missing", kind: "text", set: "coalesce(u.missing::text[], '{}')", of: eachOf(func(s scored) *string { return arrayText(s.Missing) })},
	{name: "account", kind: "text", set: "nullif(u.account, '')", of: eachOf(func(s scored) string { return s.Account })},

	{name: "reached_at", kind: "timestamptz", set: "coalesce(u.reached_at, l.reached_at)", of: eachOf(func(s scored) *time.Time { return orNull(s.reached.At) })},
	whenReached("reached_path", "text", "u.reached_path", eachOf(func(s scored) string { return s.reached.Path })),
	whenReached("reached_missing", "text", "u.reached_missing::text[]", eachOf(func(s scored) *string { return arrayText(s.reached.Missing) })),
	whenReached("reached_sequence", "int8", "u.reached_sequence", eachOf(func(s scored) int64 { return s.ReachedBy })),

	{name: "qualified_at", kind: "timestamptz", set: "coalesce(l.qualified_at, u.qualified_at)", of: eachOf(func(s scored) *time.Time { return orNull(s.qualified.At) })},
	whenHandedOff("path", "text", eachOf(func(s scored) string { return s.qualified.Path })),
	whenHandedOff("threshold", "int8", eachOf(func(s scored) int64 { return int64(s.qualified.Threshold) })),
	whenHandedOff("score_at_handoff", "int8", eachOf(func(s scored) int64 { return int64(s.qualified.Score) })),
	whenHandedOff("met_threshold", "bool", eachOf(func(s scored) bool { return s.qualified.MetThreshold })),
	whenHandedOff("intent", "text", eachOf(func(s scored) string { return s.qualified.Intent })),
	whenHandedOff("bundle_sequence", "int8", eachOf(func(s scored) int64 { return s.JudgedBy })),
	whenHandedOff("terms_revision", "text", eachOf(func(s scored) string { return s.TermsRevision })),
	whenHandedOff("definition_revision", "text", eachOf(func(s scored) string { return s.DefinitionRevision })),
	whenHandedOff("account_contacts", "int8", eachOf(func(s scored) *int64 { return positive(s.qualified.Account.Count) })),
	whenHandedOff("account_score", "int8", eachOf(func(s scored) *int64 { return positive(s.qualified.Account.Score) })),
	{
		name: "first_qualified_at", kind: "timestamptz", of: eachOf(func(s scored) *time.Time { return orNull(s.qualified.At) }),
		set: "CASE WHEN " + handedOff + " THEN coalesce(l.first_qualified_at, u.qualified_at) ELSE l.first_qualified_at END",
	},
}

// handedOff is true of a lead that is handed off by this statement.
const handedOff = "l.qualified_at IS NULL AND u.qualified_at IS NOT NULL"

func whenReached(name, kind, value string, of func([]scored) any) bulk[scored] {
	return bulk[scored]{name: name, kind: kind, of: of, set: "CASE WHEN u.reached_at IS NULL THEN l." + name + " ELSE " + value + " END"}
}

func whenHandedOff(name, kind string, of func([]scored) any) bulk[scored] {
	return bulk[scored]{name: name, kind: kind, of: of, set: "CASE WHEN " + handedOff + " THEN u." + name + " ELSE l." + name + " END"}
}

// positive is NULL for 0: what was not counted.
func positive(n int) *int64 {
	if n == 0 {
		return nil
	}
	v := int64(n)
	return &v
}

var scoreSQL = updateAll("leads", scoreKeys, scoreColumns)

// queueScores writes what the scorer decided about the leads.
func (l *Ledger) queueScores(writes *pgx.Batch, leads []*Lead) error {
	rows := make([]scored, len(leads))
	for i, one := range leads {
		record, err := json.Marshal(one.Record)
		if err != nil {
			return fmt.Errorf("record of lead %q: %w", one.ID, err)
		}
		rows[i] = scored{Lead: one, record: string(record)}
		if one.Reached != nil {
			rows[i].reached = *one.Reached
		}
		if one.Qualified != nil {
			rows[i].qualified = *one.Qualified
		}
	}
	if len(rows) > 0 {
		writes.Queue(scoreSQL, arguments(l.tenant, rows, scoreKeys, scoreColumns)...)
	}
	return nil
}
