// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroupName is the folder, in each cgroup hierarchy, that holds all pods. A
// folder of our own tells our pods from those of another kubelet.
const cgroupName = "handoff"

// hierarchy is one mounted cgroup file system.
type hierarchy struct {
	path string
	v2   bool
}

// hierarchies reads the cgroup mounts from the text of /proc/mounts.
func hierarchies(mounts string) []hierarchy {
	var out []hierarchy
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 3 || (f[2] != "cgroup" && f[2] != "cgroup2") {
			continue
		}
		out = append(out, hierarchy{path: f[1], v2: f[2] == "cgroup2"})
	}
	return out
}

func mountedHierarchies() []hierarchy {
	text, _ := os.ReadFile("/proc/mounts")
	return hierarchies(string(text))
}

// cgroupsUp makes our folder in every hierarchy; the kubelet requires it.
func cgroupsUp() error {
	for _, h := range mountedHierarchies() {
		dir := filepath.Join(h.path, cgroupName)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if h.v2 {
			delegate(h.path)
			delegate(dir)
			continue
		}
		// A v1 cpuset starts without CPUs and takes no process until it has some.
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			if value, err := os.ReadFile(filepath.Join(h.path, name)); err == nil {
				_ = os.WriteFile(filepath.Join(dir, name), value, 0o644)
			}
		}
	}
	return nil
}

// delegate hands each controller down one by one: one that cannot be handed
// down does not stop the others.
func delegate(dir string) {
	text, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	for _, controller := range strings.Fields(string(text)) {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
	}
}

// killPods kills every process in our cgroups: containers, whatever their
// parents are. It repeats, since a process may fork while it is looked for.
func killPods(limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		pids := podProcesses()
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func podProcesses() []int {
	var out []int
	for _, h := range mountedHierarchies() {
		_ = filepath.WalkDir(filepath.Join(h.path, cgroupName), func(path string, _ fs.DirEntry, _ error) error {
			if filepath.Base(path) != "cgroup.procs" {
				return nil
			}
			text, _ := os.ReadFile(path) // a group may go while we look
			for _, word := range strings.Fields(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
					out = append(out, pid)
				}
			}
			return nil
		})
	}
	return out
}

// cgroupsDown removes our folders, the deepest first.
func cgroupsDown() {
	for _, h := range mountedHierarchies() {
		var dirs []string
		_ = filepath.WalkDir(filepath.Join(h.path, cgroupName), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		slices.Reverse(dirs)
		for _, dir := range dirs {
			removeCgroup(dir)
		}
	}
}

// removeCgroup tries for a while: the kernel empties a group a moment after
// its last process has ended.
func removeCgroup(dir string) {
	for range 40 {
		if err := syscall.Rmdir(dir); err == nil || os.IsNotExist(err) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	say("  note: cgroup %s is still in use", dir)
}
