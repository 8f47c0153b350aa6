// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Each row of the disposition matrix, at its best: sales does what the row asks for, and gives the code.
func TestDispositionMatrix(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(corpus, "definition-disposition-matrix.json"))
	if err != nil {
		t.Fatal(err)
	}
	var definition lead.Definition
	if err := json.Unmarshal(data, &definition); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(matrix, definition.Dispositions); diff != "" {
		t.Fatalf("the matrix of the tests is not that of the corpus:\n%s", diff)
	}
	program, err := lead.Compile(definition)
	if err != nil {
		t.Fatal(err)
	}
	c := compiled(t, persistentTerms())
	if misfits := c.Fits(lead.Definition{Intents: []lead.Intent{{Name: "High"}, {Name: "Standard"}}, Dispositions: matrix}); len(misfits) > 0 {
		t.Fatal(misfits)
	}
	fiveCalls := []string{"01-20 10:30 call", "01-21 10:30 call", "01-22 10:30 call", "01-25 10:30 call", "01-26 10:30 call"}
	cases := map[string]struct {
		story               []string
		want                []string // acceptance, firstContact, followUp, disposition, rejection, feedback
		reentry, suppresses string
	}{
		"AcceptAsSQL": {
			story: []string{"01-20 10:30 meeting", "01-20 11:30 code AcceptAsSQL"},
			want:  []string{"acceptance Met 01-20 11:30", "firstContact Met 01-20 10:30", "followUp Met 01-20 10:30", "disposition Met 01-20 11:30"},
		},
		"BadTiming": {
			story: story([]string{"01-20 10:15 accepted"}, fiveCalls, []string{"01-26 11:00 code BadTiming", "01-26 11:05 feedback"}),
			want: []string{
				"acceptance Met 01-20 10:15", "firstContact Met 01-20 10:30", "followUp Excused 01-26 11:00", "disposition Met 01-26 11:00",
				"rejection Met 01-26 11:00", "feedback Met 01-26 11:05",
			},
			reentry: "from 04-26",
		},
		"NoResponse": {
			story: story([]string{"01-20 10:15 accepted"}, cadence(), []string{"02-01 11:00 code NoResponse", "02-01 11:05 feedback"}),
			want: []string{
				"acceptance Met 01-20 10:15", "firstContact Met 01-20 10:30", "followUp Met 01-30 10:30", "disposition Met 02-01 11:00",
				"rejection Met 02-01 11:00", "feedback Met 02-01 11:05",
			},
			reentry: "from 03-03 with -20",
		},
		"StakeholderChange": {
			story: []string{"01-20 10:30 call", "01-20 10:45 code StakeholderChange", "01-20 10:50 feedback"},
			want: []string{
				"acceptance Met 01-20 10:45", "firstContact Met 01-20 10:30", "followUp Excused 01-20 10:45", "disposition Met 01-20 10:45",
				"rejection Met 01-20 10:45", "feedback Met 01-20 10:50",
			},
			reentry: "by a new contact",
		},
		"NotICP": {
			story: []string{"01-20 10:45 code NotICP", "01-20 10:50 feedback"},
			want: []string{
				"acceptance Met 01-20 10:45", "firstContact Excused 01-20 10:45", "followUp Excused 01-20 10:45", "disposition Met 01-20 10:45",
				"rejection Met 01-20 10:45", "feedback Met 01-20 10:50",
			},
			suppresses: "Account",
		},
		"InvalidContact": {
			story: []string{"01-20 10:45 code InvalidContact", "01-20 10:50 feedback"},
			want: []string{
				"acceptance Met 01-20 10:45", "firstContact Excused 01-20 10:45", "followUp Excused 01-20 10:45", "disposition Met 01-20 10:45",
				"rejection Met 01-20 10:45", "feedback Met 01-20 10:50",
			},
			suppresses: "Contact",
		},
	}
	for _, row := range matrix {
		tc, ok := cases[row.Name]
		if !ok {
			t.Errorf("the row %s has no scenario", row.Name)
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			events := historyOf(t, append([]string{"01-20 10:00 owned"}, tc.story...))
			got := standings(t, c, handedOff(t), events, "2027-04-01 10:00",
				ClauseAcceptance, ClauseFirstContact, ClauseFollowUp, ClauseDisposition, ClauseRejection, ClauseFeedback)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("obligations (-want +got):\n%s", diff)
			}
			if got := comesBack(program.Comeback(events, handedOff(t).Qualified.At)); got != tc.reentry {
				t.Errorf("it comes back %q, want %q", got, tc.reentry)
			}
			suppressed := ""
			if s := program.SuppressedAt(events, nil); s != nil {
				suppressed = string(s.Scope)
			}
			if suppressed != tc.suppresses {
				t.Errorf("suppressed: %q, want %q", suppressed, tc.suppresses)
			}
		})
	}
}

