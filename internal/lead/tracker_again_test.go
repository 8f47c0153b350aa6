// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// handOffsOf a history by QualifyIn, asked after each event.
func handOffsOf(p *Program, history []Event) (all []time.Time) {
	for n := range history {
		given := Circumstances{Judge: since(day0)}
		for {
			if len(all) > 0 {
				given.Again = &Again{Since: all[len(all)-1]}
			}
			q := p.QualifyIn(history[:n+1], given).Qualified
			if q == nil {
				break
			}
			all = append(all, q.At)
		}
	}
	return all
}

func TestATrackerComesBackAsQualifyInDoes(t *testing.T) {
	p := mustCompile(t, recycling())
	random := rand.New(rand.NewPCG(7, 8))
	tracker, again := p.NewTracker(), 0
	for range 500 {
		history := randomHistory(random)
		last := history[len(history)-1].Time
		for range random.IntN(4) {
			at := day0.Add(time.Duration(random.Int64N(int64(last.Sub(day0) + 30*day))))
			code := []string{"NoResponse", "BadTiming", "Lost", "NoResponse"}[random.IntN(4)]
			history = append(history, disposedOf(at, "", code), demoRequest(at.Add(time.Duration(random.Int64N(int64(50*day))))))
		}
		slices.SortStableFunc(history, func(a, b Event) int { return a.Time.Compare(b.Time) })
		var got []time.Time
		handed := false
		tracker.Reset()
		for _, e := range history {
			if !tracker.Apply(e) {
				continue
			}
			if handed && tracker.Returns() {
				handed = false
			}
			if s := tracker.Standing(); !handed && s.Path != "" && len(s.Missing) == 0 {
				got, handed = append(got, e.Time), true
				tracker.HandOff()
			}
		}
		want := handOffsOf(p, history)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("hand-offs (-QualifyIn +tracker):\n%s\n%s", diff, fmt.Sprint(history))
		}
		again += max(0, len(want)-1)
	}
	if again < 50 {
		t.Errorf("%d leads came back: too few to tell", again)
	}
}

// What a re-entry takes from a score is no part of what the lead is worth.
func TestTheScoreOfATrackerIsWithoutReentry(t *testing.T) {
	p := mustCompile(t, recycling())
	tracker := p.NewTracker()
	tracker.Apply(captured(day0, director()))
	tracker.Apply(demoRequest(day0.Add(day)))
	tracker.HandOff()
	tracker.Apply(disposedOf(day0.Add(2*day), "", "NoResponse"))
	if tracker.Returns() {
		t.Error("it comes back without news")
	}
	tracker.Apply(demoRequest(day0.Add(40 * day)))
	if !tracker.Returns() || tracker.Returns() {
		t.Error("it comes back once")
	}
	if with, without := tracker.Standing().Score.Raw, tracker.Score(); with+20 != p.Explain([]Event{
		captured(day0, director()), demoRequest(day0.Add(day)), demoRequest(day0.Add(40 * day)),
	}).Raw || without <= int(with) {
		t.Errorf("%v with the rule of re-entry, %d without", with, without)
	}
}

func TestATrackerAmongContacts(t *testing.T) {
	d := midMarket()
	d.Fields[slices.IndexFunc(d.Fields, func(f Field) bool { return f.Name == "company" })].Required = false
	d.Account = &Account{Field: "company"}
	d.Paths = []Path{{Name: "group", Account: &AccountPath{MinContacts: 2, Threshold: 60}}}
	p := mustCompile(t, d)
	tracker := p.NewTracker()
	properties := director()
	properties["company"] = " ACME "
	tracker.Apply(captured(day0, properties))
	if got := tracker.Account(); got != "acme" {
		t.Errorf("account %q", got)
	}
	peers := &Contacts{Count: 1, Score: 60}
	if tracker.Standing().Path != "" {
		t.Error("it holds without contacts")
	}
	tracker.Among(peers)
	if got := tracker.Standing().Path; got != "group" {
		t.Errorf("path %q among contacts", got)
	}
	tracker.Apply(updated(day0.Add(day), map[string]any{"company": nil}))
	if tracker.Account() != "" || tracker.Standing().Path != "" {
		t.Error("it holds for a lead that has no account any more")
	}
	tracker.Reset()
	tracker.Apply(captured(day0, properties))
	if tracker.Standing().Path != "" {
		t.Error("the contacts of the lead before are known")
	}
}
