// SPDX-License-Identifier: Apache-2.0

package life

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// local is how an instant is written in the contract's zone.
const local = "2006-01-02 15:04:05 MST"

// Text writes it for people.
func (l *Life) Text(out io.Writer) error {
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		return fmt.Errorf("time zone %s: %w", l.Zone, err)
	}
	var b bytes.Buffer
	l.head(&b, zone)
	fmt.Fprintf(&b, "\nTIMELINE (%s)\n", l.Zone)
	for _, e := range l.Entries {
		e.text(&b, zone)
	}
	fmt.Fprintf(&b, "\nCLOCKS (%s, and UTC)\n", l.Zone)
	if len(l.Clocks) == 0 {
		fmt.Fprintln(&b, "  none")
	}
	for _, c := range l.Clocks {
		c.text(&b, zone)
	}
	for _, note := range l.Notes {
		fmt.Fprintf(&b, "\nNote: %s.\n", note)
	}
	_, err = out.Write(b.Bytes())
	return err
}

func (l *Life) head(b *bytes.Buffer, zone *time.Location) {
	fmt.Fprintf(b, "LEAD %s", l.Lead)
	if l.Contract != "" {
		fmt.Fprintf(b, " of SLAContract %s", l.Contract)
	}
	fmt.Fprintf(b, " (ledger tenant %s), at %s\n", l.Tenant, l.At.In(zone).Format(local))
	fmt.Fprintf(b, "stage %s, cycle %d, score %d", l.Stage, l.Cycle, l.Score)
	for _, part := range []struct{ word, value string }{
		{"owner", l.Owner},
		{"missing", strings.Join(l.Missing, ", ")},
		{"merged into", l.MergedInto},
		{"duplicate of", l.Duplicate},
		{"linked to", l.LinkedTo},
	} {
		if part.value != "" {
			fmt.Fprintf(b, ", %s %s", part.word, part.value)
		}
	}
	fmt.Fprintln(b)
	if l.Waiting > 0 {
		fmt.Fprintf(b, "news that are not worked off: %d\n", l.Waiting)
	}
	if len(l.Record) > 0 {
		fmt.Fprintln(b, "\nRECORD")
		for _, field := range slices.Sorted(maps.Keys(l.Record)) {
			fmt.Fprintf(b, "  %s: %v\n", field, l.Record[field])
		}
	}
}

func (e Entry) text(b *bytes.Buffer, zone *time.Location) {
	fmt.Fprintf(b, "  %s  %-10s  %s", e.At.In(zone).Format(local), e.Kind, e.What)
	if e.Cycle > 1 {
		fmt.Fprintf(b, " [cycle %d]", e.Cycle)
	}
	if ev := e.Event; ev != nil {
		fmt.Fprintf(b, "  %s of %s", ev.ID, ev.Source)
		if ev.Lead != "" {
			fmt.Fprintf(b, ", about %s, which was merged into it", ev.Lead)
		}
	}
	fmt.Fprintln(b)
	const indent = "                                         "
	if ev := e.Event; ev != nil {
		if ev.Late > 0 {
			fmt.Fprintf(b, "%sarrived %s, %s later\n", indent, ev.Arrived.In(zone).Format(local), ev.Late.Round(time.Second))
		}
		if len(ev.Data) > 0 {
			fmt.Fprintf(b, "%s%s\n", indent, ev.Data)
		}
	}
	if s := e.Score; s != nil && (s.Before != s.After || len(s.Changes) > 0) {
		fmt.Fprintf(b, "%sscore %d -> %d\n", indent, s.Before, s.After)
		for _, c := range s.Changes {
			fmt.Fprintf(b, "%s  %s %g -> %g\n", indent, c.Rule, c.Before, c.After)
		}
	}
	for _, detail := range e.Details {
		fmt.Fprintf(b, "%s%s\n", indent, detail)
	}
}

func (c Clock) text(b *bytes.Buffer, zone *time.Location) {
	name := c.Clause
	if c.Tier != "" {
		name += " (" + c.Tier + ")"
	}
	state := c.State
	if c.AtRisk {
		state += ", at risk"
	}
	fmt.Fprintf(b, "  %s: %s, cycle %d, counted in %s under %s\n", name, state, c.Cycle, c.Period, c.Revision)
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range []struct {
		name string
		at   *time.Time
	}{{"start", c.Start}, {"warn", c.Warn}, {"due", c.Due}, {"stop", c.Stop}} {
		if row.at != nil {
			fmt.Fprintf(table, "    %s\t%s\t%s\n", row.name, row.at.In(zone).Format(local), row.at.UTC().Format(time.RFC3339))
		}
	}
	if c.Used != "" {
		fmt.Fprintf(table, "    used\t%s of %s time\n", c.Used, c.Counts)
	}
	if c.Left != "" {
		fmt.Fprintf(table, "    left\t%s of %s time\n", c.Left, c.Counts)
	}
	_ = table.Flush() // a buffer takes everything
}
