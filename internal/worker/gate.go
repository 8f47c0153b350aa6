// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/measurement"
)

// Gate says whether events can be taken: there is a ledger to write them to and a token to tell senders by.
type Gate struct {
	Token   Secret
	Ledger  func() Status
	Every   time.Duration // between two looks
	Changed func(Status)  // called after each change, by the goroutine that runs Run

	mu     sync.Mutex
	status Status
}

// Check is the readiness of the ingest, by the token as it is now. The ledger has a check of its own.
func (g *Gate) Check() (bool, string) {
	if _, err := g.Token.Read(); err != nil {
		return false, err.Error()
	}
	return true, ""
}

// Run looks again and again until the context ends.
func (g *Gate) Run(ctx context.Context) {
	for {
		g.look()
		timer := time.NewTimer(g.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (g *Gate) look() {
	s, known := g.now()
	if !known {
		return
	}
	g.mu.Lock()
	changed := s != g.status
	g.status = s
	g.mu.Unlock()
	if changed {
		g.Changed(s)
	}
}

// now is not known until the ledger was tried for the first time.
func (g *Gate) now() (s Status, known bool) {
	if _, err := g.Token.Read(); err != nil {
		return Status{Reason: measurement.ReasonSecretNotFound, Message: err.Error()}, true
	}
	of := g.Ledger()
	switch {
	case of.OK:
		return Status{OK: true, Reason: measurement.ReasonIngestAvailable, Message: "events are accepted"}, true
	case of.Reason == "":
		return Status{}, false
	default:
		return Status{Reason: of.Reason, Message: of.Message}, true
	}
}
