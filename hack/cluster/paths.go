// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// layout names every file and folder the program owns. All of it lives below
// one cache folder, outside the repository, so nothing of the user's is touched.
type layout struct{ cache string }

func newLayout() (layout, error) {
	base := os.Getenv("HANDOFF_CACHE")
	if base == "" {
		var err error
		if base, err = userCache(); err != nil {
			return layout{}, err
		}
	}
	abs, err := filepath.Abs(base)
	if err != nil {
		return layout{}, err
	}
	// The kernel lists mounts and programs by their real paths; ours must match.
	cache := filepath.Join(abs, "handoff")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return layout{}, err
	}
	cache, err = filepath.EvalSymlinks(cache)
	return layout{cache: cache}, err
}

// userCache is XDG_CACHE_HOME or ~/.cache, on every system: one documented
// place is easier to find than each system's own.
func userCache() (string, error) {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: set HANDOFF_CACHE: %w", err)
	}
	return filepath.Join(home, ".cache"), nil
}

func (l layout) store() string  { return filepath.Join(l.cache, "store") }
func (l layout) work() string   { return filepath.Join(l.cache, "work") }
func (l layout) images() string { return filepath.Join(l.cache, "images") }

// logs outlive `down`, so that a failed run can still be looked into.
func (l layout) logs() string { return filepath.Join(l.cache, "logs") }

// run holds one running cluster; `down` removes it whole.
func (l layout) run() string { return filepath.Join(l.cache, "cluster") }

func (l layout) inRun(parts ...string) string {
	return filepath.Join(append([]string{l.run()}, parts...)...)
}
func (l layout) kubeconfig() string { return l.inRun("kubeconfig") }
func (l layout) provider() string   { return l.inRun("provider") }
func (l layout) socket() string     { return l.inRun("containerd.sock") }

// maxRunPath keeps the sockets below the run folder within the 107 bytes that
// a unix socket's address may have.
const maxRunPath = 70

func (l layout) checkLength() error {
	if n := len(l.run()); n > maxRunPath {
		return fmt.Errorf("cache folder too deep: %s has %d characters, at most %d fit a socket path; set HANDOFF_CACHE to a shorter one",
			l.run(), n, maxRunPath)
	}
	return nil
}

// lock keeps two builds or two ups apart. The kernel drops it when the process
// ends, however it ends, so there is no stale lock to clear by hand.
func (l layout) lock() (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(l.cache, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		say("another cluster command is at work; waiting for it")
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return func() { _ = f.Close() }, nil
}

// writeFile makes the parent folder, writes to a temporary name and renames.
func writeFile(path string, body []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, body, mode); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
