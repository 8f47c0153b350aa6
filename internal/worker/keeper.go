// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
)

// Waits of the keeper. A migration rewrites the row of every lead: one that is cut off is taken back as a whole, so that a large ledger would never be done.
const (
	openTimeout    = 15 * time.Second
	migrateTimeout = 2 * time.Hour
	pingTimeout    = 5 * time.Second
	retryAtMost    = 10 * time.Second
)

// Status of something that a worker depends on.
type Status struct {
	OK      bool
	Reason  string
	Message string
	Detail  string // a remark that does not make it less available
}

// Keeper keeps the connection to the ledger: it waits for the Secret, connects, migrates, registers the mounted pairs, and goes on
// by itself after whatever went wrong.
type Keeper struct {
	Secret  Secret
	Tenant  string
	Bundles []bundle.Bundle // that are mounted, the one to begin with first
	Missing []int64         // sequences that should be mounted too, and were not there
	Effects ledger.Effects  // that the ledger notes
	Every   time.Duration   // between two looks
	Changed func(Status)    // called after each change, by the goroutine that runs Run
	Now     func() time.Time
	Log     *slog.Logger

	mu     sync.Mutex
	dsn    string // of open
	open   *ledger.Ledger
	status Status
	tried  time.Time
	read   reading
	wait   time.Duration
}

// Ledger is the open ledger, or why there is none.
func (k *Keeper) Ledger() (*ledger.Ledger, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.status.OK {
		if k.status.Message == "" {
			return nil, errors.New("the ledger is not connected yet")
		}
		return nil, errors.New(k.status.Message)
	}
	return k.open, nil
}

// Use has the ledger note other effects from now on.
func (k *Keeper) Use(e ledger.Effects) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.Effects = e
	if k.open != nil {
		k.open.SetEffects(e)
	}
}

// Status as it is now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status
}

// Check is the readiness of the ledger.
func (k *Keeper) Check() (bool, string) {
	s := k.Status()
	if !s.OK {
		if s.Message == "" {
			return false, "not connected yet"
		}
		return false, s.Message
	}
	return true, s.Detail
}