func comesBack(c lead.Comeback) string {
	switch {
	case c.Rule == nil:
		return ""
	case c.Rule.NewContact != "":
		return "by a new contact"
	case c.Rule.ScoreDelta != 0:
		return fmt.Sprintf("from %s with %d", c.From().Format("01-02"), c.Rule.ScoreDelta)
	default:
		return "from " + c.From().Format("01-02")
	}
}

func historyOf(t *testing.T, lines []string) []lead.Event {
	t.Helper()
	events := make([]lead.Event, len(lines))
	for i, line := range lines {
		events[i] = told(t, line)
		events[i].Sequence = int64(i + 1)
	}
	return events
}

// The clocks of the new clauses, and the order in which all are shown.
func TestClocksOfPersistence(t *testing.T) {
	c := compiled(t, persistentTerms())
	events := historyOf(t, []string{"01-20 10:00 owned", "01-22 12:00 code NotICP"})
	got := show(Obligations(c, FactsOf(handedOff(t), matrix, events), local(t, newYork, "2027-01-22 13:00")), c.Hours().Location())
	want := []string{
		"volume Met 2027-01", "completeness Met 2027-W03", "score Met 2027-W03",
		"delivery Met due 10:05:00 warn 10:04:00 2027-W03",
		"acceptance Missed due 01-21 10:00:00 warn 01-21 05:12:00 2027-W03",
		"firstContact/Standard Missed due 18:00:00 warn 16:24:00 2027-W03",
		"followUp Excused due 02-03 10:00:00 warn 01-31 14:48:00 2027-W05",
		"disposition Met due 02-05 10:00:00 warn 02-02 05:12:00 2027-W05",
		"rejection Met 2027-W03",
		"feedback Open due 02-01 00:00:00 warn 01-30 02:24:00 2027-W03",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var order []Clause
	for _, row := range c.Demands() {
		order = append(order, row.Clause)
	}
	var obliged []Clause
	for _, o := range Obligations(c, FactsOf(handedOff(t), matrix, events), local(t, newYork, "2027-01-22 13:00")) {
		obliged = append(obliged, o.Clause)
	}
	if diff := cmp.Diff(slices.Compact(order), obliged); diff != "" {
		t.Errorf("rows and obligations are in different orders:\n%s", diff)
	}
}

// A week of feedback is closed at midnight in the contract's zone, also where daylight saving begins in between.
func TestFeedbackFreezesAtMidnight(t *testing.T) {
	c := compiled(t, persistentTerms())
	for rejected, want := range map[string]string{
		"2027-03-01 10:00": "2027-03-15 00:00", "2027-03-14 23:59": "2027-03-22 00:00", "2027-03-08 00:00": "2027-03-22 00:00",
	} {
		if got := c.frozen(WeekOf(local(t, newYork, rejected), c.Hours().Location())); !got.Equal(local(t, newYork, want)) {
			t.Errorf("the week of %s freezes at %v, want %s", rejected, got, want)
		}
	}
}

func TestBeforeTheContract(t *testing.T) {
	stamps := handedOff(t)
	stamps.Before = true
	events := historyOf(t, []string{"01-20 10:01 owned", "01-22 12:00 code NotICP"})
	if got := Obligations(compiled(t, persistentTerms()), FactsOf(stamps, matrix, events), local(t, newYork, "2027-03-01 10:00")); len(got) > 0 {
		t.Errorf("a lead from before the contract owes %v", got)
	}
}

// A higher intent before the first contact moves the deadline, and only forward.
func TestAHigherIntent(t *testing.T) {
	at := func(text string) time.Time { return local(t, newYork, text) }
	raise := func(text, intent string) lead.Raise { return lead.Raise{At: at(text), Intent: intent} }
	const q = "2027-01-20 10:00"
	cases := map[string]struct {
		intent  string
		raises  []lead.Raise
		owned   string
		contact string
		now     string
		want    string
	}{
		"none": {"Standard", nil, q, "", "2027-01-20 12:00", "firstContact/Standard Open due 18:00:00 warn 16:24:00 2027-W03"},
		"five minutes from the signal": {
			"Standard", []lead.Raise{raise("2027-01-20 11:00", "High")}, q, "", "2027-01-20 11:01", "firstContact/High Open due 11:05:00 warn 11:04:00 2027-W03",
		},
		"not later than it was": {
			"Standard", []lead.Raise{raise("2027-01-20 17:58", "High")}, q, "", "2027-01-20 17:59", "firstContact/Standard Open due 18:00:00 warn 16:24:00 2027-W03",
		},
		"after the deadline nothing moves": {
			"Standard", []lead.Raise{raise("2027-01-21 11:00", "High")}, q, "", "2027-01-21 12:00", "firstContact/Standard Missed due 18:00:00 warn 16:24:00 2027-W03",
		},
		"after the contact nothing moves": {
			"Standard", []lead.Raise{raise("2027-01-20 11:00", "High")}, q, "2027-01-20 10:30", "2027-01-20 12:00", "firstContact/Standard Met due 18:00:00 warn 16:24:00 2027-W03",
		},
		"at the contact nothing moves": {
			"Standard", []lead.Raise{raise("2027-01-20 11:00", "High")}, q, "2027-01-20 11:00", "2027-01-20 12:00", "firstContact/Standard Met due 18:00:00 warn 16:24:00 2027-W03",
		},
		"a contact too late for the new one": {
			"Standard", []lead.Raise{raise("2027-01-20 11:00", "High")}, q, "2027-01-20 11:06", "2027-01-20 12:00", "firstContact/High Missed due 11:05:00 warn 11:04:00 2027-W03",
		},
		"before anybody owns it, from then on": {
			"Standard", []lead.Raise{raise("2027-01-20 10:30", "High")}, "2027-01-20 11:00", "", "2027-01-20 11:01", "firstContact/High Open due 11:05:00 warn 11:04:00 2027-W03",
		},
		"to an intent without a tier": {
			"Standard", []lead.Raise{raise("2027-01-20 10:30", "Top")}, q, "", "2027-01-20 11:01", "firstContact/Standard Open due 18:00:00 warn 16:24:00 2027-W03",
		},
		"from an intent without a tier": {
			"Low", []lead.Raise{raise("2027-01-20 11:00", "Standard")}, q, "", "2027-01-20 11:01", "firstContact/Standard Open due 01-21 10:00:00 warn 17:24:00 2027-W03",
		},
		"twice": {
			"Low",
			[]lead.Raise{raise("2027-01-20 10:10", "Standard"), raise("2027-01-20 11:00", "High")},
			q, "", "2027-01-20 11:01",
			"firstContact/High Open due 11:05:00 warn 11:04:00 2027-W03",
		},
		"outside hours": {
			"Standard", []lead.Raise{raise("2027-01-20 17:57", "High")}, "2027-01-20 17:00", "", "2027-01-20 17:58", "firstContact/High Open due 18:57:00 warn 18:45:00 2027-W03",
		},
	}
	c := compiled(t, persistentTerms())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := Facts{Qualified: &Qualified{At: at(q), Intent: tc.intent, Raises: tc.raises}, OwnedAt: at(tc.owned)}
			if tc.contact != "" {
				f.ContactAt = at(tc.contact)
			}
			got := slices.DeleteFunc(Obligations(c, f, at(tc.now)), func(o Obligation) bool { return o.Clause != ClauseFirstContact })
			if diff := cmp.Diff([]string{tc.want}, show(got, c.Hours().Location())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// acts are what can happen to a lead after it was handed off.
var acts = []string{
	"owned", "call", "mail", "step", "social", "reply", "meeting", "mail logged late", "accepted", "bant", "deal", "feedback", "comment", "opt-out",
	"reinstated", "opened", "upheld", "overturned", "outcome Accepted", "outcome Recycled", "outcome Disqualified", "code AcceptAsSQL", "code BadTiming",
	"code NoResponse", "code StakeholderChange", "code NotICP", "code InvalidContact",
}

// Obligations depend on the times of events and on nothing else: not on the order in which they arrived, nor on how often they are worked
// out. As time goes by an open one may become missed, and nothing else changes. How a cadence is complete is found in another way too.
func TestObligationsDependOnTimesOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 27))
	c := compiled(t, persistentTerms())
	clause := *c.sales().FollowUp
	states := map[string]int{}
	models, handOff := map[string]lead.Event{}, handedOff(t)
	for _, act := range acts {
		models[act] = told(t, "01-18 10:00 "+act)
	}
	for range 3000 {
		minutes := random.Perm(24 * 24 * 60)[:random.IntN(14)]
		var history []lead.Event
		for _, minute := range minutes {
			e := models[acts[random.IntN(len(acts))]]
			e.Time = e.Time.Add(time.Duration(minute) * time.Minute)
			if e.Touch != nil && !e.Touch.LoggedAt.IsZero() {
				late := *e.Touch
				late.LoggedAt = e.Time.Add(25 * time.Hour)
				e.Touch = &late
			}
			history = append(history, e)
		}
		stamps := handOff
		stamps.NoCapacity = random.IntN(4) == 0
		nows := []time.Time{stamps.Qualified.At, stamps.Qualified.At.Add(time.Duration(random.IntN(20*24)) * time.Hour), stamps.Qualified.At.AddDate(0, 6, 0)}
		var before [][]Obligation
		for round := range 4 {
			for i := range history { // the order of arrival, which breaks ties only
				history[i].Sequence = int64(i)
			}
			facts := FactsOf(stamps, matrix, history)
			for i, now := range nows {
				got := Obligations(c, facts, now)
				if round == 0 {
					before = append(before, got)
				} else if diff := cmp.Diff(before[i], got); diff != "" {
					t.Fatalf("in another order of arrival (-before +after):\n%s", diff)
				}
			}
			if want := slowlyComplete(clause, facts.Attempts); !want.Equal(clause.Complete(facts.Attempts)) {
				t.Fatalf("the cadence of %v is complete at %v, want %v", facts.Attempts, clause.Complete(facts.Attempts), want)
			}
			random.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
		}
		for i := 1; i < len(nows); i++ {
			timePasses(t, before[i-1], before[i])
		}
		for _, o := range before[2] {
			states[string(o.Clause)+" "+string(o.State)]++
		}
	}
	for _, clause := range []Clause{ClauseAcceptance, ClauseFirstContact, ClauseFollowUp, ClauseDisposition} {
		for _, state := range []State{Met, Missed, Excused} {
			if states[string(clause)+" "+string(state)] < 20 {
				t.Errorf("%s is hardly ever %s: %d", clause, state, states[string(clause)+" "+string(state)])
			}
		}
	}
}

func timePasses(t *testing.T, earlier, later []Obligation) {
	t.Helper()
	if len(earlier) != len(later) {
		t.Fatalf("%d obligations became %d", len(earlier), len(later))
	}
	for i, o := range earlier {
		if o.State == Open && later[i].State == Missed {
			o.State = Missed
		}
		if diff := cmp.Diff(o, later[i]); diff != "" {
			t.Fatalf("as time went by (-earlier +later):\n%s", diff)
		}
	}
}

// slowlyComplete looks at every attempt anew.
func slowlyComplete(f FollowUp, attempts []Attempt) time.Time {
	var found time.Time
	for _, last := range attempts {
		n, channels, first := 0, map[string]bool{}, last.At
		for _, a := range attempts {
			if a.At.After(last.At) {
				continue
			}
			n++
			channels[a.Channel] = true
			if a.At.Before(first) {
				first = a.At
			}
		}
		if n >= f.Attempts && len(channels) >= f.Channels && last.At.Sub(first) >= f.MinSpan {
			found = earliest(found, last.At)
		}
	}
	return found
}
