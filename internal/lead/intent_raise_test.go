// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// threeIntents has a tier between the highest and the rest.
func threeIntents() Definition {
	d := midMarket()
	d.Intents = []Intent{
		{Name: "High", When: `signals.demoRequest.count > 0`},
		{Name: "Medium", When: `signals.pricingView.within("7d") > 0 || lead.seniority == "cxo"`},
		{Name: "Standard"},
	}
	return d
}

func demo(at time.Time) Event { return acted(at, "FormSubmit", map[string]any{"form": "demo"}) }

func TestRaises(t *testing.T) {
	at := func(hours int) time.Time { return day0.Add(time.Duration(hours) * time.Hour) }
	handOff := at(10)
	cases := map[string]struct {
		history []Event
		intent  string // at the hand-off
		until   time.Time
		want    []Raise
	}{
		"nothing happened":                 {nil, "Standard", time.Time{}, nil},
		"the highest cannot rise":          {[]Event{demo(at(11))}, "High", time.Time{}, nil},
		"a signal raises it":               {[]Event{demo(at(11))}, "Standard", time.Time{}, []Raise{{at(11), "High"}}},
		"so does a value":                  {[]Event{updated(at(11), map[string]any{"hs_seniority": "cxo"})}, "Standard", time.Time{}, []Raise{{at(11), "Medium"}}},
		"step by step":                     {[]Event{pricingView(at(11)), demo(at(12))}, "Standard", time.Time{}, []Raise{{at(11), "Medium"}, {at(12), "High"}}},
		"a lower one after it is none":     {[]Event{demo(at(11)), pricingView(at(12))}, "Standard", time.Time{}, []Raise{{at(11), "High"}}},
		"the same once more is none":       {[]Event{pricingView(at(11)), pricingView(at(12))}, "Standard", time.Time{}, []Raise{{at(11), "Medium"}}},
		"what was before is no rise":       {[]Event{pricingView(at(9))}, "Medium", time.Time{}, nil},
		"what was before still counts":     {[]Event{demo(at(9)), captured(at(11), director())}, "Standard", time.Time{}, []Raise{{at(11), "High"}}},
		"at the instant of the hand-off":   {[]Event{demo(at(10))}, "Standard", time.Time{}, []Raise{{at(10), "High"}}},
		"what comes at the end is no more": {[]Event{demo(at(12))}, "Standard", at(12), nil},
		"what comes before the end is":     {[]Event{demo(at(11))}, "Standard", at(12), []Raise{{at(11), "High"}}},
		"other kinds raise nothing": {
			[]Event{{Kind: KindTouch, Time: at(11), Touch: &Touch{Channel: "Phone"}}, {Kind: KindAssigned, Time: at(12), Owner: "rep-1"}}, "Standard", time.Time{}, nil,
		},
		"an intent that the definition does not have is below all": {
			[]Event{captured(at(11), director())}, "Gone", time.Time{}, []Raise{{at(11), "Standard"}},
		},
	}
	p := mustCompile(t, threeIntents())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, p.Raises(tc.history, handOff, tc.intent, tc.until)); diff != "" {
				t.Errorf("raises (-want +got):\n%s", diff)
			}
		})
	}
	d := midMarket()
	d.Intents = nil
	if got := mustCompile(t, d).Raises([]Event{demo(at(11))}, handOff, DefaultIntent, time.Time{}); got != nil {
		t.Errorf("without intents: %v", got)
	}
}

// The raises are those that an evaluation at each event finds, whatever the order in which the events arrived.
func TestRaisesAgainstAnOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	p := mustCompile(t, threeIntents())
	raised := 0
	for range 400 {
		var history []Event
		for i := range random.IntN(9) {
			at := day0.Add(time.Duration(random.IntN(20)) * day)
			one := []Event{demo(at), pricingView(at), captured(at, director()), updated(at, map[string]any{"hs_seniority": "cxo"}), updated(at, map[string]any{"hs_seniority": nil})}[random.IntN(5)]
			one.Sequence = int64(i)
			history = append(history, one)
		}
		handOff := day0.Add(time.Duration(random.IntN(20)) * day)
		inOrder := slices.Clone(history)
		slices.SortFunc(inOrder, func(a, b Event) int {
			if a.Time.Equal(b.Time) {
				return int(a.Sequence - b.Sequence)
			}
			return a.Time.Compare(b.Time)
		})
		want, order, highest := []Raise(nil), []string{"High", "Medium", "Standard"}, 2
		for i, e := range inOrder {
			s := newState(p)
			for _, before := range inOrder[:i+1] {
				s.apply(before)
			}
			rank := slices.Index(order, s.intent())
			if !e.Time.Before(handOff) && rank < highest {
				want, highest = append(want, Raise{e.Time, order[rank]}), rank
			}
		}
		raised += len(want)
		for range 3 {
			random.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
			before := slices.Clone(history)
			if diff := cmp.Diff(want, p.Raises(history, handOff, "Standard", time.Time{})); diff != "" {
				t.Fatalf("raises of %v (-want +got):\n%s", history, diff)
			}
			if diff := cmp.Diff(before, history); diff != "" {
				t.Fatalf("the history was changed:\n%s", diff)
			}
		}
	}
	if raised < 100 {
		t.Errorf("only %d raises were compared", raised)
	}
}

func TestConversationsAndFeedback(t *testing.T) {
	for name, tc := range map[string]struct {
		touch Touch
		want  bool
	}{
		"a call that nobody answered":      {Touch{Channel: "Phone", Direction: "Outbound", Actor: "Human"}, false},
		"a call that was answered":         {Touch{Channel: "Phone", Direction: "Outbound", Actor: "Human", Answered: true}, true},
		"a mail":                           {Touch{Channel: "Email", Direction: "Outbound", Actor: "Human"}, false},
		"a mail in a conversation":         {Touch{Channel: "Email", Direction: "Inbound", Actor: "Human", TwoWay: true}, true},
		"a meeting":                        {Touch{Channel: "Meeting", Direction: "Outbound", Actor: "Human"}, true},
		"a machine that says it was one":   {Touch{Channel: "Message", Direction: "Outbound", Actor: "Automated", TwoWay: true}, false},
		"a mail that was opened somewhere": {Touch{Channel: "Email", Direction: "Outbound", Actor: "Human", Answered: true}, false},
	} {
		if got := tc.touch.Conversation(); got != tc.want {
			t.Errorf("%s: a conversation: %v, want %v", name, got, tc.want)
		}
	}
	for want, all := range map[bool][]Feedback{true: {{Rating: 1}, {Categories: []string{"Fit"}}}, false: {{}, {Comment: "just bad"}}} {
		for _, one := range all {
			if one.Structured() != want {
				t.Errorf("%+v is structured: %v, want %v", one, !want, want)
			}
		}
	}
}
