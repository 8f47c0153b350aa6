// SPDX-License-Identifier: Apache-2.0

// Package export writes what the ledger keeps, an object a line, from one instant and in little memory.
package export

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/life"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// What is exported.
type What string

// The kinds of exports.
const (
	Events      What = "events"
	Leads       What = "leads"
	Obligations What = "obligations"
	Counts      What = "counts"
	Seals       What = "seals"
	Refusals    What = "refusals"
)

// Kinds are all of them.
func Kinds() []What { return []What{Events, Leads, Obligations, Counts, Seals, Refusals} }

// Options of an export.
type Options struct {
	What     What
	Lead     string                  // only what is about this lead; "" for all
	Progress func(done, about int64) // is told as it goes on; about is an estimate
}

// Event is a CloudEvent as POST /v1/events takes it.
type Event struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Received    string          `json:"receivedtime"` // an extension: when the ledger took it
	Data        json.RawMessage `json:"data"`
}

// CloudEvent is an event of the ledger as it was sent.
func CloudEvent(a ledger.Arrival) Event {
	return Event{
		SpecVersion: "1.0", ID: a.ID, Source: a.Source, Type: events.TypePrefix + string(a.Kind), Subject: a.Lead,
		Time: a.Time.Format(time.RFC3339Nano), ContentType: "application/json", Received: a.Received.Format(time.RFC3339Nano), Data: a.Data,
	}
}

// Attempt is a rejection that was refused, as it may be sent again: it is refused again.
func Attempt(x ledger.Refusal) (Event, error) {
	data, err := json.Marshal(ledger.Data{Outcome: x.Outcome})
	return CloudEvent(ledger.Arrival{
		Source: x.Source, ID: x.ID, Lead: x.Lead, Kind: lead.KindDisposition, Time: x.Time, Received: x.Received, Data: data,
	}), err
}

// Write exports, and says how many objects it wrote.
func Write(ctx context.Context, r *ledger.Reading, out io.Writer, o Options) (written int64, err error) {
	buffer := bufio.NewWriterSize(out, 1<<16)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	about := int64(0)
	if table, is := map[What]string{Events: "events", Leads: "leads", Obligations: "obligations", Refusals: "refusals"}[o.What]; is {
		if about, err = r.EventCount(ctx, table, o.Lead); err != nil {
			return 0, err
		}
	}
	line := func(object any) error {
		if written++; o.Progress != nil {
			o.Progress(written, about)
		}
		return encoder.Encode(object)
	}
	switch o.What {
	case Events:
		err = r.EachEvent(ctx, o.Lead, func(a ledger.Arrival) error { return line(CloudEvent(a)) })
	case Leads:
		err = r.EachLead(ctx, o.Lead, func(object json.RawMessage) error { return line(object) })
	case Obligations:
		err = r.EachObligation(ctx, o.Lead, func(object json.RawMessage) error { return line(object) })
	case Counts:
		err = counts(ctx, r, line)
	case Seals:
		err = seals(ctx, r, line)
	case Refusals:
		err = r.EachRefusal(ctx, o.Lead, func(x ledger.Refusal) error {
			e, err := Attempt(x)
			return errors.Join(err, line(e))
		})
	default:
		err = fmt.Errorf("%q cannot be exported", o.What)
	}
	if err != nil {
		return written, err
	}
	return written, buffer.Flush()
}

// Count of a clause in a period.
type Count struct {
	Period    sla.Period `json:"period"`
	Clause    sla.Clause `json:"clause"`
	Tier      string     `json:"tier,omitempty"`
	Revision  string     `json:"revision"`
	Met       int64      `json:"met"`
	Missed    int64      `json:"missed"`
	Open      int64      `json:"open"`
	AtRisk    int64      `json:"atRisk"`
	Excused   int64      `json:"excused"`
	Contacted *int64     `json:"contacted,omitempty"` // of first contact
	Times     *Times     `json:"times,omitempty"`     // of clauses with a clock; never sealed
}