// Run keeps the connection until the context ends, and closes it.
func (k *Keeper) Run(ctx context.Context) {
	for {
		k.look(context.WithoutCancel(ctx))
		timer := time.NewTimer(k.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// Close the connection; call it after everything that uses the ledger has ended.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open != nil {
		k.open.Close()
		k.open, k.dsn, k.status = nil, "", Status{}
	}
}

func (k *Keeper) look(ctx context.Context) {
	dsn, err := k.Secret.Read()
	if err != nil {
		k.drop()
		k.set(secretStatus(err))
		return
	}
	if k.open != nil && dsn == k.dsn {
		k.examine(ctx)
		return
	}
	if dsn == k.dsn && k.Now().Sub(k.tried) < k.wait {
		return
	}
	k.drop()
	if dsn != k.dsn {
		k.wait = 0
	}
	k.connect(ctx, dsn)
}

func secretStatus(err error) Status {
	reason := measurement.ReasonLedgerUnreachable
	var missing *NotFoundError
	if errors.As(err, &missing) {
		reason = measurement.ReasonSecretNotFound
	}
	return Status{Reason: reason, Message: err.Error()}
}

func (k *Keeper) connect(ctx context.Context, dsn string) {
	k.dsn, k.tried = dsn, k.Now()
	k.wait = min(max(2*k.wait, k.Every), retryAtMost)
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	open, err := ledger.Open(opening, dsn, k.Tenant)
	if err != nil {
		k.fail(err)
		return
	}
	detail, err := k.prepare(ctx, open)
	if err != nil {
		open.Close()
		k.fail(err)
		return
	}
	k.mu.Lock()
	open.SetEffects(k.Effects)
	k.open, k.wait = open, 0
	k.mu.Unlock()
	k.succeed(detail)
}

// prepare migrates the schema and registers the mounted pairs. When the tenant is another contract's, or a sequence stands for another
// pair, nothing goes.
func (k *Keeper) prepare(ctx context.Context, l *ledger.Ledger) (detail string, err error) {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	if err := l.Migrate(ctx); err != nil {
		return "", err
	}
	register := l.Register
	if len(k.Missing) > 0 {
		register = l.RegisterPart
	}
	if err := register(ctx, k.Bundles...); err != nil {
		return "", err
	}
	inForce, since, err := l.InForce(ctx)
	if err != nil {
		return "", err
	}
	if err := k.readClock(ctx, l); err != nil {
		return "", err
	}
	k.Log.Info("pairs registered", "mounted", k.sequences(), "inForce", inForce, "since", since.Format(time.RFC3339Nano))
	return k.remark(inForce), nil
}

// examine checks the open ledger. A database that was put back or replaced is prepared anew.
func (k *Keeper) examine(ctx context.Context) {
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	missing, err := k.open.Unregistered(ping, k.sequences()...)
	switch {
	case err != nil && !ledger.SchemaMissing(err):
		k.fail(err)
		return
	case err != nil || len(missing) > 0:
		detail, err := k.prepare(ctx, k.open)
		if err != nil {
			k.fail(err)
			return
		}
		k.succeed(detail)
		return
	}
	inForce, _, err := k.open.InForce(ping)
	if err == nil {
		err = k.readClock(ping, k.open)
	}
	if err != nil {
		k.fail(err)
		return
	}
	k.succeed(k.remark(inForce))
}

func (k *Keeper) sequences() []int64 {
	out := make([]int64, 0, len(k.Bundles))
	for _, b := range k.Bundles {
		out = append(out, b.Sequence)
	}
	return out
}

// remark says when another pair is in force than those that are mounted, or none yet, and when one is not mounted that should be. One that
// is below that in force is over or superseded: nobody misses it.
func (k *Keeper) remark(inForce int64) string {
	var parts []string
	mounted := k.sequences()
	switch {
	case inForce == 0:
		parts = append(parts, "no pair is in force yet")
	case !slices.Contains(mounted, inForce):
		parts = append(parts, fmt.Sprintf("pair %d is in force, and is taken from the ledger: mounted is %d", inForce, mounted[len(mounted)-1]))
	}
	for _, sequence := range k.Missing {
		if sequence > inForce {
			parts = append(parts, fmt.Sprintf("pair %d is to come and was not there to be mounted when this worker started: if no other worker "+
				"has it, delete this pod to have it registered", sequence))
		}
	}
	return strings.Join(parts, "; ")
}

func (k *Keeper) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open != nil {
		// Close waits for what is under way; that must not hold up the new connection.
		go k.open.Close()
	}
	k.open = nil
	k.status.OK = false
}

func (k *Keeper) fail(err error) {
	message := ledger.Describe(err)
	var mismatch *ledger.MismatchError
	var foreign *ledger.ForeignError
	if !errors.As(err, &mismatch) && !errors.As(err, &foreign) {
		message += fmt.Sprintf("; the connection string is key %q of Secret %q", k.Secret.Key, k.Secret.Name)
	}
	k.set(Status{Reason: measurement.ReasonLedgerUnreachable, Message: message})
}

func (k *Keeper) succeed(detail string) {
	k.set(Status{OK: true, Reason: measurement.ReasonLedgerAvailable, Message: "the ledger answers and its schema is current", Detail: detail})
}

func (k *Keeper) set(s Status) {
	k.mu.Lock()
	changed := s != k.status
	k.status = s
	k.mu.Unlock()
	if !changed {
		return
	}
	if s.OK {
		k.Log.Info("ledger available", "detail", s.Detail)
	} else {
		k.Log.Error("ledger not available", "reason", s.Reason, "message", s.Message)
	}
	if k.Changed != nil {
		k.Changed(s)
	}
}
