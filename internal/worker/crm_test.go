// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
	"github.com/handoff-sla/handoff/internal/worker"
)

// scriptedCRM says of itself what a test says.
type scriptedCRM struct {
	crm.Reader
	crm.Writer

	mu     sync.Mutex
	schema crm.Schema
	err    error
	asked  int
}

func (*scriptedCRM) Name() string { return "Scripted" }

func (s *scriptedCRM) Describe(context.Context) (crm.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.schema, s.err
}

func (s *scriptedCRM) set(change func(*scriptedCRM)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *scriptedCRM) described() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// whole is what a CRM says of itself that has all that the settings of crmRig name.
func whole() crm.Schema {
	return crm.Schema{
		Account: "62515", Owners: map[string]bool{"rep-1@acme.example": true},
		Fields: map[string]crm.SchemaField{"company": {Type: crm.TypeText}, "stage": {Type: crm.TypeText}, "score": {Type: crm.TypeNumber}},
	}
}

// crmRig is a CRM that is looked after, in the time of a bubble.
type crmRig struct {
	*worker.CRM
	t      *testing.T
	dir    string
	mu     sync.Mutex
	system *scriptedCRM
	made   []crm.Settings
	used   []crm.Settings
	making error
	roster *pipeline.Roster
	ledger *ledger.Ledger
	said   []worker.Status

	account string // that the ledger knows; "" for any
	unheard error  // the ledger does not say
}

// set something while nobody looks.
func (r *crmRig) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// settingsOf crmRig.
func settingsOf(url string) crm.Settings {
	return crm.Settings{
		Type: crm.TypeHubSpot, URL: url,
		Mapping: crm.Mapping{Fields: crm.Fields{Stage: "stage", Score: "score"}, Stages: map[string]string{"MQL": "mql"}},
	}
}

func (r *crmRig) settings(s crm.Settings) {
	r.t.Helper()
	text, err := bundle.EncodeCRM(s)
	if err != nil {
		r.t.Fatal(err)
	}
	write(r.t, r.dir, bundle.CRMFile, string(text))
}

// crmPair is what the CRM is checked against.
var crmPair = sync.OnceValues(func() (*pipeline.Pair, error) {
	b := pair(1)
	b.Lead.Fields = []lead.Field{{Name: "company", Type: lead.String}}
	b.Lead.Paths = []lead.Path{{Name: "any", Criteria: []lead.Criterion{{Expression: "has(lead.company)"}}}}
	b.SLA = sla.Terms{
		Definition: "d", Parties: sla.Parties{Marketing: sla.Contact{Owner: "VP Marketing"}, Sales: sla.Contact{Owner: "VP Sales"}},
		Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{Days: []string{"Mon"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}}}}},
		Sales:    &sla.Sales{FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "High", Within: time.Hour}}}},
	}
	return pipeline.CompilePair(b)
})

// inBubble tests in a bubble. The pair is compiled outside of it: whoever compiles keeps what all bubbles would share.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if _, err := crmPair(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, test)
}

func newCRM(t *testing.T) *crmRig {
	t.Helper()
	pair, err := crmPair()
	if err != nil {
		t.Fatal(err)
	}
	r := &crmRig{
		t: t, dir: t.TempDir(), system: &scriptedCRM{schema: whole()},
		roster: &pipeline.Roster{Roster: bundle.Roster{Pools: []lead.Pool{{Name: "all", Members: []lead.Member{{Rep: "rep-1@acme.example"}}}}}},
	}
	r.CRM = &worker.CRM{
		Dir: r.dir, Secret: func(string) (string, error) { return "", nil }, Pairs: &pipeline.Pairs{Mounted: pair}, Tenant: "acme", Log: quiet, Now: time.Now,
		Roster: func() *pipeline.Roster {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.roster
		},
		Make: func(a crm.Access) (crm.System, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.made = append(r.made, a.Settings)
			if r.making != nil {
				return nil, r.making
			}
			return r.system, nil
		},
		Ledger: func() (*ledger.Ledger, error) {
			if r.ledger == nil {
				return nil, errors.New("the ledger is away")
			}
			return r.ledger, nil
		},
		Of: func(_ context.Context, account string) (string, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return cmp.Or(r.account, account), r.unheard
		},
		Use:   func(s crm.Settings) { r.used = append(r.used, s) },
		Every: time.Second, Recheck: 5 * time.Minute, Changed: func(s worker.Status) { r.said = append(r.said, s) },
	}
	r.settings(settingsOf("https://one.example"))
	return r
}

