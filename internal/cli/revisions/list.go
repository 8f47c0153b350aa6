// SPDX-License-Identifier: Apache-2.0

package revisions

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/handoff-sla/handoff/internal/controller/ratify"
)

// The states of a revision.
const (
	InForce    = "in force"
	Scheduled  = "scheduled"
	Past       = "past"
	Superseded = "superseded" // before its date came
)

// Row is one revision as it is listed.
type Row struct {
	Revision      string     `json:"revision"`
	Number        int64      `json:"number"`
	State         string     `json:"state"`
	From          time.Time  `json:"from"` // since when it is or was in force, or from when on it will be
	EffectiveFrom *time.Time `json:"effectiveFrom,omitempty"`
	RatifiedAt    time.Time  `json:"ratifiedAt"`
	SignedAt      time.Time  `json:"signedAt"`
	Digest        string     `json:"digest"`
	SignOffs      []SignOff  `json:"signOffs,omitempty"`
}

// SignOff of a revision.
type SignOff struct {
	Party    string    `json:"party"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Object   string    `json:"object,omitempty"` // namespace/name
	Verified bool      `json:"verified"`
}

// Rows of an object's revisions, the newest first.
func (o *Object) Rows(now time.Time) []Row {
	s := ratify.Stand(o.revisions, now)
	rows := make([]Row, 0, len(o.revisions))
	for i := range o.revisions {
		r := &o.revisions[i]
		row := Row{
			Revision: r.Name, Number: r.Number, State: state(s, o.revisions, r), From: r.Start().UTC(), RatifiedAt: r.Since.UTC(),
			SignedAt: r.SignedAt.UTC(), Digest: r.Digest,
		}
		if !r.EffectiveFrom.IsZero() {
			at := r.EffectiveFrom.UTC()
			row.EffectiveFrom = &at
		}
		for _, off := range r.SignOffs {
			row.SignOffs = append(row.SignOffs, SignOff{Party: string(off.Party), By: off.By, At: off.At.UTC(), Object: off.Object, Verified: off.Verified})
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(b.Number, a.Number) })
	return rows
}

func state(s *ratify.Standing, all []ratify.Revision, r *ratify.Revision) string {
	switch {
	case s.InForce != nil && s.InForce.Name == r.Name:
		return InForce
	case slices.ContainsFunc(s.Coming, func(coming ratify.Revision) bool { return coming.Name == r.Name }):
		return Scheduled
	}
	// It was in force at all when nothing that was ratified later had come into force by its own time.
	for i := range all {
		if all[i].Number > r.Number && !all[i].Start().After(r.Start()) {
			return Superseded
		}
	}
	return Past
}

// List writes the rows as a table or as JSON.
func List(out io.Writer, rows []Row, format string) error {
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REVISION\tNUMBER\tSTATE\tFROM\tRATIFIED\tDIGEST\tSIGNED BY")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", r.Revision, r.Number, r.State, stamp(r.From), stamp(r.RatifiedAt),
			ratify.Short(r.Digest), signers(r))
	}
	return w.Flush()
}

func signers(r Row) string {
	if len(r.SignOffs) == 0 {
		return "(not recorded) at " + stamp(r.SignedAt)
	}
	var out []string
	for _, off := range r.SignOffs {
		text := fmt.Sprintf("%s: %s at %s", off.Party, off.By, stamp(off.At))
		if off.Verified {
			text += ", verified"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
