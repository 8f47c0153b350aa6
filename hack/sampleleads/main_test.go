// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
)

func output(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(args, &out, time.Date(2027, 1, 20, 15, 0, 0, 0, time.UTC))
	return out.String(), err
}

func TestPartsAddUp(t *testing.T) {
	parts := map[string]string{}
	for _, part := range []string{"history", "today", "touches", "all"} {
		text, err := output(t, "--leads", "40", "--part", part)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			var e sample.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Source != sample.Source {
				t.Fatalf("%s: %v: %s", part, err, line)
			}
		}
		parts[part] = text
	}
	if parts["all"] != parts["history"]+parts["today"] || parts["touches"] == "" {
		t.Error("all is not history and today, or nobody is touched")
	}
}

func TestExpectIsJSON(t *testing.T) {
	text, err := output(t, "--leads", "40", "--expect")
	if err != nil {
		t.Fatal(err)
	}
	var e sample.Expectation
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Captured+e.Stages["Merged"] != 38 || len(e.Rows) == 0 {
		t.Errorf("%v: %+v", err, e)
	}
}

func TestHelpAndMistakes(t *testing.T) {
	if text, err := output(t, "--help"); err != nil || !strings.Contains(text, "They are synthetic") {
		t.Errorf("%v: %s", err, text)
	}
	for _, args := range [][]string{{"--now", "soon"}, {"--part", "future"}, {"--weeks", "0"}, {"--nonsense"}} {
		if _, err := output(t, args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
