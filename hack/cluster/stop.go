// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// cniResults is where the CNI library notes each pod's network.
	cniResults = "/var/lib/cni/results"
	// shimSockets is where every containerd's shims listen.
	shimSockets = "/run/containerd/s"
	// containerLogs is where every kubelet links to its pods' logs.
	containerLogs = "/var/log/containers"
	// kubeletPlugins gets the kubelet's socket for plugins of old.
	kubeletPlugins = "/var/lib/kubelet/device-plugins"
	kubeletSocket  = kubeletPlugins + "/kubelet.sock"
)

// builtInFolders are made by the programs whatever they are told, the deepest
// first. Those that were not there before go again, if they are empty.
var builtInFolders = []string{
	cniResults, "/var/lib/cni", shimSockets, "/run/containerd", containerLogs, kubeletPlugins, "/var/lib/kubelet",
}

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
	stopProcesses(append(rec.list, strays(l)...), 2*time.Second)
	sockets := shimAddresses(l)
	if changed {
		killPods(10 * time.Second)
		stopProcesses(strays(l), time.Second) // what a dying one may have started
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

// strays finds our programs that nobody recorded: shims, which leave their
// parent, and a daemon started just before `up` was killed.
func strays(l layout) []process {
	var out []process
	entries, _ := os.ReadDir(string(proc))
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		cmdline, _ := os.ReadFile(filepath.Join(string(proc), e.Name(), "cmdline"))
		if !ours(string(cmdline), l.run()) {
			continue
		}
		if _, start, err := proc.stat(pid); err == nil {
			out = append(out, process{Name: "stray", PID: pid, Start: start})
		}
	}
	return out
}

// ours reads a command line as the kernel gives it, with NULs between words: a
// program of the cluster that was given a path in our run folder. A kubectl of
// the user's is given one too, and is not ours to stop.
func ours(cmdline, run string) bool {
	words := strings.Split(cmdline, "\x00")
	name := filepath.Base(words[0])
	known := slices.ContainsFunc(components(), func(c component) bool { return c.name == name && name != "kubectl" })
	return known && slices.ContainsFunc(words[1:], func(word string) bool { return strings.Contains(word, run+"/") })
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
	results, _ := filepath.Glob(cniResults + "/" + cniName + "-*")
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
	if slices.Contains(b.Absent, kubeletPlugins) {
		_ = os.Remove(kubeletSocket)
	}
	for _, dir := range b.Absent {
		_ = os.Remove(dir) // fails, as it should, when not empty
	}
}
