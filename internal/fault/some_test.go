// SPDX-License-Identifier: Apache-2.0

//go:build faults

package fault

import (
	"testing"
	"time"
)

// Run by test/reliability, which builds with the tag.
func TestClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{3 * time.Hour, -3 * time.Hour, -time.Second} {
		before := time.Now()
		after := set(before, by)
		if got := after.Sub(before); got != 0 {
			t.Errorf("%s: the monotonic clock moved by %s", by, got)
		}
		if got := after.Round(0).Sub(before.Round(0)); got != by {
			t.Errorf("%s: the wall clock moved by %s", by, got)
		}
		if got := set(before.Round(0), by).Sub(before.Round(0)); got != by {
			t.Errorf("%s: a time without a monotonic reading moved by %s", by, got)
		}
	}
}
