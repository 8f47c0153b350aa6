// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

const (
	describeTimeout = time.Minute      // for a CRM to say all of itself
	counting        = 10 * time.Second // between two looks at what is not set back any more
	mending         = 15 * time.Second // between two checks while something is wrong: whoever mends it waits for the next
	refusing        = time.Minute      // that a refusal stands which no check explains: who writes tries again sooner
)

// CRM holds the contract's CRM ready for those who read from it and write into it: once the mapping has been checked against what the CRM says of itself,
// and for as long as it fits. It is checked again when the settings, the keys in the Secret, the definition in force or the roster change, and from time to
// time.
type CRM struct {
	Dir     string // of crm.json
	Secret  func(key string) (string, error)
	Pairs   *pipeline.Pairs
	Roster  func() *pipeline.Roster
	Make    func(crm.Access) (crm.System, error)
	Ledger  func() (*ledger.Ledger, error)
	Tenant  string
	Of      func(ctx context.Context, account string) (of string, err error) // of which account the ledger's records are; nil: as the ledger says
	Use     func(crm.Settings)                                               // is told how the CRM is used, whenever that is another way; may be nil
	Every   time.Duration                                                    // between two looks at the file
	Recheck time.Duration                                                    // between two checks of what has not changed
	Changed func(Status)                                                     // called after each change, by the goroutine that runs Run
	Now     func() time.Time
	Log     *slog.Logger

	mu       sync.Mutex
	settings crm.Settings
	system   crm.System // nil while it may not be used
	status   Status
	account  string // as the CRM said
	asked    bool   // somebody met an error that a check may explain
	refused  error  // of the credential, that somebody met last
	since    time.Time

	of     checked // what was checked last; only Run uses the rest
	made   crm.System
	keys   *crmKeys // that it is asked with
	budget *accountBudget
	due    time.Time

	fine    string    // what is said while all is well
	counted time.Time // when it was looked at last what is not set back any more
}

// checked is what a check was made of.
type checked struct {
	text   string
	pair   *pipeline.Pair
	roster *pipeline.Roster
}

// System is the CRM and how it is used, or why it may not be used now.
func (c *CRM) System() (crm.System, crm.Settings, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.system == nil && c.status.OK:
		return nil, c.settings, fmt.Errorf("%w: the CRM's settings have changed and are being checked", pipeline.ErrNotReady)
	case c.system == nil && c.status == Status{}:
		return nil, c.settings, fmt.Errorf("%w: the CRM has not been asked yet", pipeline.ErrNotReady)
	case c.system == nil:
		return nil, c.settings, fmt.Errorf("%w: %s", pipeline.ErrNotReady, c.status.Message)
	}
	return c.system, c.settings, nil
}

// Account of the CRM, as it says of itself; "" before it has.
func (c *CRM) Account() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account
}

// Check is a remark of readiness: without its CRM a worker routes and times leads all the same.
func (c *CRM) Check() (bool, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status.OK {
		return true, ""
	}
	return true, c.status.Message
}

// Doubt has the mapping checked soon: a request failed in a way that another credential or another schema would explain.
func (c *CRM) Doubt(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = true
	var credential *crm.CredentialError
	if errors.As(err, &credential) {
		c.refused, c.since = credential, c.Now()
	}
}

// refusal is what the CRM did not allow a moment ago although the check found nothing wrong: it asks for what can be read, and a credential that may not
// write is found out by writing.
func (c *CRM) refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused != nil && c.Now().Sub(c.since) >= refusing {
		c.refused = nil
	}
	return c.refused
}

