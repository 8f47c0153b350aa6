// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// byGroup adds a path for three contacts who have 90 points together, 45 of which a contact has who has seen the prices and is of size.
func byGroup(b *bundle.Bundle) {
	b.Lead.Account = &lead.Account{Field: "company"}
	b.Lead.Paths = append(b.Lead.Paths, lead.Path{Name: "group", Account: &lead.AccountPath{MinContacts: 3, Threshold: 90}})
}

func contact(id, company string, employees float64, at time.Time) ledger.Entry {
	return captured(id, at, map[string]any{"company": company, "numberofemployees": employees})
}

const mqls = `SELECT concat_ws(' ', lead_id, stage, path, score_at_handoff, threshold, met_threshold, account_contacts, account_score, qualified_at::time)
FROM leads WHERE qualified_at IS NOT NULL ORDER BY lead_id`

func expect(t *testing.T, r *rig, when, query string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), ledgertest.Column[string](t, r.dsn, query)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// tallied checks that what is kept of accounts is what the leads say.
func tallied(t *testing.T, r *rig, when string) {
	t.Helper()
	expect(t, r, when+": accounts that are not as their leads say", `
SELECT concat_ws(' ', kept.contacts, kept.score, said.contacts, said.score)
FROM (SELECT sha256(convert_to(account, 'UTF8')) AS account, count(*) AS contacts, sum(score) AS score FROM leads WHERE account IS NOT NULL GROUP BY 1) AS said
FULL JOIN (SELECT * FROM accounts WHERE contacts <> 0 OR score <> 0) AS kept USING (account)
WHERE (kept.contacts, kept.score) IS DISTINCT FROM (said.contacts, said.score)`)
}

func TestTheContactThatTipsItsAccountIsHandedOver(t *testing.T) {
	minute := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Minute) }
	r := newRig(t, bundleOf(1, byCRM, byGroup))
	r.send(contact("a", "Acme", 60, minute(0)), contact("b", "ACME ", 60, minute(1)), contact("x", "Other", 60, minute(1)),
		contact("y", "", 60, minute(1)), contact("z", "", 60, minute(1)), contact("zz", "", 60, minute(1)))
	r.work(team("rep-1"))
	expect(t, r, "two contacts", mqls)
	r.send(contact("c", "acme", 5, minute(2)))
	r.work(team("rep-1"))
	expect(t, r, "three contacts, 60 points", mqls)
	r.send(pricing("a", minute(3)))
	r.work(team("rep-1"))
	expect(t, r, "75 points", mqls)
	r.send(pricing("c", minute(4)))
	r.work(team("rep-1"))
	expect(t, r, "tipped by the third", mqls, "c MQL group 15 0 t 3 90 09:04:00")
	tallied(t, r, "tipped by the third")
	r.send(ledger.Entry{Lead: "b", Kind: lead.KindUpdated, Time: minute(5), Data: ledger.Data{Properties: map[string]any{"phone": "1"}}})
	r.work(team("rep-1"))
	expect(t, r, "another at its own next event", mqls, "b MQL group 30 0 t 3 90 09:05:00", "c MQL group 15 0 t 3 90 09:04:00")
	r.send(ledger.Entry{Lead: "a", Kind: lead.KindUpdated, Time: minute(6), Data: ledger.Data{Properties: map[string]any{"company": "Elsewhere"}}})
	r.work(team("rep-1"))
	expect(t, r, "one that has left is no contact any more", `SELECT concat_ws(' ', lead_id, account, stage) FROM leads WHERE lead_id < 'd' ORDER BY 1`,
		"a elsewhere Inquiry", "b acme MQL", "c acme MQL")
	tallied(t, r, "one has left")
}

// What an account has is one row, not all its leads: a million of one named "unknown" slow nobody down.
func TestAnAccountIsOneRow(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byGroup))
	ledgertest.Exec(t, r.dsn, "INSERT INTO accounts (tenant, account, contacts, score) VALUES ('acme', sha256('unknown'), 1000000, 0), ('other', sha256('unknown'), 1, 90)")
	r.send(contact("a", "Unknown", 60, monday))
	r.work(team("rep-1"))
	expect(t, r, "too few points", mqls)
	ledgertest.Exec(t, r.dsn, "UPDATE accounts SET score = 89 WHERE tenant = 'acme'")
	r.send(pricing("a", monday.Add(time.Minute)))
	r.work(team("rep-1"))
	expect(t, r, "one of a million", mqls, "a MQL group 45 0 t 1000001 104 09:01:00")
}

