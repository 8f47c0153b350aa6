// SPDX-License-Identifier: Apache-2.0

// Package clients has the vendors' own JavaScript clients drive the fakes of their CRMs: what a client does not understand, the fake has wrong.
package clients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// skip is set where no npm registry can be reached.
const skip = "HANDOFF_SKIP_CLIENTS"

// Drive runs drive.mjs of the folder beside this file with the client that its lockfile pins, and fails the test when the client is not content. The
// client is kept outside the checkout, by the hash of the lockfile.
func Drive(t *testing.T, client string, env ...string) {
	t.Helper()
	if os.Getenv(skip) == "1" {
		t.Skipf("%s=1: NOTHING WAS TESTED: the fidelity of the fake is not known without the vendor's own client (%s)", skip, client)
	}
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(here), client)
	node, err := nodeFolder(t.Context(), filepath.Join(filepath.Dir(here), "..", "..", "..", "hack", "node.sh"))
	if err != nil {
		t.Fatal(err)
	}
	installed, err := install(t.Context(), node, folder)
	if err != nil {
		t.Fatalf("the client cannot be installed, and %s=1 is not set: %v", skip, err)
	}
	drive := exec.CommandContext(t.Context(), filepath.Join(node, "node"), filepath.Join(folder, "drive.mjs"))
	drive.Env = append(os.Environ(), append(env, "CLIENT="+installed, "NO_PROXY=*")...)
	output, err := drive.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", client, err, output)
	}
	t.Logf("%s", output)
}

func nodeFolder(ctx context.Context, script string) (string, error) {
	command := exec.CommandContext(ctx, script)
	command.Stderr = os.Stderr
	output, err := command.Output()
	return strings.TrimSpace(string(output)), err
}

// install what the lockfile of the folder pins, once.
func install(ctx context.Context, node, folder string) (string, error) {
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return "", err
	}
	if strings.Contains(string(lock), `"resolved"`) {
		return "", errors.New("package-lock.json names a registry: install with omit-lockfile-registry-resolved=true, as .npmrc has it")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(lock)
	parent := filepath.Join(cache, "handoff")
	there := filepath.Join(parent, "npm-"+filepath.Base(folder)+"-"+hex.EncodeToString(hash[:8]))
	if _, err := os.Stat(there); err == nil {
		return there, nil
	}
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return "", err
	}
	// In a folder of its own, which gets its name when it is whole: two tests may install at once, and one may be stopped half way.
	fresh, err := os.MkdirTemp(parent, "npm-new-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(fresh, name), content, 0o600); err != nil {
			return "", err
		}
	}
	// The packages are those of the lockfile, by their hashes, and none of their scripts runs.
	npm := exec.CommandContext(ctx, filepath.Join(node, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir, npm.Env = fresh, append(os.Environ(), "PATH="+node+string(os.PathListSeparator)+os.Getenv("PATH"))
	if output, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	if err := os.Rename(fresh, there); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, stat := os.Stat(there); stat != nil { // somebody else was first
			return "", err
		}
	}
	return there, nil
}
