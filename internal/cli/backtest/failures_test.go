// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each lead fails with a value of its own: what is kept is the way, not the value.
func TestOutcomeFailures(t *testing.T) {
	var b strings.Builder
	b.WriteString(fourLeads)
	for i := range 300 {
		fmt.Fprintf(&b, "n%d,2026-02-01,paid,1,no \"\"%d\n", i, i)
	}
	text := strings.ReplaceAll(b.String(), "no \"\"", "w")
	in := input(t, 40)
	in.Leads, in.Outcome = []string{files(t, map[string]string{"l.csv": text})("l.csv")}, `int(row.won) > 0 || timestamp(row.won) > timestamp("2026-01-01T00:00:00Z")`
	want := []string{"the outcome of 303 of 304 leads could not be told and counts as not converted: "}
	for _, more := range []string{"", "l2.csv"} { // a row a lead, and joined
		if more != "" {
			in.Leads = append(in.Leads, files(t, map[string]string{more: "lead_id,other\na,1\n"})(more))
		}
		r := run(t, in)
		got := r.Notes
		for i, note := range got {
			if at := strings.Index(note, ": "); at > 0 {
				got[i] = note[:at+2]
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("notes (-want +got)\n%s", diff)
		}
	}
}

func TestFailuresAreFew(t *testing.T) {
	var one, all failures
	for i := range 3 * maxFailures {
		one.add(fmt.Errorf("way %d", i))
	}
	for range 11 {
		all.add(errors.New(`parsing "a \" b": invalid`))
	}
	all.merge(&one)
	if len(all.why) > maxFailures || all.leads != 3*maxFailures+11 {
		t.Errorf("%d ways of %d leads are kept", len(all.why), all.leads)
	}
	const failed = "could not be told and counts as not converted: "
	want := []string{
		"the outcome of 11 of 1000 leads " + failed + "parsing a value: invalid",
		"the outcome of 1 of 1000 leads " + failed + "way 0",
		"the outcome of 1 of 1000 leads " + failed + "way 1",
		"for other reasons, neither that of 58 leads",
	}
	if diff := cmp.Diff(want, all.notes(1000)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
