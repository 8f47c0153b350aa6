// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"encoding/json"
	"fmt"
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
		data := map[string]any{"channel": t.channel, "direction": t.direction, "actor": t.actor, "answered": t.answered}
		if t.direction == "Outbound" {
			data["rep"] = s.owner
		}
		w.add("touch", t.at, data)
	}
	if d := s.disposed; d != nil {
		data := map[string]any{"outcome": d.outcome, "by": s.owner}
		if d.reason != "" {
			data["reason"] = d.reason
		}
		w.add("disposition", d.at, data)
	}
	return w.events
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
