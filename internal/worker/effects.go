// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	crmevents "github.com/handoff-sla/handoff/internal/crm/events"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/notify"
)

// Keys of the Secrets of the effects.
const (
	KeyURL = "url"
	KeyAll = "all" // who is told where the Secret has no key for a recipient
)

// EffectOptions say which effects a contract wants, for both workers: the scoring worker notes them too.
type EffectOptions struct {
	Notify, CRM    string // name of the Secret, and the type of the CRM; empty when there is none
	CRMSecret      string
	NotifyDir      string
	CRMDir         string
	EscalateAfter  time.Duration
	DigestEvery    time.Duration
	QuietHours     string
	quietRespected bool
}

// Register declares the flags.
func (o *EffectOptions) Register(flags *flag.FlagSet) {
	flags.StringVar(&o.Notify, "notify-secret", "", "name of the Secret with the addresses of notices; nobody is told of anything when empty")
	flags.StringVar(&o.NotifyDir, "notify-dir", "/etc/handoff/notify", "folder with the keys of that Secret: rep, manager, marketing, sales, executive, all; they may appear later")
	flags.DurationVar(&o.EscalateAfter, "escalate-after", 15*time.Minute, "how long after the rep the manager is told of a breach")
	flags.DurationVar(&o.DigestEvery, "digest-every", time.Hour, "how long a notice that can wait does so for others to the same recipient")
	flags.StringVar(&o.QuietHours, "quiet-hours", "Respect", "Respect: no digest outside the calendar of the terms; or Ignore")
	flags.StringVar(&o.CRM, "crm", "", "type of the system that is told how leads stand (Events), or that they live in (HubSpot, Salesforce); none when empty")
	flags.StringVar(&o.CRMSecret, "crm-secret", "", "name of the Secret behind --crm-dir, for messages")
	flags.StringVar(&o.CRMDir, "crm-dir", "/etc/handoff/crm", "folder with the keys of that Secret: url and token; token and clientSecret; or clientId with clientSecret, or with username and privateKey; they may appear later")
}

// Validate says what is wrong with the flags.
func (o *EffectOptions) Validate() error {
	var err error
	switch crm.Type(o.CRM) {
	case "", crm.TypeEvents, crm.TypeHubSpot, crm.TypeSalesforce:
	default:
		err = fmt.Errorf("--crm %q: the type should be %s, %s or %s", o.CRM, crm.TypeEvents, crm.TypeHubSpot, crm.TypeSalesforce)
	}
	switch o.QuietHours {
	case "Respect":
		o.quietRespected = true
	case "Ignore":
	default:
		err = errors.Join(err, fmt.Errorf("--quiet-hours %q should be Respect or Ignore", o.QuietHours))
	}
	if o.EscalateAfter <= 0 || o.DigestEvery <= 0 {
		err = errors.Join(err, errors.New("--escalate-after and --digest-every should be more than 0"))
	}
	return err
}

// Wanted says whether there is any effect that the condition EffectsAvailable is about.
func (o *EffectOptions) Wanted() bool { return o.Notify != "" || crm.Type(o.CRM) == crm.TypeEvents }

// LivesInCRM says whether the leads live in a CRM: it is read, and written into, by crm.json.
func (o *EffectOptions) LivesInCRM() bool {
	return crm.Type(o.CRM) == crm.TypeHubSpot || crm.Type(o.CRM) == crm.TypeSalesforce
}

// CRMKey of the Secret of the CRM, as it is now.
func (o *EffectOptions) CRMKey(key string) (string, error) {
	return Secret{Dir: o.CRMDir, Key: key, Name: o.CRMSecret}.Read()
}

// Respect says whether digests wait for an open hour.
func (o *EffectOptions) Respect() bool { return o.quietRespected }

