// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Paces of reading a CRM.
const (
	crmLease    = 20 * time.Second // so long nothing is read after a worker that died
	crmRenew    = crmLease / 4
	crmTakeOver = 5 * time.Second // who does not hold the lease looks again
	hintEvery   = time.Second
	mendEvery   = 5 * time.Second // between two looks at what is to be set back
	atMost      = 5 * time.Minute // that a CRM is left alone before somebody looks again
	hintBatch   = 100
	mendBatch   = 50
	mendLimit   = 1000 // of what is due, from which a batch is taken
	intakeBatch = 1000 // events of a transaction
	tellEvery   = 10000
)

// CRMLedger is what reading a CRM needs of the ledger.
type CRMLedger interface {
	Archive
	CRMLease(ctx context.Context, holder string, term time.Duration) (held bool, err error)
	CRMPosition(ctx context.Context, stream crm.Stream) (crm.Position, error)
	CRMKnown(ctx context.Context, records []string) (map[string]crm.Known, error)
	CRMStandings(ctx context.Context, leads []string) (map[string]ledger.CRMStanding, error)
	CRMHints(ctx context.Context, limit int) ([]ledger.CRMHint, error)
	CRMDiverged(ctx context.Context, after time.Duration, limit int) ([]crm.Known, error)
	Waiting(ctx context.Context, among []string) ([]string, error)
	TakeIn(ctx context.Context, in ledger.CRMIntake) ([]ledger.Outcome, error)
}

// CRMChecker checks events by the rules for those that are sent.
type CRMChecker interface {
	Told(t crm.Told, now time.Time) (ledger.Entry, error)
}

// CRMReader reads what changes in a CRM, and has set back what the agreement does not allow. Any number of replicas may run it; the one that has the
// lease reads. What is read comes into the ledger in one transaction with how far it was read, so that a restart loses and doubles nothing.
type CRMReader struct {
	Pairs   *Pairs
	System  func() (crm.System, crm.Settings, error) // an error as long as the mapping was not checked
	Account func() string                            // that the CRM has, as it says of itself
	Checker func(*Pair) CRMChecker
	Ledger  func() (CRMLedger, error)
	Trouble func(error)   // is told that the CRM took the credential or a request for none; may be nil
	Holder  string        // of the lease: another one for each process
	Renew   time.Duration // between two renewals of the lease while a step goes on; 0 for every 5 s
	Now     func() time.Time
	Metrics *Metrics
	Log     *slog.Logger

	reading  *crmProgress // nil while another replica reads
	diverged int
}

// crmProgress is where this replica is in the streams.
type crmProgress struct {
	tails  map[crm.Stream]*crmTail
	at     int       // of the streams, the one that is read
	due    time.Time // of the next round; zero: it is under way
	began  time.Time // when this round did; zero: it has not
	whole  time.Time // when the latest did that came to its end: all that was there by then is read
	hints  time.Time // when to look at what webhooks told of, after that failed
	soon   bool      // the next round is due at once: a webhook told of something that this one may have passed
	mend   time.Time // when to look at what is to be set back
	looked crm.Known // the last of that which was looked at
	fields *crmFields
	taken  crmTaken
}

// Step reads a page, what webhooks told of, and what is to be set back. It sleeps when there is no more.
func (c *CRMReader) Step(ctx context.Context) (time.Duration, error) {
	l, err := c.Ledger()
	if err != nil {
		return 0, ErrNotReady
	}
	account := c.Account()
	system, settings, err := c.System()
	if err != nil || c.Account() != account { // as another key is taken up: events are known by their account, and those of none would be others
		return 0, ErrNotReady
	}
	held, err := l.CRMLease(ctx, c.Holder, crmLease)
	if err != nil {
		return 0, err
	}
	if !held {
		c.lost()
		return crmTakeOver, nil
	}
	if c.reading == nil {
		c.reading = &crmProgress{tails: map[crm.Stream]*crmTail{}}
		c.Log.Info("reading the CRM", "system", system.Name(), "account", account)
	}
	defer c.renew(ctx, l)()
	in := newCRMIntake(c, l, system, settings, account)
	again, err := in.step(ctx)
	err = c.told(err, &again)
	return again, err
}

// lost the lease: another replica has it, and says how far it is.
func (c *CRMReader) lost() {
	c.reading, c.diverged = nil, 0
	c.Metrics.CRMLag.Reset()
	c.Metrics.CRMDiverged.Set(0)
}

