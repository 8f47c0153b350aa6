// SPDX-License-Identifier: Apache-2.0

package fromledger_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

const (
	tenant     = "mid-market"
	definition = "testdata/definition.yaml"
)

var day0 = time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)

// event of a lead, some hours after day0.
type event struct {
	lead  string
	hours int
	kind  lead.Kind
	data  ledger.Data

	refused bool
}

func (e event) at() time.Time { return day0.Add(time.Duration(e.hours) * time.Hour) }

func captured(properties map[string]any) event {
	return event{kind: lead.KindCaptured, data: ledger.Data{Properties: properties}}
}

func demo(hours int) event {
	return event{hours: hours, kind: lead.KindActivity, data: ledger.Data{Activity: "FormSubmit", Properties: map[string]any{"form": "demo"}}}
}

func pricing(hours int) event {
	return event{hours: hours, kind: lead.KindActivity, data: ledger.Data{Activity: "PageView", Properties: map[string]any{"path": "/pricing"}}}
}

func call(hours int) event {
	return event{hours: hours, kind: lead.KindTouch, data: ledger.Data{Rep: "rep-1", Channel: "Phone", Direction: "Outbound", Actor: "Human"}}
}

func disposed(hours int, reason string) event {
	return event{hours: hours, kind: lead.KindDisposition, data: ledger.Data{Reason: reason, By: "rep-1"}}
}

func told(hours int, qualification map[string]any) event {
	return event{hours: hours, kind: lead.KindQualified, data: ledger.Data{By: "rep-1", Qualification: qualification}}
}

func (e event) of(id string) event {
	e.lead = id
	return e
}

func (e event) after(hours int) event {
	e.hours = hours
	return e
}

// situation is what happened to lead-1, and perhaps others, in order of time.
func situation(events ...event) []event {
	for i := range events {
		events[i].lead = cmp.Or(events[i].lead, "lead-1")
	}
	return events
}

// file of CloudEvents.
func file(t *testing.T, events []event) string {
	t.Helper()
	var text bytes.Buffer
	for i, e := range events {
		data, err := json.Marshal(e.data)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, `{"specversion": "1.0", "type": "dev.handoff.lead.%s", "source": "/test", "id": "%d", "subject": %q, "time": %q, "data": %s}`+"\n",
			e.kind, i, e.lead, e.at().Format(time.RFC3339), data)
	}
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// rules of a definition's file, edited.
func rules(t *testing.T, edit ...func(*lead.Definition)) lead.Definition {
	t.Helper()
	docs, err := manifest.Read(definition, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := convert.Definition(docs[0].Definition.Spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edit {
		e(&d)
	}
	return d
}

func pair(t *testing.T, sequence int64, name string, edit ...func(*lead.Definition)) *pipeline.Pair {
	t.Helper()
	p, err := pipeline.CompilePair(bundle.Bundle{
		Contract: "revenue/mid-market", Sequence: sequence, Lead: rules(t, edit...),
		Definition: bundle.RevisionOf{Name: name, Digest: fmt.Sprint("d", sequence)},
		Terms:      bundle.RevisionOf{Name: fmt.Sprint("terms-", sequence), Digest: fmt.Sprint("t", sequence)},
		SLA: sla.Terms{
			Definition: "mid-market", Parties: sla.Parties{Marketing: sla.Contact{Owner: "M"}, Sales: sla.Contact{Owner: "S"}},
			Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{Days: []string{"Mon"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}}}}},
			Sales:    &sla.Sales{Rejection: &sla.Share{TargetPercent: 100}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ledgerOf is a real ledger in which a scorer has worked off events, one after the other.
type ledgerOf struct {
	*ledger.Ledger
	dsn string
	n   int
}

func newLedger(t *testing.T) *ledgerOf {
	t.Helper()
	l, dsn := ledgertest.New(t, tenant)
	return &ledgerOf{Ledger: l, dsn: dsn}
}

func (l *ledgerOf) register(t *testing.T, p *pipeline.Pair) {
	t.Helper()
	if err := l.Register(t.Context(), p.Bundle); err != nil {
		t.Fatal(err)
	}
}

func (l *ledgerOf) send(t *testing.T, p *pipeline.Pair, events ...event) {
	t.Helper()
	for _, e := range events {
		l.n++
		_, err := l.Ingest(t.Context(), []ledger.Entry{{Source: "/test", ID: fmt.Sprint(l.n), Lead: e.lead, Kind: e.kind, Time: e.at(), Data: e.data, Refused: e.refused}})
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			continue // nobody scores it
		}
		if _, err := l.ScoreAccounts(t.Context(), p.Bundle.Sequence, 10, p.Accounts(), p.Judge); err != nil {
			t.Fatal(err)
		}
	}
}

// explain runs the verb.
func explain(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := cli.Root(func() time.Time { return day0 })
	var out, said bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&said)
	root.SetArgs(append([]string{"explain"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String() + said.String(), err
}

func (l *ledgerOf) explain(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("TEST_LEDGER", l.dsn)
	return explain(t, append(args, "--ledger-env", "TEST_LEDGER", "--tenant", tenant)...)
}

// withoutLedger leaves out the line that only the ledger can say.
func withoutLedger(text string) string {
	return strings.Join(slices.DeleteFunc(strings.SplitAfter(text, "\n"), func(line string) bool { return strings.HasPrefix(line, "Ledger tenant ") }), "")
}
