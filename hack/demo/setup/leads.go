// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
	"github.com/handoff-sla/handoff/internal/cli/replay"
	"github.com/handoff-sla/handoff/internal/cli/target"
)

// SampleOptions of the demo's leads.
func SampleOptions(now time.Time) sample.Options {
	return sample.Options{Now: now, Weeks: 4, Leads: 240, Seed: 1}
}

// SampleLeads sends the sample leads: their past, then those of today, which Handoff routes, then the first contacts of these. It
// returns what Handoff should count for the past.
func (e *Env) SampleLeads(ctx context.Context, t Target) (*sample.Expectation, error) {
	at, err := e.anchor(ctx, t.Tenant+".samples")
	if err != nil {
		return nil, err
	}
	set, err := sample.Generate(SampleOptions(at))
	if err != nil {
		return nil, err
	}
	expected := set.Expect()
	if err := e.sendSamples(ctx, t, set.History(), expected.Refused, false); err != nil {
		return nil, err
	}
	if err := e.WorkedOff(ctx, t); err != nil {
		return nil, err
	}
	e.Say("  the leads of the last seconds, which Handoff routes itself")
	today, err := sample.Generate(SampleOptions(time.Now()))
	if err != nil {
		return nil, err
	}
	if err := e.sendSamples(ctx, t, today.Today(), 0, true); err != nil {
		return nil, err
	}
	if err := e.WorkedOff(ctx, t); err != nil {
		return nil, err
	}
	e.Say("  the first contacts of the urgent ones among them")
	return &expected, e.sendSamples(ctx, t, today.Touches(time.Now().UTC().Truncate(time.Second)), 0, true)
}

// sendSamples sends sample events. Those that carry the time of sending are conflicts when an earlier run has sent them: then that
// run's times stand. uncoded are rejections without a reason code, which are refused each time.
func (e *Env) sendSamples(ctx context.Context, t Target, events []sample.Event, uncoded int, ofNow bool) error {
	text, err := sample.NDJSON(events)
	if err != nil {
		return err
	}
	sum, plan, err := e.Send(ctx, t, replay.Input{Events: &replay.File{Name: "sample leads", Data: text}})
	if err != nil {
		return err
	}
	e.Say("  %d sample events of %d leads: %d accepted, %d sent by an earlier run", len(plan.Records), plan.LeadCount(), sum.Accepted,
		sum.Duplicates+sum.Conflicts)
	if uncoded > 0 {
		e.Say("  %d refused: rejections without a reason code, which count as such", uncoded)
	}
	if refused := sum.Rejected - sum.Conflicts; refused != uncoded || (sum.Conflicts > 0 && !ofNow) {
		return fmt.Errorf("%d sample events were refused: %v", sum.Rejected, sum.Reasons)
	}
	return nil
}

// FileLeads sends an export, its times moved so that the last lead is now.
func (e *Env) FileLeads(ctx context.Context, t Target, file string) (*replay.Plan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	// The first run's now: the times are part of the events, and a second run must send the same.
	at, err := e.anchor(ctx, fmt.Sprintf("%s.%x", t.Tenant, sha256.Sum256(data)))
	if err != nil {
		return nil, err
	}
	sum, plan, err := e.Send(ctx, t, replay.Input{Leads: &replay.File{Name: filepath.Base(file), Data: data}, Anchor: at})
	if err != nil {
		return nil, err
	}
	for _, note := range plan.Notes {
		e.Say("  %s", note)
	}
	plan.Report(e.out, sum)
	if sum.Accepted+sum.Duplicates == 0 {
		return nil, errors.New("no lead was accepted")
	}
	return plan, nil
}

// Send sends events to the contract as `kubectl sla replay` does.
func (e *Env) Send(ctx context.Context, t Target, in replay.Input) (replay.Summary, *replay.Plan, error) {
	var to *target.Target
	if err := e.Wait(ctx, 5*time.Minute, func(ctx context.Context) (string, error) {
		var err error
		to, err = target.Contract(ctx, e.Config, t.Namespace, t.Name())
		return "", err
	}); err != nil {
		return replay.Summary{}, nil, err
	}
	defer to.Close()
	in.Fields = to.Fields
	plan, err := replay.Load(in)
	if err != nil {
		return replay.Summary{}, nil, err
	}
	batches, err := replay.Batches(plan.Records)
	if err != nil {
		return replay.Summary{}, nil, err
	}
	progress := replay.NewProgress(e.out, len(plan.Records))
	sender := replay.Sender{Client: to.Client, URL: to.URL, Token: to.Token, Patience: 10 * time.Minute, Progress: progress.Show}
	sum, err := sender.Send(ctx, batches)
	progress.End()
	return sum, plan, err
}

// anchor is a now that is remembered in the cluster: the first run's.
func (e *Env) anchor(ctx context.Context, key string) (time.Time, error) {
	name := fmt.Sprintf("anchor-%x", sha256.Sum256([]byte(key)))[:30]
	kept := corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: DatabaseNamespace, Name: name},
		Data:       map[string]string{"now": time.Now().UTC().Format(time.RFC3339)},
	}
	if err := e.Client.Create(ctx, &kept); err != nil && !apierrors.IsAlreadyExists(err) {
		return time.Time{}, err
	}
	if err := e.Client.Get(ctx, client.ObjectKeyFromObject(&kept), &kept); err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, kept.Data["now"])
}
