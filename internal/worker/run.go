// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// DrainFor is how long a process goes on taking requests after it was told to end: until then some sender may not have heard
// yet that it is going.
const DrainFor = 3 * time.Second

// shutdownTimeout bounds the wait for requests in flight.
const shutdownTimeout = 20 * time.Second

// Process is what a worker runs.
type Process struct {
	Health  *Health
	Listen  string       // address of Handler; empty when the worker serves nothing but its health
	Handler http.Handler // of events
	Probes  string       // address of Health
	Loops   []func(context.Context)
	Support []func(context.Context) // what the loops and the handler depend on; ends after them
	Drain   time.Duration
	Log     *slog.Logger
}

// Run runs until the context ends, and then ends in order: not ready first; then, after a while, no new requests; then those in
// flight and the running transactions; then what they depend on.
func (p *Process) Run(ctx context.Context) error {
	failed := make(chan error, 2)
	probes, err := p.serve(ctx, p.Probes, p.Health.Handler(), failed)
	if err != nil {
		return err
	}
	defer probes.Close()
	support, endSupport := context.WithCancel(context.WithoutCancel(ctx))
	defer endSupport()
	waitSupport := start(support, p.Support)
	var events *http.Server
	if p.Handler != nil {
		if events, err = p.serve(ctx, p.Listen, p.Health.closing(p.Handler), failed); err != nil {
			return err
		}
	}
	loops, endLoops := context.WithCancel(context.WithoutCancel(ctx))
	defer endLoops()
	waitLoops := start(loops, p.Loops)

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	p.Log.Info("ending")
	p.Health.Drain()
	endLoops()
	if events != nil {
		if err == nil {
			pause(p.Drain)
		}
		err = errors.Join(err, shutdown(ctx, events))
	}
	waitLoops()
	endSupport()
	waitSupport()
	return err
}

func (p *Process) serve(ctx context.Context, address string, h http.Handler, failed chan<- error) (*http.Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving %s: %w", address, err)
		}
	}()
	return server, nil
}

func start(ctx context.Context, loops []func(context.Context)) (wait func()) {
	var group sync.WaitGroup
	for _, loop := range loops {
		group.Go(func() { loop(ctx) })
	}
	return group.Wait
}

func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return server.Shutdown(ctx)
}

func pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}
