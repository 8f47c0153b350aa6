// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// toldValues are what the ledger was told of the properties of lead 7, by the latest event of each.
const toldValues = `SELECT DISTINCT ON (key) key || '=' || left(value, 1) || length(value)
FROM events, jsonb_each_text(data -> 'properties') WHERE lead_id = '7' ORDER BY key, seq DESC`

// logs has a reader write its log where the test can read it.
func (r *reading) logs() *bytes.Buffer {
	var log bytes.Buffer
	r.Log = slog.New(slog.NewTextHandler(&log, nil))
	return &log
}

// More than one event holds comes in as several: the same, however often it is read.
func TestCRMRecordOfManyEvents(t *testing.T) {
	const n, most = 60, 1024 // characters of a text, of six bytes each in JSON
	r := newRig(t, bundleOf(1, func(b *bundle.Bundle) {
		for i := range n {
			b.Lead.Fields = append(b.Lead.Fields, lead.Field{Name: fmt.Sprintf("text%02d", i), Type: lead.String})
		}
	}))
	o := newOffice()
	full := func(text string) (all map[string]any, want []string) {
		all = map[string]any{"company": "Acme"}
		want = []string{"company=A4"}
		for i := range n {
			name := fmt.Sprintf("text%02d", i)
			all[name] = strings.Repeat(text, most)
			want = append(want, fmt.Sprint(name, "=", text, most))
		}
		return all, want
	}
	first, want := full("<")
	o.put("7", time.Now().Add(-24*time.Hour), values(first))
	for _, when := range []string{"at first", "after what is known of it was lost"} {
		r.next.Store(0)
		r.reads(o, r.l).pass(t)
		if diff := cmp.Diff(want, ledgertest.Column[string](t, r.dsn, toldValues)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if got := ledgertest.Column[string](t, r.dsn, `SELECT kind FROM events ORDER BY seq`); !cmp.Equal(got, []string{"captured", "updated"}) {
			t.Errorf("%s: events %v", when, got)
		}
		ledgertest.Exec(t, r.dsn, `DELETE FROM crm_records`, `DELETE FROM crm_cursors`)
	}
	r.next.Store(0)
	read := r.reads(o, r.l)
	read.pass(t)
	second, want := full(">")
	o.put("7", time.Now().Add(-23*time.Hour), values(second))
	read.pass(t)
	if diff := cmp.Diff(want, ledgertest.Column[string](t, r.dsn, toldValues)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if got := testutil.CollectAndCount(read.Metrics.CRMUnfit); got > 0 {
		t.Errorf("values of %d fields were left out", got)
	}
}

// What an event cannot hold is left out of it, counted and said without its value; the rest is taken.
func TestCRMValuesThatFitNoEvent(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	at := time.Now().Add(-24 * time.Hour)
	big := func(c string) string { return strings.Repeat(c, 32<<10) } // of six bytes each in JSON: two are more than an event holds
	o.put("7", at, values(map[string]any{
		"company": "Acme", "form_at": at, "needs": "secret\x00", "budget": true, "page": "/pricing", "text_a": big("<"), "text_b": big(">"),
	}))
	o.deals = append(o.deals,
		dated[crm.Deal]{"d1", at, crm.Deal{ID: "d1", Records: []string{"7"}, Modified: at, State: "Open", Amount: 500, Currency: "secret"}},
		dated[crm.Deal]{"d2", at, crm.Deal{ID: "d2", Records: []string{"7"}, Modified: at, State: "Won", Amount: 700, Currency: "USD"}})
	o.touches = append(o.touches, dated[crm.Touch]{"c1", at, crm.Touch{
		Stream: crm.Calls, ID: "c1", Records: []string{"7"}, Time: at, Channel: "Phone", Direction: "Outbound", Actor: "Human", Rep: strings.Repeat("secret", 50),
	}})
	read := r.reads(o, r.l, func(s *crm.Settings) {
		s.Mapping.Qualification = map[string]string{"need": "needs", "budget": "budget"}
		s.Mapping.Activities[0].Properties = map[string]string{"path": "page", "a": "text_a", "b": "text_b"}
	})
	log := read.logs()
	for range 3 {
		read.pass(t)
	}
	got := ledgertest.Column[string](t, r.dsn, `SELECT concat_ws(' ', kind, replace(data::text, repeat('>', 32768), 'big')) FROM events ORDER BY 1`)
	want := []string{
		`activity {"activity": "FormSubmit", "properties": {"b": "big", "path": "/pricing"}}`,
		`captured {"properties": {"company": "Acme"}}`,
		`opportunity {"state": "Open", "opportunity": "d1"}`,
		`opportunity {"state": "Won", "amount": 700, "currency": "USD", "opportunity": "d2"}`,
		`qualified {"qualification": {"budget": true}}`,
		`touch {"actor": "Human", "channel": "Phone", "direction": "Outbound"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for field, id := range map[string]string{"currency": "deals/d1/7", "rep": "calls/c1/7", "needs": "leads/7/qualified", "text_a": "leads/7/activity"} {
		if got := testutil.ToFloat64(read.Metrics.CRMUnfit.WithLabelValues(field)); got != 1 {
			t.Errorf("%s was counted %v times", field, got)
		}
		if text := log.String(); strings.Count(text, "field="+field+" ") != 1 || !strings.Contains(text, "id="+id) {
			t.Errorf("of %s: %s", field, text)
		}
	}
	if text := log.String(); strings.Contains(text, "secret") || strings.Contains(text, "<<") {
		t.Errorf("a value is in the log: %s", text)
	}
	if got := testutil.ToFloat64(read.Metrics.CRMEvents.WithLabelValues("captured", "invalid")); got != 0 {
		t.Errorf("%v events were dropped", got)
	}
}

// picky is a checker that refuses a value, as long as it does.
type picky struct {
	pipeline.CRMChecker

	refuses *string
}

func (p picky) Told(t crm.Told, now time.Time) (ledger.Entry, error) {
	if values, _ := t.Data["properties"].(map[string]any); *p.refuses != "" && values["industry"] == *p.refuses {
		return ledger.Entry{}, errors.New("data.properties.industry: not that")
	}
	return p.CRMChecker.Told(t, now)
}

// A value that is refused does not pass for told: it is, once it fits.
func TestCRMValueThatIsToldLater(t *testing.T) {
	r := newRig(t, bundleOf(1, func(b *bundle.Bundle) {
		b.Lead.Fields = append(b.Lead.Fields, lead.Field{Name: "industry", Type: lead.String}, lead.Field{Name: "city", Type: lead.String})
	}))
	o := newOffice()
	start := time.Now().Add(-24 * time.Hour)
	read := r.reads(o, r.l)
	refuses, checker, log := "secret", read.Checker, read.logs()
	read.Checker = func(p *pipeline.Pair) pipeline.CRMChecker { return picky{checker(p), &refuses} }
	step := func(when string, minute int, set map[string]any, want ...string) {
		t.Helper()
		if set != nil {
			o.put("7", start.Add(time.Duration(minute)*time.Minute), values(set))
		}
		for range 3 {
			read.pass(t)
		}
		if diff := cmp.Diff(want, ledgertest.Column[string](t, r.dsn, `SELECT kind || ' ' || coalesce(data ->> 'properties', '{}') FROM events ORDER BY seq`)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	only := []string{`captured {}`}
	step("nothing else is there", 0, map[string]any{"industry": "secret"}, only...)
	first := append(only, `updated {"city": "Oslo"}`, `updated {"company": "Acme"}`)
	step("among others", 1, map[string]any{"company": "Acme", "city": "Oslo"}, first...)
	if got := testutil.ToFloat64(read.Metrics.CRMUnfit.WithLabelValues("industry")); got != 2 || strings.Contains(log.String(), "secret") {
		t.Errorf("counted %v times for two states of the record; log %s", got, log)
	}
	refuses = ""
	second := append(first, `updated {"city": "Bergen", "industry": "secret"}`)
	step("it fits now", 2, map[string]any{"city": "Bergen"}, second...)
	refuses = "other"
	step("refused after one that was told", 3, map[string]any{"industry": "other"}, second...)
	step("taken back", 4, map[string]any{"industry": "secret"}, second...)
}
