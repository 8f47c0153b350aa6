// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// cniCache is a folder that the CNI library uses whatever it is told.
	cniCache = "/var/lib/cni"
	// shimSockets is where every containerd's shims listen.
	shimSockets = "/run/containerd/s"
	// containerLogs is where every kubelet links to its pods' logs.
	containerLogs = "/var/log/containers"
)

// down removes everything the cluster made, in the order that keeps it from
// being made again. Each part copes with what is already gone, so that it
// cleans after an `up` that stopped anywhere.
func (p local) down(ctx context.Context) error {
	l := p.l
	rec, err := readRecords(l)
	if err != nil {
		return err
	}
	b, changed, err := readBefore(l)
	if err != nil {
		return err
	}
	// The data is thrown away, so nobody needs long to save it.
	stopProcesses(rec.list, 2*time.Second)
	sockets := shimAddresses(l)
	if changed {
		killPods(10 * time.Second)
		stopProcesses(shims(l), time.Second)
		killPods(10 * time.Second)
	}
	if err := unmountAll(l.run()); err != nil {
		return err
	}
	if changed {
		networkDown(ctx)
		restoreChains(ctx, b)
		cgroupsDown()
		restoreSysctls(b)
		removeStrays(l, b, sockets)
	}
	return os.RemoveAll(l.run())
}

// shims finds our containerd's shims: they leave their parent, so nobody
// recorded them, but their command line names our socket.
func shims(l layout) []process {
	var out []process
	entries, _ := os.ReadDir(string(proc))
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		cmdline, _ := os.ReadFile(filepath.Join(string(proc), e.Name(), "cmdline"))
		if !isShim(string(cmdline), l.socket()) {
			continue
		}
		if _, start, err := proc.stat(pid); err == nil {
			out = append(out, process{Name: "shim", PID: pid, Start: start})
		}
	}
	return out
}

// isShim reads a command line as the kernel gives it, with NULs between words.
func isShim(cmdline, socket string) bool {
	words := strings.Split(cmdline, "\x00")
	if !strings.HasPrefix(filepath.Base(words[0]), "containerd-shim") {
		return false
	}
	for i, word := range words[:len(words)-1] {
		if word == "-address" && words[i+1] == socket {
			return true
		}
	}
	return false
}

var socketAddress = regexp.MustCompile(`unix://(` + shimSockets + `/[0-9a-f]+)`)

// shimAddresses reads, from containerd's state, the sockets of our shims.
func shimAddresses(l layout) []string {
	var out []string
	files, _ := filepath.Glob(l.inRun("state", "io.containerd.runtime.v2.task", "*", "*", "*"))
	for _, file := range files {
		if name := filepath.Base(file); name != "address" && name != "bootstrap.json" {
			continue
		}
		text, _ := os.ReadFile(file)
		for _, m := range socketAddress.FindAllStringSubmatch(string(text), -1) {
			out = append(out, m[1])
		}
	}
	return out
}

// removeStrays removes what lies outside the run folder because the programs
// have its place built in. Only what names our cluster goes, and then the
// folders if nothing else is in them.
func removeStrays(l layout, b before, sockets []string) {
	for _, socket := range sockets {
		_ = os.Remove(socket)
	}
	results, _ := filepath.Glob(cniCache + "/results/handoff-*")
	for _, file := range results {
		_ = os.Remove(file)
	}
	links, _ := os.ReadDir(containerLogs)
	for _, e := range links {
		path := filepath.Join(containerLogs, e.Name())
		if to, err := os.Readlink(path); err == nil && strings.HasPrefix(to, l.run()+"/") {
			_ = os.Remove(path)
		}
	}
	empty := []string{containerLogs, shimSockets, filepath.Dir(shimSockets)}
	if !b.CNIState {
		empty = append(empty, cniCache+"/results", cniCache)
	}
	for _, dir := range empty {
		_ = os.Remove(dir) // fails, as it should, when not empty
	}
}