// renew the lease until the step is over. Whoever loses it all the same is held up by the positions: they move once.
func (c *CRMReader) renew(ctx context.Context, l CRMLedger) (over func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	every := time.NewTicker(cmp.Or(c.Renew, crmRenew))
	go func() {
		defer close(done)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			if _, err := l.CRMLease(ctx, c.Holder, crmLease); err != nil && ctx.Err() == nil {
				c.Log.Info("the lease on reading the CRM was not renewed", "error", explain(err))
			}
		}
	}()
	return func() {
		cancel()
		<-done // it is not renewed after it was given back
	}
}

// told is what becomes of an error: some say by themselves when to try again.
func (c *CRMReader) told(err error, again *time.Duration) error {
	var away *crm.UnavailableError
	var credential *crm.CredentialError
	var refused *crm.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ledger.ErrCRMMoved):
		c.reading, *again = nil, 0
		return nil
	case errors.As(err, &away):
		c.Metrics.CRMErrors.WithLabelValues("unavailable").Inc()
		if away.After > 0 {
			c.Log.Info("the CRM wants to be left alone", "for", away.After.String(), "error", away.Error())
			*again = min(away.After, atMost)
			return nil
		}
	case errors.As(err, &credential):
		c.Metrics.CRMErrors.WithLabelValues("credential").Inc()
	case errors.As(err, &refused):
		c.Metrics.CRMErrors.WithLabelValues("refused").Inc()
	default:
		return err
	}
	if away == nil && c.Trouble != nil {
		c.Trouble(err)
	}
	return shownError{err}
}

// Close gives the lease back, so that another replica goes on at once.
func (c *CRMReader) Close(ctx context.Context) {
	if l, err := c.Ledger(); err == nil && c.reading != nil {
		if _, err := l.CRMLease(ctx, c.Holder, 0); err != nil {
			c.Log.Info("the lease on reading the CRM ends by itself", "error", explain(err))
		}
	}
	c.reading = nil
}

// step of who holds the lease.
func (i *crmIntake) step(ctx context.Context) (time.Duration, error) {
	p := i.reading
	hinted := false
	if now := i.Now(); !now.Before(p.hints) {
		p.hints = now.Add(mendEvery) // where it fails the streams go on, before it is tried again
		var err error
		if hinted, err = i.hints(ctx); err != nil {
			return 0, err
		}
		p.hints = time.Time{}
	}
	if now := i.Now(); !now.Before(p.mend) {
		p.mend = now.Add(mendEvery)
		if err := i.mend(ctx); err != nil {
			return 0, err
		}
	}
	more, err := i.fields(ctx)
	if err != nil {
		return 0, err
	}
	if wait := p.due.Sub(i.Now()); wait > 0 {
		if hinted || more {
			return 0, nil
		}
		return min(wait, hintEvery), nil
	}
	return 0, i.page(ctx)
}

// page reads one of the stream that is at hand, and goes on to the next stream at its end.
func (i *crmIntake) page(ctx context.Context) error {
	p, streams := i.reading, i.system.Streams()
	if p.at >= len(streams) {
		p.at = 0
	}
	if p.began.IsZero() {
		p.began = i.Now()
	}
	stream := streams[p.at]
	tail, known := p.tails[stream]
	if !known {
		stored, err := i.ledger.CRMPosition(ctx, stream)
		if err != nil {
			return err
		}
		tail = newCRMTail(stored, i.system.Lag())
		p.tails[stream] = tail
	}
	page, err := i.system.Read(ctx, stream, tail.next(i.Now()))
	if err != nil {
		return err
	}
	if err := i.take(ctx, page, string(stream), ledger.CRMIntake{Stream: stream, From: tail.stored, To: tail.to(page)}); err != nil {
		return err
	}
	before := tail.read
	over := tail.took(page, i.Now())
	i.progress(stream, tail, before, over)
	if !over {
		return nil
	}
	if p.at++; p.at == len(streams) {
		wait := i.settings.PollEvery
		if p.soon {
			wait = min(wait, hintEvery)
		}
		p.whole, p.began = p.began, time.Time{}
		p.at, p.due, p.soon = 0, i.Now().Add(wait), false
	}
	return nil
}

// progress shows how far the reading is: of a CRM that is new, it takes a while.
func (i *crmIntake) progress(stream crm.Stream, tail *crmTail, before int, over bool) {
	lag := 0.0
	if !over {
		lag = max(i.Now().Sub(tail.cursor.Time).Seconds(), 0)
	}
	i.Metrics.CRMLag.WithLabelValues(string(stream)).Set(lag)
	switch {
	case !over && tail.read/tellEvery > before/tellEvery:
		i.Log.Info("reading the CRM", "stream", string(stream), "read", tail.read, "upTo", tail.cursor.Time)
	case over && tail.read >= tellEvery:
		i.Log.Info("the CRM was read to its end", "stream", string(stream), "read", tail.read, "upTo", tail.cursor.Time)
	}
}
