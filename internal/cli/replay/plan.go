// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// File is a piece of input.
type File struct {
	Name string
	Data []byte
}

// Input of a replay.
type Input struct {
	Leads  *File // CSV, a row a lead
	Events *File // CloudEvents, one a line

	Fields     []lead.Field // of the definition; they say which columns are sent
	IDColumn   string       // detected when empty
	TimeColumn string       // detected when empty

	Anchor time.Time // moves all times so that the latest is a second before; no move when zero
}

// Plan is what a replay sends.
type Plan struct {
	Records   []Record
	Malformed []Malformed
	Notes     []string // how the input was understood, for people
}

// Load reads the input.
func Load(in Input) (*Plan, error) {
	p := &Plan{}
	if in.Leads != nil {
		if err := p.leads(in); err != nil {
			return nil, err
		}
	}
	if in.Events != nil {
		records, malformed, err := ReadEvents(in.Events.Name, bytes.NewReader(in.Events.Data))
		if err != nil {
			return nil, err
		}
		p.Records = append(p.Records, records...)
		p.Malformed = append(p.Malformed, malformed...)
		p.note("%s: %d events", in.Events.Name, len(records))
	}
	if !in.Anchor.IsZero() && len(p.Records) > 0 {
		latest := Latest(p.Records)
		by := in.Anchor.Add(-time.Second).Sub(latest)
		if err := Shift(p.Records, by); err != nil {
			return nil, err
		}
		p.note("times moved: the latest was %s and is now %s", formatTime(latest), formatTime(latest.Add(by)))
	}
	return p, nil
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// LeadCount is the number of distinct leads that are sent.
func (p *Plan) LeadCount() int {
	seen := map[string]bool{}
	for _, r := range p.Records {
		seen[r.Lead] = true
	}
	return len(seen)
}

func (p *Plan) leads(in Input) error {
	t, err := ReadTable(in.Leads.Name, bytes.NewReader(in.Leads.Data))
	if err != nil {
		return err
	}
	m, err := Map(t, in.Fields, in.IDColumn, in.TimeColumn)
	if err != nil {
		return err
	}
	records, malformed, err := Leads(t, m)
	if err != nil {
		return err
	}
	p.Records = append(p.Records, records...)
	p.Malformed = append(append(p.Malformed, t.Malformed...), malformed...)
	p.note("%s: %d rows, %d of them malformed", t.Name, len(t.Rows)+len(t.Malformed), len(t.Malformed)+len(malformed))
	p.note("  lead id   column %q", t.Header[m.ID])
	p.note("  time      column %q", t.Header[m.Time])
	for _, f := range m.Fields {
		p.note("  field     %s from column %q", f.Field.Name, t.Header[f.Column])
	}
	for _, name := range m.Unused {
		p.note("  not sent  column %q: no field of the definition has this property", name)
	}
	return nil
}
