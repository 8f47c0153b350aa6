// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recycling is midMarket with rules for coming back.
func recycling() Definition {
	d := midMarket()
	d.Dispositions = []Disposition{
		{Name: "AcceptAsSQL", Outcome: Accepted},
		{Name: "NotICP", Outcome: Disqualified},
		{Name: "Lost", Outcome: Recycled},
		{Name: "BadTiming", Outcome: Recycled, MinAttempts: 5, Reentry: &Reentry{After: 90 * day}},
		{Name: "NoResponse", Outcome: Recycled, Reentry: &Reentry{After: 30 * day, ScoreDelta: -20}},
		{Name: "StakeholderChange", Outcome: Recycled, Reentry: &Reentry{NewContact: NewContactRequired}},
	}
	return d
}

func disposedOf(at time.Time, outcome Outcome, reason string) Event {
	return Event{Kind: KindDisposition, Time: at, Disposition: &Disposed{Outcome: outcome, Reason: reason}}
}

func download(at time.Time) Event { return acted(at, "Download", map[string]any{"gated": true}) }

func TestReentry(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	p := mustCompile(t, recycling())
	type want struct {
		day   int // of the hand-off; -1 for none
		path  string
		score int
	}
	never := want{day: -1}
	cases := map[string]struct {
		until   int     // day of the hand-off that followed; 0 while there is none
		history []Event // after the hand-off by a demo request on day 1
		want    want
	}{
		"nobody has disposed of it": {history: []Event{demoRequest(on(200))}, want: never},
		"accepted":                  {history: []Event{disposedOf(on(3), "", "AcceptAsSQL"), demoRequest(on(200))}, want: never},
		"disqualified":              {history: []Event{disposedOf(on(3), "", "NotICP"), demoRequest(on(200))}, want: never},
		"without a rule":            {history: []Event{disposedOf(on(3), "", "Lost"), demoRequest(on(200))}, want: never},
		"without a code":            {history: []Event{disposedOf(on(3), Recycled, "whatever"), demoRequest(on(200))}, want: never},
		"by a new contact only":     {history: []Event{disposedOf(on(3), "", "StakeholderChange"), demoRequest(on(200))}, want: never},
		"a hand raised again comes back at once": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), demoRequest(on(4))}, want: want{4, "hand-raise", 100}, // 45 + 60, capped
		},
		"a look at the prices is no hand raised, though there was one once": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), pricingView(on(4)), download(on(5))}, want: never,
		},
		"a score has to wait": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), pricingView(on(92)), download(on(92)), updated(on(92), nil)}, want: never,
		},
		"until the time is over, to the second": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), download(on(92)), pricingView(on(93))},
			want:    want{93, "hand-raise", 100}, // the old demo request counts again
		},
		"not without a newer signal": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), updated(on(120), map[string]any{"industry": "saas"})}, want: never,
		},
		"a signal at the moment of the disposition is not newer": {
			history: []Event{demoRequest(on(3)), disposedOf(on(3), "", "BadTiming"), updated(on(120), map[string]any{"industry": "saas"})}, want: never,
		},
		"a newer signal counts at a later event": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), pricingView(on(20)), updated(on(120), map[string]any{"industry": "saas"})},
			want:    want{120, "hand-raise", 90}, // 50 of fit and 40 for the demo: next to nothing is left of the view
		},
		"with points taken away": {
			history: []Event{disposedOf(on(3), "", "NoResponse"), demoRequest(on(4))}, want: want{4, "hand-raise", 85}, // 45 + 60 - 20
		},
		"the latest disposition counts": {
			history: []Event{disposedOf(on(3), "", "NotICP"), disposedOf(on(5), "", "NoResponse"), disposedOf(on(5), "", "BadTiming"), demoRequest(on(6))},
			want:    want{6, "hand-raise", 100},
		},
		"corrected to one that stays": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), disposedOf(on(4), "", "AcceptAsSQL"), demoRequest(on(200))}, want: never,
		},
		"a word that means nothing corrects nothing": {
			history: []Event{disposedOf(on(3), "", "NoResponse"), disposedOf(on(4), "", "Other"), demoRequest(on(5))}, want: want{5, "hand-raise", 85},
		},
		"a disposition from before the hand-off is not about it": {
			history: []Event{demoRequest(on(5))}, want: never,
		},
		"what became of the next hand-off does not matter to it": {
			until:   4,
			history: []Event{disposedOf(on(3), "", "NoResponse"), demoRequest(on(4)), disposedOf(on(4), "", "NotICP"), demoRequest(on(9))},
			want:    want{4, "hand-raise", 85},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			again := &Again{Since: on(1)}
			if tc.until > 0 {
				again.Until = on(tc.until)
			}
			history := append([]Event{captured(on(0), director()), disposedOf(on(0), "", "BadTiming"), demoRequest(on(1))}, tc.history...)
			j := p.QualifyIn(history, Circumstances{Judge: func(Event) bool { return true }, Again: again})
			got := never
			if q := j.Qualified; q != nil {
				got = want{int(q.At.Sub(day0) / day), q.Path, q.Score}
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("hand-off (-want +got):\n%s", diff)
			}
		})
	}
}

