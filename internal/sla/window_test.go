// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"testing"
	"time"
)

func TestParseWindow(t *testing.T) {
	cases := map[string]struct {
		want time.Duration
		text string // what FormatWindow makes of it; empty: the same
	}{
		"5m":       {want: 5 * time.Minute},
		"1h30m":    {want: 90 * time.Minute},
		"16d":      {want: 16 * 24 * time.Hour},
		"1d12h":    {want: 36 * time.Hour},
		"24h":      {want: 24 * time.Hour, text: "1d"},
		"1d2h3m4s": {want: 26*time.Hour + 3*time.Minute + 4*time.Second},
		"90s":      {want: 90 * time.Second, text: "1m30s"},
		"99999d":   {want: 99999 * 24 * time.Hour},
	}
	for text, tc := range cases {
		t.Run(text, func(t *testing.T) {
			got, err := ParseWindow(text)
			if err != nil || got != tc.want {
				t.Errorf("ParseWindow = %v, %v; want %v", got, err, tc.want)
			}
			if tc.text == "" {
				tc.text = text
			}
			if back := FormatWindow(got); back != tc.text {
				t.Errorf("FormatWindow = %q, want %q", back, tc.text)
			}
		})
	}
	for _, bad := range []string{"", "5", "m", "0m", "05m", "-5m", "+5m", "1.5h", "5 m", "5m1h", "1h1h", "5min", "1w", "5M", "123456s", "5ms", "٥m"} {
		if got, err := ParseWindow(bad); err == nil {
			t.Errorf("ParseWindow(%q) = %v, want an error", bad, got)
		}
	}
	if got := FormatWindow(500 * time.Millisecond); got != "0s" {
		t.Errorf("FormatWindow(0.5s) = %q", got)
	}
}

func TestPercentOf(t *testing.T) {
	if got := percentOf(5*time.Minute, 80); got != 4*time.Minute {
		t.Errorf("80%% of 5m = %v", got)
	}
	if got, want := percentOf(99999*24*time.Hour, 100), 99999*24*time.Hour; got != want {
		t.Errorf("100%% of the longest window = %v, want %v", got, want)
	}
	if got := percentOf(99, 50); got != 49 {
		t.Errorf("50%% of 99ns = %d", got)
	}
}
