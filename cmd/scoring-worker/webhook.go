// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/handoff-sla/handoff/internal/crm/hubspot"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/worker"
)

// mux of what others may ask of this worker.
func (o *options) mux(events http.Handler, keeper *worker.Keeper, log *slog.Logger) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/v1/events", events)
	if o.webhooks != "" {
		mux.Handle("/v1/crm/hubspot", o.webhook(keeper, log))
	}
	return mux
}

// webhook notes what HubSpot says has changed; the routing worker reads it there.
func (o *options) webhook(keeper *worker.Keeper, log *slog.Logger) http.Handler {
	return &hubspot.Webhook{
		URL: o.webhooks, Secret: func() (string, error) { return o.CRMKey(worker.KeyClientSecret) }, Now: keeper.Time, Log: log,
		Note: func(ctx context.Context, hints []hubspot.Hint) error {
			l, err := keeper.Ledger()
			if err != nil {
				return err
			}
			told := make([]ledger.Hinted, len(hints))
			for i, hint := range hints {
				told[i] = ledger.Hinted{Event: hint.Event, Record: hint.Record}
			}
			if err := l.NoteHints(ctx, told); err != nil {
				return errors.New(ledger.Describe(err))
			}
			return nil
		},
	}
}
