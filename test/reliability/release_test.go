// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A release cannot be told to kill itself: nothing of the faults is in it. In the programs of these tests there is.
func TestReleaseHasNoFaults(t *testing.T) {
	release := t.TempDir()
	if err := compile(release); err != nil {
		t.Fatal(err)
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"scoring-worker", "routing-worker"} {
		for folder, want := range map[string]bool{release: false, programs: true} {
			program, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Contains(program, []byte("HANDOFF_FAULT")); got != want {
				t.Errorf("%s: has faults: %v, want %v", filepath.Join(folder, name), got, want)
			}
		}
	}
}