// The numbers of a lead that came back add up like any other's.
func TestExplainOfALeadThatCameBack(t *testing.T) {
	p := mustCompile(t, recycling())
	history := []Event{
		captured(day0, director()), demoRequest(day0.Add(day)), disposedOf(day0.Add(2*day), "", "NoResponse"), pricingView(day0.Add(3 * day)),
	}
	score := p.ExplainIn(history, Circumstances{Again: &Again{Since: day0.Add(day)}})
	sum, seen := 0.0, false
	for _, f := range score.Factors {
		sum += f.Points
		seen = seen || f == (Factor{Kind: FactorReentry, Points: -20})
	}
	if !seen || sum != float64(score.Clamped) || score.Clamped != 80 || score.Raw != 80 {
		t.Errorf("factors %+v sum to %v of %+v; want 45 + 40 + 15 - 20 = 80, with a factor for the re-entry", score.Factors, sum, score)
	}
	if plain := p.Explain(history); plain.Clamped != 100 {
		t.Errorf("before its re-entry the score is %d, want 100", plain.Clamped)
	}
}

func TestCompileReentry(t *testing.T) {
	for name, tc := range map[string]struct {
		reentry Reentry
		change  func(*Definition)
		want    string
	}{
		"after a time":      {reentry: Reentry{After: day, ScoreDelta: 5}},
		"by a new contact":  {reentry: Reentry{NewContact: NewContactRequired}},
		"neither":           {want: "disposition \"Lost\": reentry: write either `after` or `newContact: Required`"},
		"both":              {reentry: Reentry{After: day, NewContact: NewContactRequired}, want: "disposition \"Lost\": reentry: write either `after` or `newContact: Required`"},
		"of whoever":        {reentry: Reentry{NewContact: "Somebody"}, want: `disposition "Lost": reentry.newContact "Somebody" is unknown; known: Required`},
		"before it":         {reentry: Reentry{After: -day}, want: `disposition "Lost": reentry.after is negative`},
		"points of nobody":  {reentry: Reentry{NewContact: NewContactRequired, ScoreDelta: 1}, want: "disposition \"Lost\": reentry: `scoreDelta` needs `after`: with `newContact` this lead does not come back"},
		"points of nothing": {reentry: Reentry{After: day, ScoreDelta: 1}, change: func(d *Definition) { d.Scoring, d.Paths = nil, d.Paths[:1] }, want: "disposition \"Lost\": reentry.scoreDelta is 1, but the definition has no `scoring`"},
		"of another outcome": {
			reentry: Reentry{After: day}, change: func(d *Definition) { d.Dispositions[2].Outcome = Accepted },
			want: "disposition \"Lost\": `reentry` needs the outcome Recycled: a lead with the outcome Accepted does not come back",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := recycling()
			d.Dispositions = d.Dispositions[:3]
			d.Dispositions[2].Reentry = &tc.reentry
			if tc.change != nil {
				tc.change(&d)
			}
			got := ""
			if _, err := Compile(d); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("Compile: %q, want %q", got, tc.want)
			}
		})
	}
}
