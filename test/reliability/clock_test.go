// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
)

// The clock of the machine that the workers run on is hours off, and is set while leads come in: what comes out is the same.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clock")
	set := func(off string) {
		if err := os.WriteFile(file+".new", []byte(off), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Error(err)
		}
	}
	set("3h")
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: onePair(), env: []string{"HANDOFF_FAULT_CLOCK=" + file}})
	s := newSender(t, r.scoring...)
	if !eventually(func() bool { return time.Until(r.api.lastTransition()) > 2*time.Hour }) {
		t.Fatalf("a worker says that it is %s: its clock is not off", r.api.lastTransition())
	}
	soon := []ledger.Entry{captured("soon", time.Now().Add(4*time.Minute))}
	sent := meanwhile(s, "clock", func() {
		for _, off := range []string{"-3h", "3h", "0s", "-3h"} {
			set(off)
			for range 3 {
				s.answered()
			}
		}
	})
	// An event of the next minutes is taken though the clock of the worker is behind, one of the next hour is not though it is ahead.
	s.send(1, soon)
	set("3h")
	late := captured("in-an-hour", time.Now().Add(time.Hour))
	for _, p := range r.scoring {
		if got, err := s.post(p, encode([]ledger.Entry{late})); err != nil || got.status != http.StatusBadRequest {
			t.Errorf("an event of the future: %v, %d %s", err, got.status, got.text)
		}
	}
	r.conserved(s)
	equal(t, undisturbed(t, onePair(), append(sent, soon)...), r.projection())
}

func captured(id string, at time.Time) ledger.Entry {
	return ledger.Entry{
		Source: pipelinetest.Source, ID: fmt.Sprint(id, "/1"), Lead: id, Kind: lead.KindCaptured, Time: at,
		Data: ledger.Data{Properties: map[string]any{"company": "Acme"}},
	}
}

// The clock that the workers are given here is set as that of a machine is.
func TestClockIsSetAsOnAMachine(t *testing.T) {
	cmd := exec.Command("go", "test", "-tags", "faults", "-run", "TestClockIsSet", "-v", "./internal/fault")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