// Run looks and checks until the context ends.
func (c *CRM) Run(ctx context.Context) {
	for {
		c.look(ctx)
		timer := time.NewTimer(c.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (c *CRM) look(ctx context.Context) {
	text, settings, err := LoadCRM(c.Dir)
	if err != nil {
		c.of = checked{}
		c.set(nil, settings, Status{Reason: measurement.ReasonUnreachable, Message: err.Error()})
		return
	}
	now := checked{text: text, pair: c.Pairs.Current(), roster: c.Roster()}
	if now.roster == nil || now.pair == nil { // who is there no one can say yet
		return
	}
	rekeyed := c.keys != nil && c.keys.changed()
	if now == c.of && !rekeyed && !c.takeDoubt() && c.Now().Before(c.due) {
		if c.ok() && c.Now().Sub(c.counted) >= counting {
			c.available(ctx, settings)
		}
		return
	}
	if c.made == nil || rekeyed || now.text != c.of.text {
		if err := c.make(settings); err != nil {
			c.set(nil, settings, Status{Reason: measurement.ReasonUnreachable, Message: err.Error()})
			return
		}
	}
	c.of = now
	c.check(ctx, settings)
}

func (c *CRM) ok() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status.OK
}

func (c *CRM) takeDoubt() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.asked
	c.asked = false
	return asked
}

func (c *CRM) make(settings crm.Settings) error {
	c.budget, c.keys = newAccountBudget(settings, c.Tenant, c.Ledger, c.Now), newCRMKeys(c.Secret)
	made, err := c.Make(crm.Access{
		Settings: settings, Secret: c.keys.get, Budget: c.budget, Now: c.Now,
		Fields: func() []string { return crm.ReadFields(settings, c.Pairs.Current().Bundle.Lead) },
	})
	c.made = made
	c.mu.Lock()
	c.system, c.settings, c.account = nil, settings, "" // what was found to fit was another one
	c.mu.Unlock()
	if err == nil && c.Use != nil {
		c.Use(settings)
	}
	return err
}

// repsOf a roster, each once; none where another system picks the owners.
func repsOf(p *pipeline.Pair, r *pipeline.Roster) []string {
	var reps []string
	if m := p.Bundle.SLA.Marketing; m != nil && m.Delivery != nil && m.Delivery.Mechanism == sla.CRM {
		return nil
	}
	for _, pool := range r.Pools {
		for _, member := range pool.Members {
			if !slices.Contains(reps, member.Rep) {
				reps = append(reps, member.Rep)
			}
		}
	}
	return reps
}

// check asks the CRM about itself. One that cannot be reached has not changed: who used it goes on, and hears by himself that it is away.
func (c *CRM) check(running context.Context, settings crm.Settings) {
	ctx, cancel := context.WithTimeout(running, describeTimeout)
	defer cancel()
	schema, err := c.made.Describe(ctx)
	if running.Err() != nil { // it says nothing of the CRM that this worker ends
		return
	}
	if err != nil {
		if errors.Is(err, ErrUnasked) { // which says nothing of the CRM: it is asked as soon as the ledger is there
			c.due = c.Now()
			return
		}
		c.due = c.Now().Add(min(c.Recheck, mending))
		c.failed(settings, err)
		return
	}
	c.due = c.Now().Add(c.Recheck)
	c.budget.use(string(settings.Type) + "/" + schema.Account)
	c.mu.Lock()
	c.account = schema.Account
	c.mu.Unlock()
	if reason, message := crm.Summary(crm.Check(schema, settings, c.of.pair.Bundle.Lead, repsOf(c.of.pair, c.of.roster))); reason != "" {
		c.due = c.Now().Add(min(c.Recheck, mending))
		c.set(nil, settings, Status{Reason: string(reason), Message: message})
		return
	}
	if !c.isOfLedger(ctx, settings, schema.Account) {
		c.due = c.Now().Add(min(c.Recheck, mending))
		return
	}
	c.fine = fmt.Sprintf("account %s of %s has every field of the mapping", schema.Account, c.made.Name())
	if settings.DryRun {
		c.fine += "; dry run: nothing is written"
	}
	c.available(ctx, settings)
}

// isOfLedger finds whether the account is the one that the ledger's records are of: their ids are somebody else's in another one, and how far that was read
// says nothing of this one.
func (c *CRM) isOfLedger(ctx context.Context, settings crm.Settings, account string) bool {
	is := string(settings.Type) + "/" + account
	of, err := c.accountOf(ctx, is)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled): // this worker ends
	case err != nil:
		c.failed(settings, &crm.UnavailableError{Cause: "is not used while the ledger, which knows its records, does not answer: " + ledger.Describe(err)})
	case of != is:
		c.set(nil, settings, Status{Reason: measurement.ReasonAccountChanged, Message: fmt.Sprintf("the key is of account %s, and the records in the ledger of "+
			"tenant %s are of %s: put the key of that one into the Secret, or make another contract with a spec.ledger.tenant of its own", is, c.Tenant, of)})
	}
	return err == nil && of == is
}

