// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/tracing"
)

const (
	ofRequest = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ofEvent   = "00-11111111111111111111111111111111-2222222222222222-01"
)

// recorded has what is traced kept in memory until the test ends.
func recorded(t *testing.T) *tracetest.InMemoryExporter {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(kept))
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	tracing.Switch(true)
	t.Cleanup(func() {
		tracing.Switch(false)
		otel.SetTracerProvider(before)
		if err := provider.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return kept
}

func post(t *testing.T, l *ledger.Ledger, body string) {
	t.Helper()
	h := tracing.Handler(&events.Handler{
		Checker: func() *events.Checker { return events.NewChecker(lead.Definition{}, "") }, Store: func() (events.Store, error) { return l, nil },
		Token: func() (string, error) { return "token", nil }, Now: time.Now, Taken: func(string, int) {}, Log: slog.New(slog.DiscardHandler),
	})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer token")
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	request.Header.Set("traceparent", ofRequest)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	if answer.Code != http.StatusAccepted {
		t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
}

const twoLeads = `[
 {"specversion": "1.0", "id": "1", "source": "/web", "type": "dev.handoff.lead.captured", "subject": "lead-1", "time": "2026-01-05T15:00:00Z",
  "data": {"properties": {}}},
 {"specversion": "1.0", "id": "2", "source": "/web", "type": "dev.handoff.lead.captured", "subject": "lead-2", "time": "2026-01-05T15:00:00Z",
  "traceparent": "` + ofEvent + `", "data": {"properties": {}}}]`

// The trace of the sender goes on through request, score and route, across the database; an event with a trace of its own goes on in that.
func TestTraceFromIngestToRoute(t *testing.T) {
	kept := recorded(t)
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	post(t, l, twoLeads)
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Route(ctx, 1, 10, keeping) })

	spans := map[string]tracetest.SpanStub{} // by name and trace
	for _, s := range kept.GetSpans() {
		spans[s.Name+" "+s.SpanContext.TraceID().String()] = s
	}
	const requestTrace, eventTrace = "0af7651916cd43dd8448eb211c80319c", "11111111111111111111111111111111"
	for name, parent := range map[string]string{
		"POST /v1/events " + requestTrace: "", "score " + requestTrace: "POST /v1/events " + requestTrace, "route " + requestTrace: "score " + requestTrace,
		"event captured " + eventTrace: "", "score " + eventTrace: "event captured " + eventTrace, "route " + eventTrace: "score " + eventTrace,
	} {
		s, is := spans[name]
		if !is {
			t.Errorf("no span %s among %d", name, len(spans))
			continue
		}
		if parent != "" && s.Parent.SpanID() != spans[parent].SpanContext.SpanID() {
			t.Errorf("%s does not follow from %s", name, parent)
		}
		if strings.HasPrefix(name, "score") && (len(s.Links) != 1 || s.Links[0].SpanContext.TraceID() == s.SpanContext.TraceID()) {
			t.Errorf("%s has links %v: it should be tied to its batch", name, s.Links)
		}
	}
	event := spans["event captured "+eventTrace]
	if len(event.Links) != 1 || event.Links[0].SpanContext.TraceID().String() != requestTrace {
		t.Errorf("the event with its own trace is not tied to the request: %v", event.Links)
	}
	if n := ledgertest.Value[int64](t, dsn, `SELECT count(*) FROM traces`); n != 0 {
		t.Errorf("%d traces are left", n)
	}
}

// While it is off, nothing is written for it, whatever senders send.
func TestTraceOff(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	post(t, l, twoLeads)
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	if n := ledgertest.Value[int64](t, dsn, `SELECT count(*) FROM traces`); n != 0 {
		t.Errorf("%d traces written", n)
	}
	if allocations := testing.AllocsPerRun(100, func() {
		_ = tracing.Event(t.Context(), "captured", "lead-1", ofEvent)
	}); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
