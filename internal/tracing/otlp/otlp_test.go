// SPDX-License-Identifier: Apache-2.0

package otlp_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/handoff-sla/handoff/internal/tracing"
	"github.com/handoff-sla/handoff/internal/tracing/otlp"
)

// What is traced reaches the collector of the environment; without one nothing is traced.
func TestSetup(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	if _, err := otlp.Setup(t.Context(), slog.New(slog.DiscardHandler)); err != nil || tracing.On() {
		t.Fatalf("on: %v (%v)", tracing.On(), err)
	}
	var path atomic.Pointer[string]
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path.Store(&r.URL.Path) }))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_SDK_DISABLED", "true")
	if _, err := otlp.Setup(t.Context(), slog.New(slog.DiscardHandler)); err != nil || tracing.On() {
		t.Fatalf("on: %v (%v)", tracing.On(), err)
	}
	t.Setenv("OTEL_SDK_DISABLED", "")
	stop, err := otlp.Setup(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil || !tracing.On() {
		t.Fatalf("on: %v (%v)", tracing.On(), err)
	}
	defer tracing.Switch(false)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events", strings.NewReader(""))
	tracing.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), request)
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := path.Load(); got == nil || *got != "/v1/traces" {
		t.Errorf("the collector got %v", got)
	}
}