// The rows are right whoever is in force, and whoever fails.
func TestAccountsAcrossPairs(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	r.send(contact("a", "Acme", 60, monday), contact("b", "Acme", 60, monday), contact("c", strings.Repeat("Acme", 2000), 60, monday))
	r.work(team("rep-1"))
	tallied(t, r, "no account")
	noPath := func(b *bundle.Bundle) { b.Lead.Account = &lead.Account{Field: "company"} }
	for i, edit := range []func(*bundle.Bundle){byGroup, noPath, func(*bundle.Bundle) {}, byGroup, noPath} {
		r.inForce(bundleOf(int64(i+2), byCRM, edit))
		when := fmt.Sprint("pair ", i+2)
		r.send(pricing("a", later(i, 1)), pricing("c", later(i, 1)), contact(fmt.Sprint("new-", i), "ACME", 60, later(i, 1)))
		r.work(team("rep-1"))
		tallied(t, r, when)
		r.send(contact("b", fmt.Sprint("Company ", i%2), 60, later(i, 2)), contact("a", "", 60, later(i, 2)))
		failing := func(one *ledger.Lead) error {
			if err := r.pair.Judge(one); err != nil || one.ID == "a" {
				return errors.New("no")
			}
			return nil
		}
		if _, err := r.l.ScoreAccounts(t.Context(), int64(i+2), 10, r.pair.Accounts(), failing); err != nil {
			t.Fatal(err)
		}
		tallied(t, r, when+", a lead failed")
		ledgertest.Exec(t, r.dsn, "UPDATE work SET postponed_until = NULL")
		r.work(team("rep-1"))
		tallied(t, r, when+", it is tried again")
	}
}

// Leads of one batch are taken one after the other, in the order of their events.
func TestAnAccountInOneBatch(t *testing.T) {
	minute := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Minute) }
	r := newRig(t, bundleOf(1, byCRM, byGroup))
	r.send(contact("a", "Acme", 60, minute(3)), contact("b", "Acme", 60, minute(1)), contact("c", "Acme", 60, minute(2)), contact("d", "Acme", 60, minute(4)))
	r.work(team("rep-1"))
	expect(t, r, "the third and the fourth", mqls, "a MQL group 30 0 t 3 90 09:03:00", "d MQL group 30 0 t 4 120 09:04:00")
}

// A lead held by its account's path keeps the time at which it reached it, though its account is another one later.
func TestHeldByAnAccount(t *testing.T) {
	minute := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Minute) }
	r := newRig(t, bundleOf(1, byCRM, byGroup, func(b *bundle.Bundle) {
		b.Lead.Fields = append(b.Lead.Fields, lead.Field{Name: "phone", Type: lead.String, Required: true})
	}))
	r.send(contact("a", "Acme", 60, minute(0)), contact("b", "Acme", 60, minute(1)), contact("c", "Acme", 60, minute(2)))
	r.work(team("rep-1"))
	const standing = `SELECT concat_ws(' ', stage, reached_path, reached_at::time, reached_missing, qualified_at::time) FROM leads WHERE lead_id = 'c'`
	expect(t, r, "at first", standing, "Held group 09:02:00 {phone}")
	r.send(ledger.Entry{Lead: "c", Kind: lead.KindUpdated, Time: minute(9), Data: ledger.Data{Properties: map[string]any{"phone": "1"}}})
	r.work(team("rep-1"))
	expect(t, r, "completed", standing, "MQL group 09:02:00 {phone} 09:09:00")
	if got := r.state("c", "completeness"); got != "Missed" {
		t.Errorf("completeness %s, want Missed: the number was not there when the account was ready", got)
	}
}

// Two contacts that are scored at the same moment, by two workers, cannot both miss that they tip their account.
func TestConcurrentContactsTipTheirAccount(t *testing.T) {
	const accounts, scorers = 60, 4
	r := newRig(t, bundleOf(1, byCRM, byGroup))
	for round := range accounts {
		company := fmt.Sprintf("Company %d", round)
		for n, id := range []string{"a", "b", "c"} {
			r.send(contact(fmt.Sprintf("%s%d", id, round), company, 60, monday.Add(time.Duration(n)*time.Second)))
		}
	}
	var group sync.WaitGroup
	start := make(chan struct{})
	for range scorers {
		pair := r.pair
		group.Go(func() {
			<-start
			for {
				// One lead a transaction: contacts of an account meet in different ones.
				batch, err := r.l.ScoreAccounts(context.Background(), 1, 1, pair.Accounts(), pair.Judge)
				if err != nil {
					t.Error(err)
				}
				if err != nil || batch.Leads == 0 {
					return
				}
			}
		})
	}
	close(start)
	group.Wait()
	settle(t, r.scorer(r.l).Step)
	if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(DISTINCT account) FROM leads WHERE path = 'group'"); n != accounts {
		t.Errorf("%d of %d accounts were tipped", n, accounts)
	}
	if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(*) FROM leads WHERE path = 'group'"); n != accounts {
		t.Errorf("%d leads were handed over, want one of each of the %d accounts", n, accounts)
	}
	tallied(t, r, "in the end")
}
