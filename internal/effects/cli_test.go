// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Who looks sees what was given up and why, and decides about it.
func TestDeadLetters(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	s.status = func(_ string, n int) int {
		if n <= 2 {
			return http.StatusBadRequest
		}
		return http.StatusOK
	}
	t.Setenv("LEDGER", r.dsn)
	kubectl := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := cli.Root(time.Now)
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(append(append([]string{"dead-letters"}, args...), "--ledger-env", "LEDGER", "--tenant", tenant))
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := kubectl(args...)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	if out := must("list"); out != "Nothing is parked.\n" {
		t.Errorf("an empty list: %q", out)
	}
	r.news("L1", "L2")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	if out := must("list", "--waiting"); strings.Count(out, " Waiting ") != 2 {
		t.Errorf("waiting:\n%s", out)
	}
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	var letters []ledger.Letter
	r.until("both are parked", func() bool {
		letters = nil
		if err := json.Unmarshal([]byte(must("list", "-o", "json")), &letters); err != nil {
			t.Fatal(err)
		}
		return len(letters) == 2
	})
	text := must("list")
	if !strings.Contains(text, "status 400") || strings.Contains(text, secret) || strings.Contains(text, "127.0.0.1") || !strings.Contains(text, "L2") {
		t.Errorf("list:\n%s", text)
	}
	for _, args := range [][]string{{"retry"}, {"retry", "x"}, {"retry", "1", "--all"}, {"retry", "999"}, {"discard", "999"}, {"list", "-o", "yaml"}, {}} {
		if out, err := kubectl(args...); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out := must("discard", fmt.Sprint(letters[0].Job)); out != "1 discarded\n" {
		t.Errorf("discard: %q", out)
	}
	if out := must("retry", "--all"); out != "1 tried again\n" {
		t.Errorf("retry: %q", out)
	}
	r.until("it is told", func() bool { return len(s.taken()) == 1 && r.crmSettled() })
	if out := must("list", "--waiting"); out != "Nothing is parked, and nothing waits.\n" {
		t.Errorf("in the end:\n%s", out)
	}
}
