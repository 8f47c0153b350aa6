// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check is one thing that readiness depends on. The detail says why not, or is a remark.
type Check struct {
	Name string
	OK   func() (ok bool, detail string)
}

// Health answers /healthz, /readyz and /metrics.
type Health struct {
	Checks   []Check
	Registry *prometheus.Registry

	draining atomic.Bool
}

// Drain makes the worker not ready: it is about to end.
func (h *Health) Drain() { h.draining.Store(true) }

// closing has those who keep their connection open another one, to another worker, from when this one is about to end: a request that is sent as
// an idle connection is closed gets no answer.
func (h *Health) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// Handler of the three paths.
func (h *Health) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.Registry, promhttp.HandlerOpts{}))
	return mux
}

// ready names every check with its state, so that `kubectl get --raw` or a shell shows why a pod is not ready.
func (h *Health) ready(w http.ResponseWriter, _ *http.Request) {
	ready := true
	var text strings.Builder
	for _, c := range h.Checks {
		ok, detail := c.OK()
		ready = ready && ok
		state := "ok"
		if !ok {
			state = "not ready"
		}
		if detail != "" {
			state += ": " + detail
		}
		fmt.Fprintf(&text, "%s %s\n", c.Name, state)
	}
	if h.draining.Load() {
		ready = false
		fmt.Fprintln(&text, "shutdown not ready: this process is about to end")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprint(w, text.String())
}
