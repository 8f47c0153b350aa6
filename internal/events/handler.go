// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/tracing"
)

// Limits of a request.
const (
	MaxBody  = 4 << 20 // bytes: 4 MiB
	MaxBatch = 1000    // events
)

// retryAfter is how many seconds a sender should wait while the ledger is away.
const retryAfter = "5"

// Store is where good events go. It answers when they are safe: an outcome for each.
type Store interface {
	Ingest(ctx context.Context, entries []ledger.Entry) ([]ledger.Outcome, error)
}

// Handler is POST /v1/events.
type Handler struct {
	Checker func() *Checker            // of the definition in force
	Store   func() (Store, error)      // an error while the ledger is away
	Token   func() (string, error)     // the bearer token that senders show; an error while there is none
	Now     func() time.Time           // to refuse events from the future
	Taken   func(result string, n int) // is told how many events had which result
	Log     *slog.Logger

	Pressure *Pressure // when senders have to come back later; nil: never
}

// ServeHTTP takes one request. Whatever is wrong is said in the answer, never with a value that was sent.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "events are sent with POST")
		return
	}
	if !h.authorised(w, r) {
		return
	}
	mode := modeOf(r.Header)
	if mode == "" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type should be application/cloudevents+json, "+
			"application/cloudevents-batch+json, or application/json with ce- headers")
		return
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Encoding is not supported; send the body as it is")
		return
	}
	release, wait, why := h.Pressure.admit(r)
	if release == nil {
		busy(w, wait, why)
		return
	}
	defer release()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than 4 MiB (4194304 bytes); send smaller batches")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "the body could not be read to its end")
		return
	}
	h.take(w, r, mode, body)
}

// authorised compares the bearer token in constant time.
func (h *Handler) authorised(w http.ResponseWriter, r *http.Request) bool {
	want, err := h.Token()
	if err != nil {
		unavailable(w, "the ingest token is not there yet: "+err.Error())
		return false
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(want))
	if strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(a[:], b[:]) == 1 {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="handoff"`)
	refuse(w, http.StatusUnauthorized, "Authorization should be the bearer token of this contract's ingest")
	return false
}

type mode string

const (
	modeStructured mode = "structured"
	modeBatch      mode = "batch"
	modeBinary     mode = "binary"
)

func modeOf(header http.Header) mode {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err == nil && media == event.ApplicationCloudEventsJSON:
		return modeStructured
	case err == nil && media == event.ApplicationCloudEventsBatchJSON:
		return modeBatch
	case header.Get("ce-specversion") != "" && isJSON(header.Get("Content-Type")):
		return modeBinary
	default:
		return ""
	}
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// take decodes and checks every event by itself, writes the good ones, and answers for all.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, m mode, body []byte) {
	envelopes, problems, err := split(m, r.Header, body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if len(envelopes) > MaxBatch {
		refuse(w, http.StatusRequestEntityTooLarge, "the batch has more than 1000 events; send smaller ones")
		return
	}
	results := make([]Result, len(envelopes))
	var entries []ledger.Entry
	var positions []int
	now, checker := h.Now(), h.Checker()
	for i, e := range envelopes {
		results[i] = Result{ID: e.attributes["id"], Source: e.attributes["source"]}
		err := problems[i]
		var entry ledger.Entry
		if err == nil {
			entry, err = checker.check(e, now)
		}
		if err != nil {
			results[i].invalid(err)
			continue
		}
		entry.Traceparent = tracing.Event(r.Context(), string(entry.Kind), entry.Lead, e.attributes["traceparent"])
		entries, positions = append(entries, entry), append(positions, i)
	}
	outcomes, ok := h.store(w, r, entries)
	if !ok {
		return
	}
	for i, outcome := range outcomes {
		result := &results[positions[i]]
		result.outcome(outcome)
		checker.tell(result, entries[i], outcome)
	}
	a := answer(results)
	for result, n := range map[string]int{"accepted": a.Accepted, "duplicate": a.Duplicates, "rejected": a.Rejected} {
		h.Taken(result, n)
	}
	fault.Point("ingest.acknowledging")
	respond(w, a.status(m), a)
}

// store writes the good events, and what was refused, in one transaction. It has answered where that is not ok.
func (h *Handler) store(w http.ResponseWriter, r *http.Request, entries []ledger.Entry) (_ []ledger.Outcome, ok bool) {
	if len(entries) == 0 {
		return nil, true
	}
	store, err := h.Store()
	if err != nil {
		unavailable(w, "the ledger is not available: "+err.Error())
		return nil, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	outcomes, err := store.Ingest(ctx, entries)
	if err != nil {
		h.Log.Error("events were not written", "events", len(entries), "error", ledger.Describe(err))
		h.Taken("failed", len(entries))
		unavailable(w, "the ledger did not take the events: "+ledger.Describe(err)+". Send them again: what is there already is not counted twice")
		return nil, false
	}
	return outcomes, true
}

// split takes a request apart into events. A malformed element of a batch spoils only itself: its problem stands at its
// position.
func split(m mode, header http.Header, body []byte) ([]envelope, map[int]error, error) {
	problems := map[int]error{}
	switch m {
	case modeBatch:
		var elements []json.RawMessage
		if err := json.Unmarshal(body, &elements); err != nil || elements == nil {
			return nil, nil, wrong("", "the body is not a JSON array of events%s", position(err))
		}
		envelopes := make([]envelope, len(elements))
		for i, element := range elements {
			var err error
			if envelopes[i], err = structured(element); err != nil {
				problems[i] = err
			}
		}
		return envelopes, problems, nil
	case modeBinary:
		return []envelope{binary(header, body)}, problems, nil
	default:
		e, err := structured(body)
		if err != nil {
			problems[0] = err
		}
		return []envelope{e}, problems, nil
	}
}