// during has it looked after while f runs.
func (r *crmRig) during(f func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	synctest.Wait()
	f()
	cancel()
	<-done
}

// after some time it says so, and is open or not.
func (r *crmRig) after(d time.Duration, open bool, reason, message string) {
	r.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	system, _, err := r.System()
	switch {
	case open && (err != nil || system == nil):
		r.t.Errorf("it may not be used: %v", err)
	case !open && (!errors.Is(err, pipeline.ErrNotReady) || system != nil):
		r.t.Errorf("it may be used: %v", err)
	}
	if reason == "" {
		return
	}
	if len(r.said) == 0 {
		r.t.Fatal("nothing was said")
	}
	last := r.said[len(r.said)-1]
	if last.Reason != reason || !strings.Contains(last.Message, message) {
		r.t.Errorf("said %+v, want %s %q", last, reason, message)
	}
	if ready, remark := r.Check(); !ready || last.OK != (remark == "") {
		r.t.Errorf("ready %t, remark %q", ready, remark)
	}
}

// Nothing is read or written before the mapping fits; what does not is named, and soon after it was mended all begins by itself.
func TestCRMOpensWhenTheMappingFits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		fits := r.system.schema
		r.system.schema.Fields = map[string]crm.SchemaField{"company": fits.Fields["company"], "stage": fits.Fields["stage"]}
		r.roster, r.said = nil, nil
		roster := newCRM(t).roster
		r.during(func() {
			r.after(time.Minute, false, "", "")
			if r.system.described() != 0 {
				t.Error("it was asked before it is known who works in it")
			}
			r.set(func() { r.roster = roster })
			r.after(time.Second, false, string(crm.FieldMissing), `"score"`)
			r.after(5*time.Second, false, "", "")
			r.system.set(func(s *scriptedCRM) { s.schema = fits })
			r.after(15*time.Second, true, measurement.ReasonCRMAvailable, "account 62515 of Scripted")
			if r.Account() != "62515" || len(r.made) != 1 || len(r.used) != 1 || len(r.said) != 2 {
				t.Errorf("account %q, made %d times, used %d times, said %+v", r.Account(), len(r.made), len(r.used), r.said)
			}
			before := r.system.described()
			r.after(4*time.Minute, true, "", "")
			if n := r.system.described(); n != before {
				t.Errorf("asked %d times while nothing has changed", n-before)
			}
			r.system.set(func(s *scriptedCRM) { s.schema.Owners = map[string]bool{"rep-2@acme.example": true} })
			r.after(2*time.Minute, false, string(crm.OwnerUnknown), "rep-1@acme.example")
		})
	})
}

// Whoever met an error that a check may explain has it checked at once, once.
func TestCRMIsDoubted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		r.during(func() {
			r.after(time.Second, true, measurement.ReasonCRMAvailable, "")
			for reason, err := range map[string]error{
				measurement.ReasonCredentialRefused: &crm.CredentialError{Cause: "refused the credential (401)"},
				measurement.ReasonSecretNotFound:    &worker.NotFoundError{},
			} {
				before := r.system.described()
				r.system.set(func(s *scriptedCRM) { s.err = err })
				r.Doubt(errors.New("401"))
				r.Doubt(errors.New("401"))
				r.after(2*time.Second, false, reason, err.Error())
				if n := r.system.described(); n != before+1 {
					t.Errorf("asked %d times", n-before)
				}
				r.system.set(func(s *scriptedCRM) { s.err = nil })
				r.after(16*time.Second, true, measurement.ReasonCRMAvailable, "")
			}
		})
	})
}

