// SPDX-License-Identifier: Apache-2.0

package control

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Act is what a person does in the CRM, or its own automation.
type Act struct {
	As     string            `json:"as"`               // e-mail address of the user
	Do     string            `json:"do"`               // create, set, delete, merge, convert, log, or what else the fake can do
	Type   string            `json:"type"`             // of the record, by the CRM's name: contacts, Lead, ...
	ID     string            `json:"id,omitempty"`     // of the record
	Into   string            `json:"into,omitempty"`   // merge: the record that stays
	Of     []string          `json:"of,omitempty"`     // create, log: records that it belongs to, as type/id
	Values map[string]string `json:"values,omitempty"` // by the CRM's names; "" empties
	AtMS   int64             `json:"atMs,omitempty"`   // when it was done; 0: now
}

// Done is what became of an act.
type Done struct {
	ID string `json:"id,omitempty"` // of the record that was made, or changed
}

// Backend is what a fake puts behind the control API.
type Backend interface {
	// State is everything in it, for JSON.
	State() any
	// Seed fills it, in the fake's own terms.
	Seed(spec json.RawMessage) error
	// Act does what a person does.
	Act(a Act) (Done, error)
	// Set changes how the fake behaves, in its own terms: limits, lag, automation, expired tokens.
	Set(options json.RawMessage) error
}

// ErrUnknown is the error for a record that is not there; the API answers 404.
var ErrUnknown = errors.New("no such record")

// Control is the log and the faults of a fake, and the API to both.
type Control struct {
	Faults Faults
	Log    Log
}

// Wrap puts the control API, the log and the faults before a fake. Pattern names a request without its ids; fail writes the vendor's error body.
func (c *Control) Wrap(fake http.Handler, backend Backend, pattern func(*http.Request) string, fail Errors) http.Handler {
	api := c.api(backend)
	rest := c.Log.Middleware(c.Faults.Middleware(fake, fail), pattern)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_control/") {
			api.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

func (c *Control) api(backend Backend) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_control/faults", func(w http.ResponseWriter, r *http.Request) {
		var rules []Rule
		if read(w, r, &rules) {
			answer(w, nil, c.Faults.Add(rules...))
		}
	})
	mux.HandleFunc("DELETE /_control/faults", func(w http.ResponseWriter, _ *http.Request) {
		c.Faults.Clear()
		answer(w, nil, nil)
	})
	mux.HandleFunc("GET /_control/faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.Faults.Struck(), nil) })
	mux.HandleFunc("GET /_control/state", func(w http.ResponseWriter, _ *http.Request) { answer(w, backend.State(), nil) })
	mux.HandleFunc("POST /_control/seed", func(w http.ResponseWriter, r *http.Request) {
		var spec json.RawMessage
		if read(w, r, &spec) {
			answer(w, nil, backend.Seed(spec))
		}
	})
	mux.HandleFunc("POST /_control/set", func(w http.ResponseWriter, r *http.Request) {
		var options json.RawMessage
		if read(w, r, &options) {
			answer(w, nil, backend.Set(options))
		}
	})
	mux.HandleFunc("POST /_control/act", func(w http.ResponseWriter, r *http.Request) {
		var act Act
		if read(w, r, &act) {
			done, err := backend.Act(act)
			answer(w, done, err)
		}
	})
	mux.HandleFunc("GET /_control/log", c.summary)
	mux.HandleFunc("GET /_control/writes", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.Log.Writes(), nil) })
	mux.HandleFunc("DELETE /_control/log", func(w http.ResponseWriter, _ *http.Request) {
		c.Log.Clear()
		answer(w, nil, nil)
	})
	return mux
}

// summary takes ?window=10s.
func (c *Control) summary(w http.ResponseWriter, r *http.Request) {
	window := 10 * time.Second
	if text := r.URL.Query().Get("window"); text != "" {
		var err error
		if window, err = time.ParseDuration(text); err != nil {
			answer(w, nil, err)
			return
		}
	}
	answer(w, c.Log.Summary(window), nil)
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		answer(w, nil, err)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, body any, err error) {
	status := http.StatusOK
	switch {
	case errors.Is(err, ErrUnknown):
		status = http.StatusNotFound
	case err != nil:
		status = http.StatusBadRequest
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err != nil {
		body = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who does not listen is told nothing
}
