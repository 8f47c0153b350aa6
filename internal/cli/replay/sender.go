// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Sender sends batches to an ingest address, a few at a time, and again when there is no answer: an event has one effect however
// often it arrives.
type Sender struct {
	Client   *http.Client
	URL      string // the ingest address, ending in /v1/events
	Token    string
	InFlight int           // requests at a time; 4 when 0
	Patience time.Duration // how long to wait in all, between attempts of one request, before giving up; 5 minutes when 0
	FirstTry time.Duration // the first wait; it doubles up to a hundred times that. 200 ms when 0
	Progress func(Summary) // called after each batch, never twice at once; may be nil
}

// Send returns what became of the events. Its error means that some have no answer; sending the same again is safe.
func (s *Sender) Send(ctx context.Context, batches []Batch) (Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan Batch)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total Summary
	)
	for range max(1, min(orDefault(s.InFlight, 4), len(batches))) {
		wg.Go(func() {
			for b := range work {
				done, err := s.batch(ctx, b)
				mu.Lock()
				total.add(done)
				if s.Progress != nil {
					s.Progress(total)
				}
				mu.Unlock()
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	feed(ctx, batches, work)
	wg.Wait()
	return total, context.Cause(ctx)
}

func feed(ctx context.Context, batches []Batch, work chan<- Batch) {
	defer close(work)
	for _, b := range batches {
		select {
		case work <- b:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Sender) batch(ctx context.Context, b Batch) (Summary, error) {
	var total Summary
	for _, part := range b.requests() {
		done, err := s.persist(ctx, part)
		total.add(done)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// persist sends one request until there is an answer.
func (s *Sender) persist(ctx context.Context, b Batch) (Summary, error) {
	first := orDefault(s.FirstTry, 200*time.Millisecond)
	wait, waited := first, time.Duration(0)
	var total Summary
	for {
		done, err := s.once(ctx, b)
		var again *againError
		if !errors.As(err, &again) {
			total.add(done)
			return total, err
		}
		pause := max(wait, again.after)
		if waited+pause > orDefault(s.Patience, 5*time.Minute) {
			return total, fmt.Errorf("gave up after %s of waiting; what was sent is safe to send again: %w", waited.Round(time.Millisecond), again.cause)
		}
		select {
		case <-ctx.Done():
			return total, context.Cause(ctx)
		case <-time.After(pause):
		}
		waited += pause
		wait = min(2*wait, 100*first)
		total.Retries++
	}
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
