// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// before is what the machine looked like before the cluster changed it.
type before struct {
	Sysctls map[string]string `json:"sysctls"`
	Chains  chainSets         `json:"chains"`
	// Absent are the folders with a built-in place that were not there.
	Absent []string `json:"absent"`
}

// neededSysctls let pods reach each other through Services.
var neededSysctls = map[string]string{
	"net/ipv4/ip_forward":                "1",
	"net/bridge/bridge-nf-call-iptables": "1",
}

// kubeletSysctls are set by the kubelet itself; `down` puts them back.
var kubeletSysctls = []string{
	"vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	"net/bridge/bridge-nf-call-ip6tables", "net/ipv6/conf/all/forwarding",
}

func sysctlPath(name string) string { return filepath.Join("/proc/sys", name) }

// snapshot records the machine's state for `down`. One that is there already
// is kept: it was taken before an `up` that did not finish.
func snapshot(ctx context.Context, l layout) error {
	path := l.inRun("before.json")
	if exists(path) {
		return nil
	}
	b := before{Sysctls: map[string]string{}}
	for _, dir := range builtInFolders {
		if !exists(dir) {
			b.Absent = append(b.Absent, dir)
		}
	}
	names := append([]string{}, kubeletSysctls...)
	for name := range neededSysctls {
		names = append(names, name)
	}
	for _, name := range names {
		if value, err := os.ReadFile(sysctlPath(name)); err == nil {
			b.Sysctls[name] = strings.TrimSpace(string(value))
		}
	}
	var err error
	if b.Chains, err = currentChains(ctx); err != nil {
		return err
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, text, 0o644)
}

// readBefore is empty when no snapshot was taken, which means that nothing of
// the machine was changed yet.
func readBefore(l layout) (b before, taken bool, err error) {
	text, err := os.ReadFile(l.inRun("before.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return before{}, false, nil
	}
	if err != nil {
		return before{}, false, err
	}
	return b, true, json.Unmarshal(text, &b)
}

// networkUp makes the bridge first: the kubelet refuses a loopback node
// address. The route sends Service addresses to the bridge, so that the machine
// reaches them with an address of the cluster and without a default route.
func networkUp(ctx context.Context) error {
	// Absent where it is built in, or where modules are not ours to load.
	_ = command(ctx, "modprobe", "br_netfilter")
	for name, value := range neededSysctls {
		if err := os.WriteFile(sysctlPath(name), []byte(value), 0o644); err != nil {
			say("  note: %v; pods may not reach Services", err)
		}
	}
	steps := [][]string{
		{"ip", "link", "add", bridge, "type", "bridge"},
		{"ip", "addr", "add", nodeIP + "/16", "dev", bridge},
		{"ip", "link", "set", bridge, "up"},
		{"ip", "route", "add", serviceCIDR, "dev", bridge, "src", nodeIP},
		// Where a firewall drops forwarded packets by default, pods may still talk.
		{"iptables", "-w", "-N", forwardChain},
		{"iptables", "-w", "-A", forwardChain, "-s", podCIDR, "-j", "ACCEPT"},
		{"iptables", "-w", "-A", forwardChain, "-d", podCIDR, "-j", "ACCEPT"},
		{"iptables", "-w", "-I", "FORWARD", "-j", forwardChain},
	}
	for _, args := range steps {
		if err := command(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// networkDown removes the bridge, with it its routes, and the pods' ends of it.
func networkDown(ctx context.Context) {
	if !exists("/sys/class/net/" + bridge) {
		return
	}
	ports, _ := os.ReadDir("/sys/class/net/" + bridge + "/brif")
	for _, port := range ports {
		// A port goes by itself when its network namespace does; no matter who is first.
		_ = command(ctx, "ip", "link", "del", port.Name())
	}
	if err := command(ctx, "ip", "link", "del", bridge); err != nil {
		say("  note: %v", err)
	}
}

func restoreSysctls(b before) {
	for name, value := range b.Sysctls {
		now, err := os.ReadFile(sysctlPath(name))
		if err != nil || strings.TrimSpace(string(now)) == value {
			continue
		}
		if err := os.WriteFile(sysctlPath(name), []byte(value), 0o644); err != nil {
			say("  note: %v", err)
		}
	}
}

// command runs a short program; its output is part of the error.
func command(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(string(out), 10))
	}
	return nil
}
