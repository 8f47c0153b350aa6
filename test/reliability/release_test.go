// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A release cannot be told to kill itself: nothing of the faults is in what is built without the tag. In the programs of these tests there is.
func TestReleaseHasNoFaults(t *testing.T) {
	if err := build(); err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{filepath.Join(programs, "scoring-worker"): true, filepath.Join(programs, "routing-worker"): true}
	for tags, want := range map[string]bool{"": false, "faults": true} {
		// What the compiler made of the only package that knows of them, as it is linked into every program.
		cmd := exec.Command("go", "list", "-export", "-f", "{{.Export}}", "-tags", tags, "./internal/fault")
		cmd.Dir = filepath.Join("..", "..")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSpace(string(out))] = want
	}
	for name, want := range files {
		compiled, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(compiled, []byte("HANDOFF_FAULT")); got != want {
			t.Errorf("%s: has faults: %v, want %v", name, got, want)
		}
	}
}
