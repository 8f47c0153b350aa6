// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func demoRequest(at time.Time) Event {
	return acted(at, "FormSubmit", map[string]any{"form": "demo"})
}

func without(record map[string]any, property string) map[string]any {
	delete(record, property)
	return record
}

func TestQualify(t *testing.T) {
	hour := func(n int) time.Time { return day0.Add(time.Duration(n) * time.Hour) }
	type want struct {
		Reached    *Reached
		Qualified  *Qualified
		MissingNow []string
	}
	handRaise := func(at time.Time, score int) *Qualified {
		return &Qualified{At: at, Path: "hand-raise", Score: score, Intent: "High", MetThreshold: true}
	}
	cases := map[string]struct {
		history []Event
		from    time.Time
		want    want
	}{
		"no history": {},
		"no path holds": {
			history: []Event{captured(hour(0), director()), pricingView(hour(1))},
		},
		"by a hand raised": {
			history: []Event{captured(hour(0), director()), demoRequest(hour(1))},
			want:    want{Reached: &Reached{At: hour(1), Path: "hand-raise"}, Qualified: handRaise(hour(1), 85)},
		},
		"by score and criteria": {
			history: []Event{
				captured(hour(0), map[string]any{"company": "A", "numberofemployees": 90, "hs_seniority": "vp", "email": "a@b.example", "industry": "saas"}),
				pricingView(hour(1)), acted(hour(2), "Download", map[string]any{"gated": true}),
			},
			want: want{
				Reached: &Reached{At: hour(2), Path: "fit-and-engagement"},
				Qualified: &Qualified{
					At: hour(2), Path: "fit-and-engagement", Threshold: 65, Score: 70, Intent: "High", MetThreshold: true,
				},
			},
		},
		"a score just below the threshold is rounded up to it": {
			history: []Event{
				captured(hour(0), map[string]any{"company": "A", "numberofemployees": 90, "hs_seniority": "vp", "email": "a@b.example"}),
				pricingView(hour(1)), acted(hour(2), "Download", map[string]any{"gated": true}), // 45 + 14.97 + 5
			},
			want: want{
				Reached: &Reached{At: hour(2), Path: "fit-and-engagement"},
				Qualified: &Qualified{
					At: hour(2), Path: "fit-and-engagement", Threshold: 65, Score: 65, Intent: "High", MetThreshold: true,
				},
			},
		},
		"a score below the threshold, until more happens": {
			history: []Event{
				captured(hour(0), map[string]any{"company": "A", "numberofemployees": 90, "hs_seniority": "vp", "email": "a@b.example"}),
				pricingView(hour(0)), acted(hour(14*24), "Download", map[string]any{"gated": true}), // 45 + 7.5 + 5
				pricingView(hour(14 * 24)),
			},
			want: want{
				Reached: &Reached{At: hour(14 * 24), Path: "fit-and-engagement"},
				Qualified: &Qualified{
					At: hour(14 * 24), Path: "fit-and-engagement", Threshold: 65, Score: 73, Intent: "High", MetThreshold: true, // 72.5
				},
			},
		},
		"paths are tried in order": {
			history: []Event{
				captured(hour(0), director()), pricingView(hour(1)), pricingView(hour(1)), acted(hour(1), "FormSubmit", map[string]any{"form": "demo"}),
				acted(hour(2), "Download", map[string]any{"gated": true}),
			},
			want: want{Reached: &Reached{At: hour(1), Path: "hand-raise"}, Qualified: handRaise(hour(1), 100)},
		},
		"standard intent takes the rest": {
			history: []Event{
				captured(hour(0), map[string]any{"company": "A", "numberofemployees": 90, "email": "a@b.example", "industry": "saas"}),
				pricingView(hour(1)), pricingView(hour(2)), acted(hour(3), "Download", map[string]any{"gated": true}),
				updated(hour(8*24), map[string]any{"hs_seniority": "cxo"}),
			},
			want: want{
				Reached: &Reached{At: hour(8 * 24), Path: "fit-and-engagement"},
				Qualified: &Qualified{
					At: hour(8 * 24), Path: "fit-and-engagement", Threshold: 65, Score: 74, Intent: "Standard", MetThreshold: true,
				},
			},
		},
		"held for a missing field": {
			history: []Event{captured(hour(0), without(director(), "email")), demoRequest(hour(1))},
			want:    want{Reached: &Reached{At: hour(1), Path: "hand-raise", Missing: []string{"email"}}, MissingNow: []string{"email"}},
		},
		"an empty text is missing": {
			history: []Event{captured(hour(0), map[string]any{"company": " ", "email": "", "numberofemployees": 0}), demoRequest(hour(1))},
			want: want{
				Reached:    &Reached{At: hour(1), Path: "hand-raise", Missing: []string{"company", "email"}},
				MissingNow: []string{"company", "email"},
			},
		},
		"completed later": {
			history: []Event{
				captured(hour(0), without(director(), "email")), demoRequest(hour(1)), updated(hour(5), map[string]any{"email": "a@b.example"}),
			},
			want: want{
				Reached:   &Reached{At: hour(1), Path: "hand-raise", Missing: []string{"email"}},
				Qualified: handRaise(hour(5), 85),
			},
		},
		"completed, then emptied again: qualified stays": {
			history: []Event{
				captured(hour(0), director()), demoRequest(hour(1)), updated(hour(5), map[string]any{"email": nil}),
			},
			want: want{
				Reached:   &Reached{At: hour(1), Path: "hand-raise"},
				Qualified: handRaise(hour(1), 85), MissingNow: []string{"email"},
			},
		},
		"incomplete, but no path holds any more": {
			history: []Event{
				captured(hour(0), map[string]any{"company": "A", "numberofemployees": 90, "hs_seniority": "vp", "industry": "saas"}),
				pricingView(hour(1)), acted(hour(2), "Download", map[string]any{"gated": true}), updated(hour(3), map[string]any{"hs_seniority": "intern"}),
			},
			want: want{Reached: &Reached{At: hour(2), Path: "fit-and-engagement", Missing: []string{"email"}}},
		},
		"what is older than the revision is not judged by it": {
			history: []Event{captured(hour(0), director()), demoRequest(hour(1))},
			from:    hour(2),
		},
		"but it counts at the next event": {
			history: []Event{captured(hour(0), director()), demoRequest(hour(1)), updated(hour(3), map[string]any{"industry": "bank"})},
			from:    hour(2),
			want:    want{Reached: &Reached{At: hour(3), Path: "hand-raise"}, Qualified: handRaise(hour(3), 85)},
		},
		"an event at the very start of the revision is judged": {
			history: []Event{captured(hour(0), director()), demoRequest(hour(2))},
			from:    hour(2),
			want:    want{Reached: &Reached{At: hour(2), Path: "hand-raise"}, Qualified: handRaise(hour(2), 85)},
		},
		"what sales does is not judged": {
			history: []Event{
				captured(hour(0), director()), demoRequest(hour(1)),
				{Kind: KindAssigned, Time: hour(3), Owner: "rep-1"},
				{Kind: KindTouch, Time: hour(4), Touch: &Touch{}},
				{Kind: KindDisposition, Time: hour(5), Disposition: &Disposed{}},
			},
			from: hour(2),
		},
		"equal times by sequence": {
			history: []Event{
				captured(hour(0), without(director(), "email")), demoRequest(hour(1)), updated(hour(1), map[string]any{"email": "a@b.example"}),
			},
			want: want{
				Reached:   &Reached{At: hour(1), Path: "hand-raise", Missing: []string{"email"}},
				Qualified: handRaise(hour(1), 85),
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			j := mustCompile(t, midMarket()).Qualify(tc.history, since(tc.from))
			if diff := cmp.Diff(tc.want, want{j.Reached, j.Qualified, j.MissingNow}); diff != "" {
				t.Errorf("journey (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordIsFoldedFromEvents(t *testing.T) {
	cases := map[string]struct {
		history []Event
		want    map[string]any
	}{
		"nothing": {want: map[string]any{}},
		"by source property": {
			[]Event{captured(day0, map[string]any{"numberofemployees": "120", "employees": 7.0, "unknown": "x", "company": "Acme"})},
			map[string]any{"employees": int64(120), "company": "Acme"},
		},
		"the later one wins": {
			[]Event{captured(day0, map[string]any{"company": "A", "industry": "saas"}), updated(day0.Add(1), map[string]any{"company": "B"})},
			map[string]any{"company": "B", "industry": "saas"},
		},
		"null removes": {
			[]Event{captured(day0, map[string]any{"company": "A", "industry": "saas"}), updated(day0.Add(1), map[string]any{"company": nil})},
			map[string]any{"industry": "saas"},
		},
		"what does not fit is absent": {
			[]Event{captured(day0, map[string]any{"numberofemployees": 5.0}), updated(day0.Add(1), map[string]any{"numberofemployees": "many"})},
			map[string]any{},
		},
		"activity is not the record": {
			[]Event{acted(day0, "PageView", map[string]any{"company": "A"})}, map[string]any{},
		},
		"every type": {
			[]Event{captured(day0, map[string]any{
				"web_technologies": "go; k8s;", "revenue": 5.0, "partner": "FALSE", "founded": "2020-02-03T04:05:06+02:00",
			})},
			map[string]any{
				"stack": []string{"go", "k8s"}, "revenue": 5.0, "partner": false, "founded": time.Date(2020, 2, 3, 2, 5, 6, 0, time.UTC),
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			// The record is folded from all events, also from those that are too old to be judged.
			got := mustCompile(t, midMarket()).Qualify(tc.history, since(day0.Add(day))).Record
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScoreIsOfTheLastJudgedEvent(t *testing.T) {
	p := mustCompile(t, midMarket())
	history := []Event{captured(day0, director()), demoRequest(day0.Add(day)), pricingView(day0.Add(2 * day)), {Kind: KindTouch, Time: day0.Add(30 * day), Touch: &Touch{}}}
	if got := p.Qualify(history, since(day0)).Score.Raw; got != 100 {
		t.Errorf("raw %v, want 45 + 40 + 15 undecayed = 100, though the lead qualified a day before", got)
	}
	if got := p.Qualify(history, since(day0.Add(3*day))).Score; len(got.Factors) != 0 || got.Raw != 0 {
		t.Errorf("score %+v where nothing was judged, want none", got)
	}
}

func TestWithoutIntentsAndScoring(t *testing.T) {
	d := Definition{
		Fields: []Field{{Name: "stack", Type: StringList, Required: true}},
		Paths:  []Path{{Name: "any", Criteria: []Criterion{{Expression: "true"}}}},
	}
	p := mustCompile(t, d)
	j := p.Qualify([]Event{captured(day0, map[string]any{"stack": []any{}})}, since(day0))
	if diff := cmp.Diff([]string{"stack"}, j.MissingNow); diff != "" {
		t.Errorf("an empty list is missing (-want +got):\n%s", diff)
	}
	j = p.Qualify([]Event{captured(day0, map[string]any{"stack": []any{"go"}})}, since(day0))
	want := &Qualified{At: day0, Path: "any", Intent: DefaultIntent, MetThreshold: true}
	if diff := cmp.Diff(want, j.Qualified); diff != "" {
		t.Errorf("qualified (-want +got):\n%s", diff)
	}
}

func TestGenuineTouch(t *testing.T) {
	cases := map[string]struct {
		touch Touch
		want  bool
	}{
		"outbound call by a person":     {Touch{Channel: "Phone", Direction: "Outbound", Actor: "Human"}, true},
		"outbound mail by a person":     {Touch{Channel: "Email", Direction: "Outbound", Actor: "Human"}, true},
		"outbound mail by a machine":    {Touch{Channel: "Email", Direction: "Outbound", Actor: "Automated"}, false},
		"inbound mail":                  {Touch{Channel: "Email", Direction: "Inbound", Actor: "Human"}, false},
		"inbound call, answered":        {Touch{Channel: "Phone", Direction: "Inbound", Actor: "Human", Answered: true}, true},
		"inbound call, missed":          {Touch{Channel: "Phone", Direction: "Inbound", Actor: "Human"}, false},
		"meeting":                       {Touch{Channel: "Meeting", Direction: "Inbound", Actor: "Human"}, true},
		"meeting booked by a machine":   {Touch{Channel: "Meeting", Direction: "Inbound", Actor: "Automated"}, false},
		"answered mail is no call":      {Touch{Channel: "Email", Direction: "Inbound", Actor: "Human", Answered: true}, false},
		"nobody knows who the actor is": {Touch{Channel: "Phone", Direction: "Outbound"}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.touch.Genuine(); got != tc.want {
				t.Errorf("%+v genuine = %t, want %t", tc.touch, got, tc.want)
			}
		})
	}
}

// What another revision has judged stamps nothing, but counts for what is judged and for where the lead stands.
func TestOnlyWhatIsOurs(t *testing.T) {
	history := []Event{
		captured(day0, without(director(), "email")), demoRequest(day0.Add(day)),
		updated(day0.Add(2*day), map[string]any{"email": "a@b.example"}), pricingView(day0.Add(3 * day)),
	}
	p := mustCompile(t, midMarket())
	for name, tc := range map[string]struct {
		ours   []int // days
		reach  int   // day at which the path was reached; -1 never
		raw    float64
		misses []string
	}{
		"nothing":                       {nil, -1, 0, nil},
		"a gap":                         {[]int{0, 2}, 2, 100, nil},
		"only what came before a path":  {[]int{0}, -1, 100, nil},
		"only what a field was missing": {[]int{1}, 1, 100, nil},
	} {
		t.Run(name, func(t *testing.T) {
			j := p.Qualify(history, func(e Event) bool { return slices.Contains(tc.ours, int(e.Time.Sub(day0)/day)) })
			reached := -1
			if j.Reached != nil {
				reached = int(j.Reached.At.Sub(day0) / day)
			}
			if reached != tc.reach || j.Score.Raw != tc.raw || !slices.Equal(j.MissingNow, tc.misses) {
				t.Errorf("reached on day %d, score %v, missing %v; want %d, %v, %v", reached, j.Score.Raw, j.MissingNow, tc.reach, tc.raw, tc.misses)
			}
			if (j.Qualified != nil) != (name == "a gap") || j.Record["email"] != "a@b.example" {
				t.Errorf("qualified %+v, record %v", j.Qualified, j.Record)
			}
		})
	}
}
