// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Source of every sample event: whoever meets one in a ledger can tell that it is no real lead.
const Source = "urn:handoff:sample-leads"

// Event is a CloudEvent.
type Event struct {
	SpecVersion string         `json:"specversion"`
	Type        string         `json:"type"`
	Source      string         `json:"source"`
	ID          string         `json:"id"`
	Subject     string         `json:"subject"`
	Time        time.Time      `json:"time"`
	ContentType string         `json:"datacontenttype"`
	Data        map[string]any `json:"data"`
}

// NDJSON is events in JSON, one a line.
func NDJSON(events []Event) ([]byte, error) {
	var out []byte
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}

// writer writes the events of one lead.
type writer struct {
	lead   string
	now    time.Time
	counts map[string]int
	events []Event
}

// add appends an event unless it has not happened yet.
func (w *writer) add(kind string, at time.Time, data map[string]any) {
	if at.After(w.now) {
		return
	}
	w.counts[kind]++
	w.events = append(w.events, Event{
		SpecVersion: "1.0", Type: "dev.handoff.lead." + kind, Source: Source, ID: fmt.Sprintf("%s/%s/%d", w.lead, kind, w.counts[kind]),
		Subject: w.lead, Time: at.UTC(), ContentType: "application/json", Data: data,
	})
}

func (w *writer) activity(at time.Time, activity string, properties map[string]any) {
	w.add("activity", at, map[string]any{"activity": activity, "properties": properties})
}

// events of a story, in the order of time.
func (s *story) events(now time.Time) []Event {
	w := &writer{lead: s.lead, now: now, counts: map[string]int{}}
	w.add("captured", s.captured, map[string]any{"properties": s.properties()})
	for _, b := range s.behaviour {
		w.activity(b.at, b.activity, b.properties)
	}
	if !s.completed.IsZero() {
		w.add("updated", s.completed, map[string]any{"properties": map[string]any{s.missing: s.contact[s.missing]}})
	}
	if !s.owned.IsZero() {
		w.add("assigned", s.owned, map[string]any{"owner": s.owner})
	}
	for _, t := range s.touches {
		data := map[string]any{"channel": t.channel, "direction": t.direction, "actor": t.actor, "answered": t.answered, "twoWay": t.twoWay}
		if t.direction == "Outbound" {
			data["rep"] = s.owner
		}
		w.add("touch", t.at, data)
	}
	s.outcomes(w)
	if s.takes != "" {
		w.add("merged", s.takesAt, map[string]any{"merged": s.takes})
	}
	slices.SortStableFunc(w.events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return w.events
}

// outcomes are what sales says of a lead, what both say about that, and what the lead says itself.
func (s *story) outcomes(w *writer) {
	if !s.accepted.IsZero() {
		w.add("accepted", s.accepted, map[string]any{"by": s.owner})
	}
	for _, d := range []*disposal{s.voided, s.tried, s.disposed} {
		if d == nil {
			continue
		}
		data := map[string]any{"outcome": d.outcome, "by": s.owner}
		if d.reason != "" {
			data["reason"] = d.reason
		}
		w.add("disposition", d.at, data)
	}
	if s.voided != nil {
		w.add("contested", s.disputed, map[string]any{
			"ruling": "Opened", "parties": []string{"Marketing"}, "reason": "the company was taken for another one",
		})
		w.add("contested", s.ruled, map[string]any{"ruling": "Overturned", "parties": []string{"Marketing", "Sales"}})
	}
	if !s.feedback.IsZero() {
		w.add("feedback", s.feedback, map[string]any{"rating": s.rating, "categories": []string{s.category}, "by": s.owner})
	}
	if !s.found.IsZero() {
		w.add("qualified", s.found, map[string]any{"by": s.owner, "qualification": map[string]any{
			"budget": true, "authority": true, "need": "routing", "timelineDays": 90,
		}})
	}
	if d := s.deal; d != nil {
		told := func(state string) map[string]any {
			return map[string]any{"opportunity": "deal-" + s.lead, "state": state, "amount": d.amount, "currency": "USD"}
		}
		w.add("opportunity", d.opened, told("Open"))
		w.add("opportunity", d.closed, told(d.end))
	}
	if !s.optedOut.IsZero() {
		w.add("optedout", s.optedOut, map[string]any{"scope": "Contact"})
	}
}

// properties that the lead came with.
func (s *story) properties() map[string]any {
	out := map[string]any{}
	for name, value := range s.contact {
		if name != s.missing {
			out[name] = value
		}
	}
	return out
}
