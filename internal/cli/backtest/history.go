// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// kindOrder counts a row that comes before what it follows.
const kindOrder = "order"

// history makes events of a lead's rows, in order of time.
func (w *gatherer) history(records []record, captured time.Time) []lead.Event {
	return w.course(records, captured).events
}

func (w *gatherer) course(records []record, captured time.Time) course {
	events, late := make([]lead.Event, 0, len(records)), make([]bool, 0, len(records))
	for _, r := range records {
		e, ok := w.event(r, captured)
		if !ok {
			continue
		}
		e.Sequence = int64(len(events))
		events = append(events, e)
		late = append(late, r.source < len(w.sources) && w.sources[r.source].role == joined && e.Time.After(captured))
	}
	slices.SortStableFunc(events, func(a, b lead.Event) int { return cmp.Or(a.Time.Compare(b.Time), int(a.Sequence-b.Sequence)) })
	return course{w.in.enforced(events), late}
}

func (w *gatherer) event(r record, captured time.Time) (lead.Event, bool) {
	if r.source >= len(w.sources) {
		return w.cloudEvent(r)
	}
	s := w.sources[r.source]
	if s.role == touches && r.at.Before(captured) {
		w.tally.problems.Add(s.problem(r.line, kindOrder, "column %q: %s is before the lead's capture at %s, and so about no hand-off",
			s.columns[s.time], r.at.Format(time.RFC3339), captured.Format(time.RFC3339)))
	}
	e := lead.Event{Kind: lead.KindCaptured, Time: r.at}
	switch s.role {
	case activities:
		return w.activity(s, r)
	case touches:
		return w.touch(s, r)
	case joined:
		e.Kind = lead.KindUpdated
		if !r.at.IsZero() && r.at.Before(captured) {
			w.tally.problems.Add(s.problem(r.line, kindOrder, "column %q: %s is before the lead's capture at %s; taken as known then",
				s.columns[s.time], r.at.Format(time.RFC3339), captured.Format(time.RFC3339)))
		}
		if r.at.Before(captured) {
			e.Time = captured
		}
	default:
		if r.at.After(captured) {
			e.Kind = lead.KindUpdated
		}
	}
	e.Properties = w.properties(s, r)
	// A row that says nothing a definition reads is about the outcome; it is no event at which the lead is judged.
	return e, s.role != joined || len(e.Properties) > 0
}

// properties are the cells that a field of a definition is read from.
func (w *gatherer) properties(s *source, r record) map[string]any {
	properties := map[string]any{}
	for i, fields := range s.fields {
		for _, m := range fields {
			text := r.cells[m.column]
			if text == "" {
				continue
			}
			properties[s.columns[m.column]] = text
			if i > 0 {
				continue
			}
			f := w.in.New.Definition.Fields[m.field]
			if _, err := lead.Coerce(f, text); err != nil {
				w.tally.problems.Add(s.misfit(r.line, m.column, text, f, err))
			}
		}
	}
	return properties
}

// activityColumns may hold the type of an activity.
var activityColumns = []string{"activity", "activity_type", "type", "event", "kind"}

// activity of a row: its type is in the column activity (activity_type, type, event, kind), other columns are its properties.
func (w *gatherer) activity(s *source, r record) (lead.Event, bool) {
	at := columnOf(s.columns, activityColumns...)
	if at < 0 || r.cells[at] == "" {
		w.tally.problems.Add(s.problem(r.line, leadfile.KindColumn, "no type of activity: a column named %s has it; the row is left out", strings.Join(activityColumns, ", ")))
		w.tally.skipped++
		return lead.Event{}, false
	}
	properties := map[string]any{}
	for i, cell := range r.cells {
		if i != at && i != s.id && i != s.time && cell != "" {
			properties[s.columns[i]] = typed(cell)
		}
	}
	return lead.Event{Kind: lead.KindActivity, Time: r.at, Activity: r.cells[at], Properties: properties}, true
}

// typed is a cell as JSON would have had it: true and false are booleans, plain numbers are numbers.
func typed(cell string) any {
	switch cell {
	case "true", "TRUE", "True":
		return true
	case "false", "FALSE", "False":
		return false
	}
	if strings.Trim(cell, "0123456789.-") == "" && (cell[0] != '0' || len(cell) == 1 || cell[1] == '.') {
		if f, err := strconv.ParseFloat(cell, 64); err == nil {
			return f
		}
	}
	return cell
}

