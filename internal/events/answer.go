// SPDX-License-Identifier: Apache-2.0

package events

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// Status of one event.
type Status string

// The statuses.
const (
	StatusAccepted  Status = "Accepted"  // it is in the ledger now
	StatusDuplicate Status = "Duplicate" // it was there already; nothing changed
	StatusConflict  Status = "Conflict"  // another event has the same source and id; this one is refused
	StatusForgotten Status = "Forgotten" // its lead was erased: nothing about it is taken any more
	StatusInvalid   Status = "Invalid"   // the field says what is wrong
)

// Result is what became of one event.
type Result struct {
	ID      string   `json:"id"`
	Source  string   `json:"source"`
	Status  Status   `json:"status"`
	Field   string   `json:"field,omitempty"`
	Message string   `json:"message,omitempty"`
	Missing []string `json:"missing,omitempty"` // required fields that a lead was captured without
}

// Answer to a request.
type Answer struct {
	Accepted   int      `json:"accepted"`
	Duplicates int      `json:"duplicates"`
	Rejected   int      `json:"rejected"`
	Results    []Result `json:"results"`
	Message    string   `json:"message,omitempty"` // when the request as a whole was refused

	conflicts int
}

func (r *Result) invalid(err error) {
	r.Status = StatusInvalid
	r.Message = err.Error()
	var field *FieldError
	if errors.As(err, &field) {
		r.Field, r.Message = field.Field, field.Message
	}
}

func (r *Result) outcome(o ledger.Outcome) {
	switch o {
	case ledger.Accepted:
		r.Status = StatusAccepted
	case ledger.Duplicate:
		r.Status = StatusDuplicate
	case ledger.Refused:
		r.Status = StatusInvalid
	case ledger.Forgotten:
		r.Status, r.Field = StatusForgotten, "subject"
		r.Message = "the lead was erased on request, and nothing about it is taken any more; remove it from the sending system too"
	default:
		r.Status, r.Field = StatusConflict, "id"
		r.Message = "another event with this source and id and other content is in the ledger; give each event an id of its own"
	}
}

func answer(results []Result) Answer {
	a := Answer{Results: results}
	for _, r := range results {
		switch r.Status {
		case StatusAccepted:
			a.Accepted++
		case StatusDuplicate:
			a.Duplicates++
		case StatusConflict:
			a.conflicts++
			a.Rejected++
		default:
			a.Rejected++
		}
	}
	return a
}

// status is 202 when nothing was rejected, 207 when a part of a batch was, and else says what is wrong with all.
func (a Answer) status(m mode) int {
	switch {
	case a.Rejected == 0:
		return http.StatusAccepted
	case m == modeBatch && a.Rejected < len(a.Results):
		return http.StatusMultiStatus
	case a.conflicts == a.Rejected:
		return http.StatusConflict
	default:
		return http.StatusBadRequest
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	respond(w, status, Answer{Results: []Result{}, Message: message})
}

func unavailable(w http.ResponseWriter, message string) {
	w.Header().Set("Retry-After", retryAfter)
	refuse(w, http.StatusServiceUnavailable, message)
}

func respond(w http.ResponseWriter, status int, a Answer) {
	text, err := json.Marshal(a)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// A sender that has gone away sends again, and gets Duplicate.
	_, _ = w.Write(append(text, '\n'))
}
