// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// asCommand in the environment makes the test binary kubectl-sla itself, so that scripts can be run as people paste them.
const asCommand = "HANDOFF_TEST_AS_KUBECTL_SLA"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		os.Exit(m.Run())
	}
	if err := Root(time.Now).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// onPath makes a folder in which `kubectl sla` is this binary: a kubectl that runs its plugin, as the real one does, and no other verb.
func onPath(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"kubectl":     "#!/bin/bash\n[ \"$1\" = sla ] || { echo \"no cluster here: kubectl $*\" >&2; exit 1; }\nshift\nexec kubectl-sla \"$@\"\n",
		"kubectl-sla": "#!/bin/bash\n" + asCommand + "=1 exec '" + self + "' \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