func columnOf(columns []string, names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			return i
		}
	}
	return -1
}

// Words of touches, as events have them.
var (
	channels   = []string{"Phone", "Email", "Meeting", "Social", "Message"}
	directions = []string{"Outbound", "Inbound"}
	actors     = []string{"Human", "Automated"}
	outcomes   = []string{string(lead.Accepted), string(lead.Recycled), string(lead.Disqualified)}
	rulings    = []string{string(lead.ContestOpened), string(lead.ContestUpheld), string(lead.ContestOverturned)}
	dealStates = []string{string(lead.DealOpen), string(lead.DealWon), string(lead.DealLost)}
	scopes     = []string{string(lead.ScopeContact), string(lead.ScopeAccount)}
)

// touch of a row: the column event says whether it is a touch (the default), assigned, disposition or qualified.
func (w *gatherer) touch(s *source, r record) (lead.Event, bool) {
	c := cellsOf{w: w, s: s, r: r, ok: true}
	e := lead.Event{Time: r.at}
	switch kind := c.text("event", "type", "kind"); strings.ToLower(kind) {
	case "assigned":
		e.Kind, e.Owner = lead.KindAssigned, c.text("owner", "rep")
	case "disposition":
		e.Kind = lead.KindDisposition
		e.Disposition = &lead.Disposed{
			Outcome: lead.Outcome(c.word("outcome", "", outcomes)), Reason: c.text("reason"), By: c.text("by", "rep"),
		}
	case "qualified":
		e.Kind, e.Qualification = lead.KindQualified, c.qualification()
	case "", "touch":
		e.Kind = lead.KindTouch
		e.Touch = &lead.Touch{
			Rep: c.text("rep"), Channel: c.word("channel", "", channels), Direction: c.word("direction", "Outbound", directions),
			Actor: c.word("actor", "Human", actors), Answered: truthy(c.text("answered")),
		}
		if e.Touch.Channel == "" && c.ok {
			c.wrong("no channel; it should be one of %s", strings.Join(channels, ", "))
		}
	default:
		c.wrong("event %q is unknown; it should be touch, assigned, disposition or qualified", kind)
	}
	if !c.ok {
		w.tally.skipped++
	}
	return e, c.ok
}

// cellsOf reads the named cells of a row of touches.
type cellsOf struct {
	w  *gatherer
	s  *source
	r  record
	ok bool
}

func (c *cellsOf) wrong(format string, args ...any) {
	c.w.tally.problems.Add(c.s.problem(c.r.line, leadfile.KindValue, "%s; the row is left out", fmt.Sprintf(format, args...)))
	c.ok = false
}

func (c *cellsOf) text(names ...string) string {
	for _, name := range names {
		if i := columnOf(c.s.columns, name); i >= 0 && c.r.cells[i] != "" {
			return c.r.cells[i]
		}
	}
	return ""
}

// qualification is what sales found out: the columns named like the values of a qualified event, in any case.
func (c *cellsOf) qualification() map[string]any {
	told := map[string]any{}
	var names []string
	for _, f := range lead.QualificationFields() {
		names = append(names, f.Name)
		text := c.text(f.Name)
		if text == "" {
			continue
		}
		value, err := lead.Coerce(f, text)
		if err != nil {
			c.wrong("column %q: %v", f.Name, err)
			continue
		}
		told[f.Name] = value
	}
	if len(told) == 0 && c.ok {
		c.wrong("nothing that was found out: at least one of the columns %s has a value", strings.Join(names, ", "))
	}
	return told
}

func (c *cellsOf) word(name, otherwise string, words []string) string {
	text := c.text(name)
	if text == "" {
		return otherwise
	}
	i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, text) })
	if i < 0 {
		c.wrong("%s %q is unknown; it should be one of %s", name, text, strings.Join(words, ", "))
		return ""
	}
	return words[i]
}

// textOf is a JSON value as a CSV cell would have it.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = textOf(part)
		}
		return strings.Join(parts, ";")
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(text)
	}
}

func quoted(text string) string { return strconv.Quote(text) }