// A CRM that is away has not changed: who used it goes on and finds out for himself. One that was never reached is not used.
func TestCRMIsAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		r.system.err = &crm.UnavailableError{Cause: "cannot be reached"}
		r.during(func() {
			r.after(time.Second, false, measurement.ReasonUnreachable, "cannot be reached")
			r.system.set(func(s *scriptedCRM) { s.err = nil })
			r.after(16*time.Second, true, measurement.ReasonCRMAvailable, "")
			r.system.set(func(s *scriptedCRM) { s.err = &crm.UnavailableError{Cause: "has no more for the day", Day: true} })
			r.after(6*time.Minute, true, measurement.ReasonLimitReached, "no more for the day")
			// Of what it is used for now, nothing was ever found to fit.
			r.settings(settingsOf("https://two.example"))
			r.after(2*time.Second, false, measurement.ReasonLimitReached, "")
			if len(r.made) != 2 || r.Account() != "" {
				t.Errorf("made %d times; the account is still %q", len(r.made), r.Account())
			}
			r.system.set(func(s *scriptedCRM) { s.err, s.schema.Account = nil, "7" })
			r.after(16*time.Second, true, measurement.ReasonCRMAvailable, "account 7")
			if len(r.used) != 2 {
				t.Errorf("used %d times", len(r.used))
			}
		})
	})
}

// Other settings are another CRM; settings that are gone, or that nobody understands, are none.
func TestCRMSettingsChange(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		r.during(func() {
			r.after(time.Second, true, measurement.ReasonCRMAvailable, "")
			dry := settingsOf("https://one.example")
			dry.DryRun = true
			r.settings(dry)
			r.after(2*time.Second, true, measurement.ReasonCRMAvailable, "dry run: nothing is written")
			if _, settings, err := r.System(); err != nil || !settings.DryRun {
				t.Errorf("settings %+v, %v", settings, err)
			}
			write(t, r.dir, bundle.CRMFile, `{"type": "Fax"}`)
			r.after(2*time.Second, false, measurement.ReasonUnreachable, `type "Fax"`)
			r.settings(dry)
			r.set(func() { r.making = errors.New("the adapter cannot be made") })
			r.after(2*time.Second, false, measurement.ReasonUnreachable, "cannot be made")
			r.set(func() { r.making = nil })
			r.after(2*time.Second, true, measurement.ReasonCRMAvailable, "dry run")
			if last := r.used[len(r.used)-1]; !last.DryRun {
				t.Errorf("used as %+v", last)
			}
		})
	})
}

// That leads are not set back any more is said beside that all is well, and no longer than it is so.
func TestCRMSaysWhatItGaveUp(t *testing.T) {
	l, dsn := ledgertest.New(t, "acme")
	ledgertest.Exec(t, dsn, `INSERT INTO handoff.crm_records (tenant, record_id, lead_id, stopped_at) VALUES ('acme', '1', '1', now()), ('other', '2', '2', now())`)
	r := newCRM(t)
	r.ledger, r.Every = l, time.Millisecond
	now, mu := time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC), sync.Mutex{}
	r.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	said := make(chan worker.Status, 10)
	r.Changed = func(s worker.Status) { said <- s }
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	expect(t, said, true, measurement.ReasonSetBackStopped, "because something keeps undoing it: 1.")
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_records SET stopped_at = NULL`)
	mu.Lock()
	now = now.Add(10 * time.Second)
	mu.Unlock()
	expect(t, said, true, measurement.ReasonCRMAvailable, "has every field of the mapping")
}

// Nothing is asked of a CRM while the ledger is away, which has what it allows. That it is back is known within a second: whoever starts does not wait
// as for somebody who mends something.
func TestCRMBeginsWithTheLedger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		r.system.err = fmt.Errorf("account-info: %w", worker.ErrUnasked)
		r.during(func() {
			r.after(time.Second, false, "", "")
			if len(r.said) > 0 {
				t.Errorf("said %+v of a CRM that was not asked", r.said)
			}
			r.system.set(func(s *scriptedCRM) { s.err = nil })
			r.after(2*time.Second, true, measurement.ReasonCRMAvailable, "")
		})
	})
}
