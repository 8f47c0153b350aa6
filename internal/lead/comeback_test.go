// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestComeback(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	p := mustCompile(t, recycling())
	cases := map[string]struct {
		history []Event // after a demo request on day 1, the hand-off
		from    time.Time
		signals []string
		rule    bool
	}{
		"nobody has disposed of it": {history: []Event{demoRequest(on(5))}},
		"disposed before the hand-off": {
			history: []Event{disposedOf(on(0), "", "BadTiming")},
		},
		"disqualified": {history: []Event{disposedOf(on(3), "", "NotICP")}},
		"recycled": {
			history: []Event{disposedOf(on(3), "", "BadTiming")}, from: on(93), rule: true,
		},
		"with signals before and after": {
			history: []Event{pricingView(on(2)), disposedOf(on(3), "", "BadTiming"), demoRequest(on(4)), demoRequest(on(5))},
			from:    on(93), signals: []string{"demoRequest"}, rule: true,
		},
		"by the latest": {
			history: []Event{disposedOf(on(3), "", "BadTiming"), demoRequest(on(4)), disposedOf(on(5), "", "NoResponse")}, from: on(35), rule: true,
		},
		"by a new contact": {history: []Event{disposedOf(on(3), "", "StakeholderChange")}, rule: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			history := append([]Event{captured(on(0), nil), demoRequest(on(1))}, tc.history...)
			got := p.Comeback(history, on(1))
			if diff := cmp.Diff(tc.signals, got.Signals); diff != "" {
				t.Errorf("signals (-want +got):\n%s", diff)
			}
			if !got.From().Equal(tc.from) || (got.Rule != nil) != tc.rule {
				t.Errorf("from %s by %+v, want %s", got.From(), got.Rule, tc.from)
			}
		})
	}
}
