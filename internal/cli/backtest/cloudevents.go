// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

const (
	typePrefix  = "dev.handoff.lead."
	longestLine = 1 << 20 // more than the ingest address takes for one event
)

// cloudEvent as docs/events.md has it.
type cloudEvent struct {
	Type    string
	Subject string
	Time    string
	Data    json.RawMessage
}

// eventData are the data of all kinds.
type eventData struct {
	Properties map[string]any
	Activity   string
	Owner      string
	lead.Touch
	Outcome lead.Outcome
	Reason  string
	By      string

	Qualification map[string]any

	Ruling  lead.Ruling
	Parties []string

	Opportunity string
	State       lead.DealState
	Amount      float64
	Currency    string

	Rating     int
	Categories []string
	Comment    string

	Scope  lead.Scope
	Merged string
}

// sortEvents puts CloudEvents where all of their lead come together. A record's cells are nothing, the kind and the data.
func (j *joiner) sortEvents(ctx context.Context) error {
	for i, name := range j.in.Events {
		in := j.in.Stdin
		if name != "-" {
			file, err := os.Open(name)
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			in = file
		}
		if err := j.sortFile(ctx, name, len(j.sources)+i, in); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) sortFile(ctx context.Context, name string, source int, in io.Reader) error {
	lines := bufio.NewReaderSize(in, 256<<10)
	var text []byte
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if strings.TrimSpace(line) == "" && err == nil {
			continue
		}
		j.total.rows++
		var r record
		if err == nil {
			r, err = parseEvent(line)
		}
		if err != nil {
			p := leadfile.Problem{File: name, Line: n, Kind: leadfile.KindJSON, Message: err.Error() + "; the event is left out"}
			if j.in.Options.Strict {
				return p
			}
			j.total.skipped++
			j.total.problems.Add(p)
			continue
		}
		r.source, r.line, r.order = source, n, int64(source)<<40+int64(n)
		text = r.encode(text[:0], nil)
		if err := j.put(r.id, r.at, text); err != nil {
			return err
		}
	}
}

// readLine is the next line without its end; one that is too long is skipped.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > longestLine {
			long, line = true, line[:0]
		}
		if !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0 && !long:
			return "", io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return "", err
		case long:
			return "", bufio.ErrTooLong
		}
		return string(line), nil
	}
}

func parseEvent(line string) (record, error) {
	var e cloudEvent
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		return record{}, fmt.Errorf("not a CloudEvent in JSON: %w", err)
	}
	kind, ours := strings.CutPrefix(e.Type, typePrefix)
	if !ours {
		return record{}, fmt.Errorf("type %q is unknown; it should begin with %s", e.Type, typePrefix)
	}
	if e.Subject == "" {
		return record{}, errors.New("no subject, the lead's id")
	}
	at, err := leadfile.ParseTime(e.Time)
	if err != nil {
		return record{}, fmt.Errorf("time: %w", err)
	}
	var data eventData
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return record{}, fmt.Errorf("data: %w", err)
	}
	if !slices.Contains(lead.Kinds(), lead.Kind(kind)) {
		return record{}, fmt.Errorf("type %q is unknown; it should be %s and one of %s", e.Type, typePrefix, strings.Trim(fmt.Sprint(lead.Kinds()), "[]"))
	}
	if err := data.check(lead.Kind(kind)); err != nil {
		return record{}, fmt.Errorf("data.%w", err)
	}
	return record{id: e.Subject, at: at, cells: []string{"", kind, string(e.Data)}}, nil
}

// check the words that decide something, as ingestion does.
func (d *eventData) check(kind lead.Kind) error {
	var wrong error
	word := func(name, value string, words []string) {
		if wrong == nil && !slices.Contains(words, value) {
			wrong = fmt.Errorf("%s: %q is unknown; it should be one of %s", name, value, strings.Join(words, ", "))
		}
	}
	switch {
	case kind == lead.KindTouch:
		word("channel", d.Channel, channels)
		word("direction", d.Direction, directions)
		word("actor", d.Actor, actors)
	case kind == lead.KindDisposition && (d.Outcome != "" || d.Reason == ""):
		word("outcome", string(d.Outcome), outcomes)
	case kind == lead.KindContested:
		word("ruling", string(d.Ruling), rulings)
	case kind == lead.KindOpportunity:
		word("state", string(d.State), dealStates)
	case d.Scope != "" && (kind == lead.KindOptedOut || kind == lead.KindReinstated):
		word("scope", string(d.Scope), scopes)
	}
	return wrong
}

// misfits reports the values of a captured or updated event that have not the type of their field, and those of a qualified event.
func (w *gatherer) misfits(r record, e lead.Event) {
	values, fields := e.Properties, w.in.New.Definition.Fields
	switch e.Kind {
	case lead.KindQualified:
		values, fields = e.Qualification, lead.QualificationFields()
	case lead.KindActivity:
		return // its properties are its own
	default:
	}
	for _, f := range fields {
		if _, err := lead.Coerce(f, values[f.SourceProperty()]); err != nil {
			p := w.place(r)
			p.Kind, p.Message = leadfile.KindValue, fmt.Sprintf("%v; read as absent", err)
			w.tally.problems.Add(p)
		}
	}
}

// cloudEvent of a record.
func (w *gatherer) cloudEvent(r record) (lead.Event, bool) {
	var data eventData
	if json.Unmarshal([]byte(r.cells[2]), &data) != nil {
		return lead.Event{}, false // it was checked when it was read
	}
	e := lead.Event{Kind: lead.Kind(r.cells[1]), Time: r.at.In(time.UTC)}
	if !data.tell(&e) {
		return e, false
	}
	w.misfits(r, e)
	return e, true
}

// tell the event what its kind has; false for a kind that nobody knows.
func (d *eventData) tell(e *lead.Event) bool {
	switch e.Kind {
	case lead.KindCaptured, lead.KindUpdated:
		e.Properties = d.Properties
	case lead.KindActivity:
		e.Activity, e.Properties = d.Activity, d.Properties
	case lead.KindAssigned:
		e.Owner = d.Owner
	case lead.KindTouch:
		e.Touch = &d.Touch
	case lead.KindDisposition:
		e.Disposition = &lead.Disposed{Outcome: d.Outcome, Reason: d.Reason, By: d.By}
	case lead.KindQualified:
		e.Qualification = d.Qualification
	case lead.KindAccepted: // who, is of no matter here
	case lead.KindContested:
		e.Contest = &lead.Contest{Ruling: d.Ruling, By: d.Parties, Reason: d.Reason}
	case lead.KindOpportunity:
		e.Opportunity = &lead.Opportunity{ID: d.Opportunity, State: d.State, Amount: d.Amount, Currency: d.Currency}
	case lead.KindFeedback:
		e.Feedback = &lead.Feedback{Rating: d.Rating, Categories: d.Categories, Comment: d.Comment, By: d.By}
	case lead.KindOptedOut, lead.KindReinstated:
		e.Scope = cmp.Or(d.Scope, lead.ScopeContact)
	case lead.KindMerged:
		e.Merged = d.Merged
	default:
		return false
	}
	return true
}
