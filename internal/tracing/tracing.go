// SPDX-License-Identifier: Apache-2.0

// Package tracing follows news of a lead through the workers with OpenTelemetry. It is off, and costs a look at one variable, until an exporter
// is set up. Spans carry ids of leads and numbers, nothing else that is known of a lead.
package tracing

import (
	"context"
	"net/http"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

var on atomic.Bool

// On says whether anything is traced.
func On() bool { return on.Load() }

// Switch turns tracing on or off. The provider is OpenTelemetry's global one.
func Switch(to bool) { on.Store(to) }

// Names of attributes.
const (
	attributeLead  = "handoff.lead"
	attributeCount = "handoff.count"
)

func tracer() trace.Tracer { return otel.Tracer("github.com/handoff-sla/handoff") }

// Parent is the traceparent of the span in ctx, by the W3C's form; "" when it is not recorded.
func Parent(ctx context.Context) string {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// from is ctx with the span that a traceparent names as the current one. One that is not valid is as none.
func from(ctx context.Context, parent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}

// Event is the traceparent under which an event goes on: that of the request in ctx or, where the event names a trace of its own, that of a span
// in it which is tied to the request. "" when neither is recorded.
func Event(ctx context.Context, kind, lead, own string) string {
	if !On() {
		return ""
	}
	if own == "" || own == sent(ctx) {
		return Parent(ctx)
	}
	event, end := StartLead(ctx, "event "+kind, own, lead)
	defer end(nil)
	return Parent(event)
}

// sentKey is of the traceparent that the sender of a request gave.
type sentKey struct{}

func sent(ctx context.Context) string {
	parent, _ := ctx.Value(sentKey{}).(string)
	return parent
}

// Start begins a span about a number of things. Off, it gives back ctx and does nothing.
func Start(ctx context.Context, name string, count int) (context.Context, func(error)) {
	if !On() {
		return ctx, func(error) {}
	}
	ctx, span := tracer().Start(ctx, name, trace.WithAttributes(attribute.Int(attributeCount, count)))
	return ctx, func(err error) { end(span, err) }
}

// StartLead begins a span about one lead, in the trace of parent, and ties it to the span in ctx: that of a batch, or of a request.
func StartLead(ctx context.Context, name, parent, lead string) (context.Context, func(error)) {
	options := []trace.SpanStartOption{trace.WithAttributes(attribute.String(attributeLead, lead))}
	if batch := trace.SpanContextFromContext(ctx); batch.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: batch}))
	}
	ctx, span := tracer().Start(from(ctx, parent), name, options...)
	return ctx, func(err error) { end(span, err) }
}

// end never records the text of an error: it may hold what must not be shown. The log says it.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "failed")
	}
	span.End()
}

// Handler traces requests, in the trace of the sender if it names one: by the header traceparent, or as the extension of a CloudEvent in
// binary form. Off, it is the handler itself.
func Handler(h http.Handler) http.Handler {
	if !On() {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parent := r.Header.Get("traceparent")
		if parent == "" {
			parent = r.Header.Get("ce-traceparent")
		}
		ctx, span := tracer().Start(from(r.Context(), parent), r.Method+" "+r.URL.Path, trace.WithSpanKind(trace.SpanKindServer))
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			span.SetAttributes(attribute.Int("http.response.status_code", status.status))
			if status.status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "failed")
			}
			span.End()
		}()
		h.ServeHTTP(status, r.WithContext(context.WithValue(ctx, sentKey{}, parent)))
	})
}

type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
