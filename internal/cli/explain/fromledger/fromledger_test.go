// SPDX-License-Identifier: Apache-2.0

package fromledger_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// stricter asks for another score, and for nothing but a need from sales.
func stricter(d *lead.Definition) {
	threshold := 90
	d.Paths = d.Paths[1:]
	d.Paths[0].Threshold = &threshold
	d.SQL = []lead.SQLCriterion{{Name: "need", Expression: `qualification.need != ""`}}
}

// laxer takes every director.
func laxer(d *lead.Definition) {
	threshold := 40
	d.Paths[1].Threshold = &threshold
}

func wantAll(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, one := range want {
		if !strings.Contains(got, one) {
			t.Errorf("no %q in\n%s", one, got)
		}
	}
}

// A lead stays handed off by the revision of that time, which judges what sales finds; the rest is about the one in force.
func TestHandedOffUnderAnotherRevision(t *testing.T) {
	l, before, now := newLedger(t), pair(t, 1, "mid-market-1"), pair(t, 2, "mid-market-2", stricter)
	l.register(t, before)
	l.send(t, before, situations["sql-unmet"]...)
	l.register(t, now)
	got, err := l.explain(t, "lead-1")
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, got, "lead-1 is an MQL since 2027-01-04T14:00:00Z: path hand-raise, score 80, intent High",
		"Definition mid-market-2, as of", "definition mid-market-2 in force since",
		"In the ledger it was handed off at 2027-01-04T14:00:00Z under revision mid-market-1: path hand-raise, score 80, intent High",
		"threshold 90  does not hold  10 points short", "no SQL yet, by revision mid-market-1, which handed it off", "no budget (no value for businessCase)")
	if strings.Contains(got, "qualification.need") || strings.Contains(got, "hand-raise   ") {
		t.Errorf("criteria of sales are those of the revision in force, or paths those of the one before:\n%s", got)
	}
}

// Events that an earlier revision judged are not judged again: the next one is.
func TestNotYetJudgedByTheRevisionInForce(t *testing.T) {
	l, before, now := newLedger(t), pair(t, 1, "mid-market-1"), pair(t, 2, "mid-market-2", laxer)
	l.register(t, before)
	l.send(t, before, situation(captured(director))...)
	l.register(t, now)
	got, err := l.explain(t, "lead-1")
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, got, "lead-1 is no MQL yet: a path holds, but an earlier revision judged its events; it is handed off at its next event")
	l.send(t, nil, situation(pricing(1))...)
	if got, err = l.explain(t, "lead-1"); err != nil {
		t.Fatal(err)
	}
	wantAll(t, got, "lead-1 is no MQL yet: a path holds, but the ledger's latest events are not scored yet")
	l.send(t, now, situation(pricing(2))...)
	if got, err = l.explain(t, "lead-1"); err != nil {
		t.Fatal(err)
	}
	wantAll(t, got, "lead-1 is an MQL since 2027-01-04T13:00:00Z: path score, score 55")
}

func TestADraft(t *testing.T) {
	l, p := newLedger(t), pair(t, 1, "mid-market-1")
	l.register(t, p)
	l.send(t, p, situations["account"]...)
	text, err := os.ReadFile(definition)
	if err != nil {
		t.Fatal(err)
	}
	draft := filepath.Join(t.TempDir(), "draft.yaml")
	edited := strings.NewReplacer("threshold: 90", "threshold: 200", "threshold: 65", "threshold: 75", "points: 15, max: 30", "points: 5, max: 30").Replace(string(text))
	if err := os.WriteFile(draft, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := l.explain(t, "lead-1", "-f", draft)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, got, "lead-1 is no MQL: no path holds", "What follows is what it would be under mid-market. In the ledger its stage is MQL.",
		"In the ledger it was handed off at 2027-01-04T14:00:00Z under revision mid-market-1: path buying-group, score 40, intent Standard, account with 2 contacts and 95 points",
		"threshold 75  does not hold  25 points short", `"acme" has 2 contacts with 95 points`) // 40 + 2 * 5, and 40 + 5
}

