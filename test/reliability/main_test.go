// SPDX-License-Identifier: Apache-2.0

// Package reliability breaks things while leads come in, and checks from the tables that nothing was lost and nothing was done twice. The
// workers are the programs that are shipped, built with the tag `faults` so that they can be killed at a named step; the database is a
// PostgreSQL of its own. docs/reliability.md lists what is broken here.
package reliability

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

var programs string // folder of the workers

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "handoff-reliability-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	return ledgertest.Run(m)
}

var build = sync.OnceValue(func() error { return compile(programs, "-tags", "faults") })

// compile builds the workers, without the race detector.
func compile(folder string, flags ...string) error {
	args := append([]string{"build", "-buildvcs=false", "-ldflags=-s -w", "-o", folder + string(filepath.Separator)}, flags...)
	cmd := exec.Command("go", append(args, "./cmd/scoring-worker", "./cmd/routing-worker")...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the workers: %w\n%s", err, out)
	}
	return nil
}
