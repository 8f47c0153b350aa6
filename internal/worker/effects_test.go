// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"context"
	"flag"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/worker"
)

func effectOptions(t *testing.T, args ...string) (*worker.EffectOptions, error) {
	t.Helper()
	var o worker.EffectOptions
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	o.Register(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &o, o.Validate()
}

func TestEffectOptions(t *testing.T) {
	none, err := effectOptions(t)
	if err != nil || none.Wanted() || none.Ledger() != (ledger.Effects{EscalateAfter: 15 * time.Minute}) || none.Addresses() != nil || none.Sink(time.Now) != nil {
		t.Errorf("without flags: %+v, %v", none, err)
	}
	all, err := effectOptions(t, "--notify-secret=n", "--crm=Events", "--crm-secret=c", "--escalate-after=1h30m", "--quiet-hours=Ignore", "--digest-every=2h")
	want := ledger.Effects{Notify: true, CRM: true, EscalateAfter: 90 * time.Minute}
	if err != nil || !all.Wanted() || all.Ledger() != want || all.Respect() || all.DigestEvery != 2*time.Hour || all.Sink(time.Now) == nil {
		t.Errorf("with flags: %+v, %v", all, err)
	}
	// As long as nobody has said how the CRM is used, no lead that waits for it is taken for delivered.
	lives, err := effectOptions(t, "--crm=HubSpot", "--crm-secret=c")
	want = ledger.Effects{CRM: true, Acknowledge: true, Matched: true, EscalateAfter: 15 * time.Minute}
	if err != nil || lives.Wanted() || lives.Ledger() != want {
		t.Errorf("of a CRM that leads live in: %+v, %v", lives.Ledger(), err)
	}
	for flag, want := range map[string]string{
		"--crm=Fax": "the type should be Events", "--quiet-hours=Never": "should be Respect or Ignore", "--escalate-after=0s": "more than 0",
	} {
		if _, err := effectOptions(t, flag); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// The keys of the Secret, and who is told where there is none for a recipient.
func TestAddressesOfTheSecret(t *testing.T) {
	dir := t.TempDir()
	o, err := effectOptions(t, "--notify-secret=notify-urls", "--notify-dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	of := o.Addresses()
	if _, err := of(ledger.ToRep, "rep-1"); err == nil || !strings.Contains(err.Error(), `"notify-urls" has none of the keys`) {
		t.Errorf("without the Secret: %v", err)
	}
	is := func(to ledger.Recipient, want ...string) {
		t.Helper()
		got, err := of(to, "rep-1")
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", to, got, err, want)
		}
	}
	write(t, dir, "rep", "slack://rep/{rep}\n")
	is(ledger.ToRep, "slack://rep/rep-1")
	is(ledger.ToManager) // there is a Secret, and nobody in it for the manager: on purpose
	write(t, dir, "all", "slack://all")
	is(ledger.ToManager, "slack://all")
	write(t, dir, "manager", "slack://m1\nslack://m2")
	is(ledger.ToManager, "slack://m1", "slack://m2")
	is(ledger.ToExecutive, "slack://all")
	write(t, dir, "executive", "slack://cro")
	is(ledger.ToExecutive, "slack://cro")
}

// A Secret for nobody but the executive is one.
func TestASecretForTheExecutive(t *testing.T) {
	dir := t.TempDir()
	o, err := effectOptions(t, "--notify-secret=notify-urls", "--notify-dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "executive", "slack://cro")
	if got, err := o.Addresses()(ledger.ToSales, ""); len(got) != 0 || err != nil {
		t.Errorf("sales: %q, %v", got, err)
	}
}

func TestTargetOfTheCRM(t *testing.T) {
	dir := t.TempDir()
	o, err := effectOptions(t, "--crm=Events", "--crm-secret=crm-sink", "--crm-dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Target(); err == nil || !strings.Contains(err.Error(), `"crm-sink" with key "url"`) {
		t.Errorf("without the Secret: %v", err)
	}
	write(t, dir, "url", "https://sink.example/in\n")
	if address, token, err := o.Target(); address != "https://sink.example/in" || token != "" || err != nil {
		t.Errorf("%q %q %v", address, token, err)
	}
	write(t, dir, "token", "t")
	if _, token, err := o.Target(); token != "t" || err != nil {
		t.Errorf("%q %v", token, err)
	}
}

// What is missing is said, and said again when it is there; the worker is ready all the same.
func TestOutletsSayWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	o, err := effectOptions(t, "--crm=Events", "--crm-secret=crm-sink", "--crm-dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan worker.Status, 10)
	outlets := &worker.Outlets{Options: o, Every: 10 * time.Millisecond, Changed: func(s worker.Status) { said <- s }}
	if ok, detail := outlets.Check(); !ok || !strings.Contains(detail, "crm-sink") {
		t.Errorf("check %t %q", ok, detail)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { outlets.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	if s := <-said; s.OK || s.Reason != measurement.ReasonSecretNotFound || !strings.Contains(s.Message, "crm-sink") {
		t.Errorf("said %+v", s)
	}
	write(t, dir, "url", "https://sink.example/in")
	if s := <-said; !s.OK || s.Reason != measurement.ReasonEffectsAvailable {
		t.Errorf("said %+v", s)
	}
}