// Times are how long the leads waited that were done, in the time that their clause counts.
type Times struct {
	Leads         int64 `json:"leads"`
	Within5m      int64 `json:"within5m"`
	Within15m     int64 `json:"within15m"`
	MedianSeconds int64 `json:"medianSeconds"`
	P90Seconds    int64 `json:"p90Seconds"`
}

func countOf(c sla.Count) Count {
	out := Count{
		Period: c.Period, Clause: c.Clause, Tier: c.Tier, Revision: c.Revision,
		Met: c.Met, Missed: c.Missed, Open: c.Open, AtRisk: c.AtRisk, Excused: c.Excused,
	}
	if c.Clause == sla.ClauseFirstContact {
		out.Contacted = &c.Contacted
	}
	if t := c.Times; t.Leads > 0 {
		out.Times = &Times{t.Leads, t.Within5m, t.Within15m, int64(t.Median.Seconds()), int64(t.P90.Seconds())}
	}
	return out
}

func counts(ctx context.Context, r *ledger.Reading, line func(any) error) error {
	periods, err := r.Periods(ctx)
	if err != nil {
		return err
	}
	all, err := r.Counts(ctx, periods)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := line(countOf(c)); err != nil {
			return err
		}
	}
	return nil
}

// Seal of a period.
type Seal struct {
	Number   int64      `json:"number"`
	Period   sla.Period `json:"period"`
	Version  int        `json:"version"`
	SealedAt time.Time  `json:"sealedAt"`
	Previous string     `json:"previous"`
	Digest   string     `json:"digest"`
	Counts   []Count    `json:"counts"`
}

func seals(ctx context.Context, r *ledger.Reading, line func(any) error) error {
	all, err := r.Seals(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		object := Seal{
			Number: s.Number, Period: s.Period, Version: s.Version, SealedAt: s.SealedAt,
			Previous: fmt.Sprintf("%x", s.Previous), Digest: fmt.Sprintf("%x", s.Digest), Counts: []Count{},
		}
		for _, c := range s.Counts {
			count := countOf(c)
			if s.Form < 2 { // who was contacted was not sealed then
				count.Contacted = nil
			}
			object.Counts = append(object.Counts, count)
		}
		if err := line(object); err != nil {
			return err
		}
	}
	return nil
}

// Subject is all that is kept of one lead, for a person who asks.
type Subject struct {
	Lead        string            `json:"lead"`
	Tenant      string            `json:"tenant"`
	Kept        json.RawMessage   `json:"kept"` // its row, with its record
	Events      []Event           `json:"events"`
	Refusals    []Event           `json:"refusals,omitempty"` // rejections without a reason code, which were not taken
	Obligations []json.RawMessage `json:"obligations"`
	CRM         []json.RawMessage `json:"crm,omitempty"` // what is known of its records in the CRM
	Life        *life.Life        `json:"life"`
}

// Of is all that is kept of one lead.
func Of(ctx context.Context, r *ledger.Reading, tenant, one string) (s Subject, err error) {
	s = Subject{Lead: one, Tenant: tenant, Events: []Event{}, Obligations: []json.RawMessage{}}
	if s.Life, err = life.Of(ctx, r, one, life.Options{Tenant: tenant, ShowData: true}); err != nil {
		return s, err
	}
	if s.Kept, err = r.Personal(ctx, one); err != nil {
		return s, err
	}
	err = r.EachEvent(ctx, one, func(a ledger.Arrival) error {
		s.Events = append(s.Events, CloudEvent(a))
		return nil
	})
	if err != nil {
		return s, err
	}
	err = r.EachRefusal(ctx, one, func(x ledger.Refusal) error {
		e, err := Attempt(x)
		s.Refusals = append(s.Refusals, e)
		return err
	})
	if err != nil {
		return s, err
	}
	if s.CRM, err = r.CRMRecords(ctx, one); err != nil {
		return s, err
	}
	err = r.EachObligation(ctx, one, func(object json.RawMessage) error {
		s.Obligations = append(s.Obligations, append(json.RawMessage(nil), object...))
		return nil
	})
	return s, err
}