// Ledger is what the ledger notes for effects. Of a CRM that leads live in the worst is taken, that every lead waits for it, until it is known how it is
// used: whoever starts does not take those for delivered that wait.
func (o *EffectOptions) Ledger() ledger.Effects {
	lives := o.LivesInCRM()
	return ledger.Effects{Notify: o.Notify != "", CRM: o.CRM != "", Acknowledge: lives, Matched: lives, EscalateAfter: o.EscalateAfter}
}

// keyOf a recipient in the Secret.
func keyOf(to ledger.Recipient) string { return strings.ToLower(string(to)) }

// recipients that a Secret may have a key for.
var recipients = []ledger.Recipient{ledger.ToRep, ledger.ToManager, ledger.ToMarketing, ledger.ToSales, ledger.ToExecutive}

// Addresses read the Secret as it is now; nil when the contract does not notify.
func (o *EffectOptions) Addresses() effects.Addresses {
	if o.Notify == "" {
		return nil
	}
	return func(to ledger.Recipient, rep string) ([]string, error) {
		text, err := o.notifySecret(keyOf(to)).Read()
		var missing *NotFoundError
		if errors.As(err, &missing) {
			text, err = o.notifySecret(KeyAll).Read()
		}
		if errors.As(err, &missing) {
			return nil, o.anybody() // where there are others, it is on purpose
		}
		if err != nil {
			return nil, err
		}
		return notify.Addresses(text, rep), nil
	}
}

func (o *EffectOptions) notifySecret(key string) Secret {
	return Secret{Dir: o.NotifyDir, Key: key, Name: o.Notify}
}

// anybody is an error when the Secret has no key at all.
func (o *EffectOptions) anybody() error {
	var err error
	for _, to := range recipients {
		if _, err = o.notifySecret(keyOf(to)).Read(); err == nil {
			return nil
		}
	}
	if _, err = o.notifySecret(KeyAll).Read(); err == nil {
		return nil
	}
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return fmt.Errorf("Secret %q has none of the keys rep, manager, marketing, sales, executive and all; create it in the contract's namespace. "+
			"It is picked up within a minute or so", o.Notify)
	}
	return err
}

// Target of the CRM, as the Secret is now.
func (o *EffectOptions) Target() (address, token string, err error) {
	if address, err = o.CRMKey(KeyURL); err != nil {
		return "", "", err
	}
	token, err = o.CRMKey(KeyToken)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return address, "", nil
	}
	return address, token, err
}

// Sink is who is told how leads stand, by events; nil when nobody is.
func (o *EffectOptions) Sink(now func() time.Time) effects.CRM {
	if crm.Type(o.CRM) != crm.TypeEvents {
		return nil
	}
	return &crmevents.Sink{Target: o.Target, Client: crmevents.NewClient(effects.SendTimeout), Now: now}
}

// Outlets says whether the Secrets of the effects are there. A worker without them is ready all the same: leads are routed and timed, and what
// is to be sent waits.
type Outlets struct {
	Options *EffectOptions
	Every   time.Duration // between two looks
	Changed func(Status)  // called after each change, by the goroutine that runs Run

	mu     sync.Mutex
	status Status
}

// Check is a remark of readiness.
func (o *Outlets) Check() (bool, string) {
	if s := o.look(); !s.OK {
		return true, s.Message
	}
	return true, ""
}

// Run looks again and again until the context ends.
func (o *Outlets) Run(ctx context.Context) {
	for {
		s := o.look()
		o.mu.Lock()
		changed := s != o.status
		o.status = s
		o.mu.Unlock()
		if changed {
			o.Changed(s)
		}
		timer := time.NewTimer(o.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (o *Outlets) look() Status {
	var err error
	if o.Options.Notify != "" {
		err = o.Options.anybody()
	}
	if crm.Type(o.Options.CRM) == crm.TypeEvents {
		_, _, missing := o.Options.Target()
		err = errors.Join(err, missing)
	}
	if err != nil {
		return Status{Reason: measurement.ReasonSecretNotFound, Message: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	return Status{OK: true, Reason: measurement.ReasonEffectsAvailable, Message: "what is to be sent outside can be"}
}