func TestAtAnEarlierTime(t *testing.T) {
	l, p := newLedger(t), pair(t, 1, "mid-market")
	l.register(t, p)
	l.send(t, p, situations["account"]...)
	for at, want := range map[string][]string{
		"2027-01-04T14:30:00Z": {"as of 2027-01-04T14:30:00Z", "since 2027-01-04T14:00:00Z: path buying-group, score 40", `"acme" has 2 contacts with 95 points`},
		"2026-01-01":           {"nothing is known of the lead until then"},
	} {
		got, err := l.explain(t, "lead-1", "--at", at)
		if err != nil {
			got = err.Error()
		}
		wantAll(t, got, want...)
		files, err := explain(t, "lead-1", "--at", at, "-f", definition, "--events", file(t, situations["account"]))
		if err != nil {
			files = err.Error()
		}
		wantAll(t, files, want...)
	}
}

// No error has any part of the connection string.
func TestRefusals(t *testing.T) {
	l, p := newLedger(t), pair(t, 1, "mid-market")
	l.register(t, p)
	l.send(t, p, situations["mql"]...)
	t.Setenv("TEST_LEDGER", l.dsn)
	t.Setenv("TEST_EMPTY", ledgertest.DSN(t))
	t.Setenv("TEST_TORN", "postgres://user:hunter2@host:notaport/hunter2")
	t.Setenv("TEST_AWAY", "postgres://user:hunter2@127.0.0.1:1/hunter2")
	t.Setenv("TEST_NOTHING", "")
	blank := filepath.Join(t.TempDir(), "blank")
	if err := os.WriteFile(blank, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		want string
	}{
		"no such lead":         {[]string{"lead-9", "--ledger-env", "TEST_LEDGER", "--tenant", tenant}, `no lead "lead-9" in ledger tenant "mid-market"`},
		"no such tenant":       {[]string{"lead-1", "--ledger-env", "TEST_LEDGER", "--tenant", "other"}, `no lead "lead-1" in ledger tenant "other": the ledger knows no such tenant`},
		"no schema":            {[]string{"lead-1", "--ledger-env", "TEST_EMPTY", "--tenant", tenant}, "the database has no ledger in its schema handoff"},
		"no connection string": {[]string{"lead-1", "--ledger-env", "TEST_TORN", "--tenant", tenant}, "not a PostgreSQL connection string"},
		"nobody there":         {[]string{"lead-1", "--ledger-env", "TEST_AWAY", "--tenant", tenant}, "the database refuses the connection"},
		"an empty variable":    {[]string{"lead-1", "--ledger-env", "TEST_NOTHING", "--tenant", tenant}, "TEST_NOTHING: the environment variable is not set, or empty"},
		"the string itself":    {[]string{"lead-1", "--ledger-env", "postgres://user:hunter2@host/db", "--tenant", tenant}, "takes the name of an environment variable"},
		"no file":              {[]string{"lead-1", "--ledger-file", "postgres://user:hunter2@host/db", "--tenant", tenant}, "--ledger-file: the file cannot be read: no such file"},
		"an empty file":        {[]string{"lead-1", "--ledger-file", blank, "--tenant", tenant}, "the file is empty"},
		"no tenant":            {[]string{"lead-1", "--ledger-env", "TEST_LEDGER"}, "no tenant"},
		"no ledger":            {[]string{"lead-1", "--tenant", tenant}, "no ledger: --ledger-env"},
		"both":                 {[]string{"lead-1", "--ledger-env", "TEST_LEDGER", "--tenant", tenant, "--events", "x"}, "not from both"},
		"two ledgers":          {[]string{"lead-1", "--ledger-env", "TEST_LEDGER", "--ledger-file", blank, "--tenant", tenant}, "give one of them"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := explain(t, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(out+err.Error(), "hunter2") {
				t.Errorf("error %v, want one with %q and without the password; output %q", err, tc.want, out)
			}
		})
	}
}

func TestLedgerFile(t *testing.T) {
	l, p := newLedger(t), pair(t, 1, "mid-market")
	l.register(t, p)
	l.send(t, p, situations["mql"]...)
	file := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(file, []byte(l.dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := explain(t, "lead-1", "--ledger-file", file, "--tenant", tenant)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, got, "lead-1 is an MQL since")
}

// A lead of which only other files tell is none, as for a backtest.
func TestALeadThatNoFileOfLeadsHas(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"leads.csv": "id,created,company,phone\nlead-1,2027-01-04,Acme,1\n", "activities.csv": "id,time,activity\nlead-2,2027-01-05,PageView\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := explain(t, "lead-2", "-f", definition, "--leads", filepath.Join(folder, "leads.csv"), "--activities", filepath.Join(folder, "activities.csv"))
	if err == nil || !strings.Contains(err.Error(), `no file of leads has the lead "lead-2"`) {
		t.Errorf("error %v", err)
	}
}
