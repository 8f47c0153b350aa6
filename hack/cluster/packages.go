// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// need is a system package and how its presence shows.
type need struct {
	pkg     string
	command string // a program it brings, or
	file    string // a file it brings
}

var (
	runNeeds   = []need{{pkg: "iptables", command: "iptables-save"}, {pkg: "iproute2", command: "ip"}}
	buildNeeds = []need{
		{pkg: "gcc", command: "gcc"},
		{pkg: "pkg-config", command: "pkg-config"},
		{pkg: "libseccomp-dev", file: "/usr/include/seccomp.h"},
		{pkg: "libc6-dev", file: "/usr/include/stdlib.h"},
	}
	postgresNeeds = []need{{pkg: "mmdebstrap", command: "mmdebstrap"}}
)

func (n need) met() bool {
	if n.file != "" {
		return exists(n.file)
	}
	if _, err := exec.LookPath(n.command); err == nil {
		return true
	}
	return exists("/usr/sbin/" + n.command)
}

// install adds the missing system packages, or says what to run.
func install(ctx context.Context, needs []need) error {
	var missing []string
	for _, n := range needs {
		if !n.met() {
			missing = append(missing, n.pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	byHand := "apt-get install " + list
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("missing system packages (by their Debian names): %s", list)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("missing system packages; as root: %s", byHand)
	}
	done := step("installing Debian packages " + list)
	defer done()
	// The package list may never have been fetched, or be old.
	if err := aptGet(ctx, "update"); err != nil {
		say("  note: %v", err)
	}
	args := append([]string{"install", "-y", "--no-install-recommends"}, missing...)
	if err := aptGet(ctx, args...); err != nil {
		return fmt.Errorf("%w\ntry by hand: %s", err, byHand)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, tail(string(out), 10))
	}
	return nil
}