func (c *CRM) accountOf(ctx context.Context, account string) (string, error) {
	if c.Of != nil {
		return c.Of(ctx, account)
	}
	l, err := c.Ledger()
	if err != nil {
		return "", err
	}
	return l.CRMAccount(ctx, account)
}

// available says that all is well, and what was given up all the same.
func (c *CRM) available(ctx context.Context, settings crm.Settings) {
	s := Status{OK: true, Reason: measurement.ReasonCRMAvailable, Message: c.fine}
	c.counted = c.Now()
	if err := c.refusal(); err != nil {
		c.due = c.Now().Add(min(c.Recheck, mending))
		c.set(c.made, settings, Status{Reason: measurement.ReasonPermissionMissing, Message: err.Error() + ": grant it. What can be read is read; what is to be written waits"})
		return
	}
	if l, err := c.Ledger(); err == nil {
		if stopped, err := l.CRMStopped(ctx); err == nil && stopped > 0 {
			s.Reason = measurement.ReasonSetBackStopped
			s.Message += fmt.Sprintf("; leads that are not set back any more, because something keeps undoing it: %d. kubectl sla crm status names them", stopped)
		}
	}
	var missing *NotFoundError
	if _, err := c.Secret(KeyClientSecret); settings.Webhooks != "" && errors.As(err, &missing) {
		s.Message += "; webhooks are answered with 503, and what changes is seen at the next poll: " + err.Error()
	}
	c.set(c.made, settings, s)
}

func (c *CRM) failed(settings crm.Settings, err error) {
	var missing *NotFoundError
	var credential *crm.CredentialError
	var refused *crm.RefusedError
	var away *crm.UnavailableError
	s := Status{Reason: measurement.ReasonUnreachable, Message: err.Error()}
	switch {
	case errors.As(err, &missing):
		s.Reason = measurement.ReasonSecretNotFound
	case errors.As(err, &credential):
		s.Reason = measurement.ReasonCredentialRefused
		c.mu.Lock()
		c.refused = nil // the check explains it
		c.mu.Unlock()
	case errors.As(err, &refused):
	case errors.As(err, &away) && away.Day:
		s.Reason = measurement.ReasonLimitReached
		fallthrough
	default:
		c.mu.Lock()
		system := c.system
		c.mu.Unlock()
		c.set(system, settings, s)
		return
	}
	c.set(nil, settings, s)
}

func (c *CRM) set(system crm.System, settings crm.Settings, s Status) {
	c.mu.Lock()
	changed := s != c.status
	c.system, c.settings, c.status = system, settings, s
	c.mu.Unlock()
	if !changed {
		return
	}
	if s.OK {
		c.Log.Info("the CRM is used", "system", string(settings.Type), "message", s.Message)
	} else {
		c.Log.Warn("the CRM cannot be used, or not in full", "system", string(settings.Type), "reason", s.Reason, "message", s.Message)
	}
	c.Changed(s)
}

// LoadCRM reads the settings; its text tells them from others.
func LoadCRM(dir string) (text string, settings crm.Settings, err error) {
	data, err := readFile(filepath.Join(dir, bundle.CRMFile))
	if err != nil {
		return "", settings, fmt.Errorf("%s, which says how the CRM is used, cannot be read: the manager writes it into the ConfigMap of the roster", bundle.CRMFile)
	}
	settings, err = bundle.DecodeCRM(data)
	return string(data), settings, err
}
