// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// forwardChain holds the cluster's own two rules.
const forwardChain = "HANDOFF-FORWARD"

// chainSets lists, for iptables and ip6tables, the chains as "table chain".
type chainSets map[string][]string

var families = []string{"iptables", "ip6tables"}

// ownChain tells chains that Kubernetes, CNI plugins and we make. Chains of the
// same kind that were there before belong to another cluster and stay.
func ownChain(name string) bool {
	return strings.HasPrefix(name, "KUBE-") || strings.HasPrefix(name, "CNI-") || name == forwardChain
}

// chainsOf lists the own chains in the output of iptables-save.
func chainsOf(saved string) []string {
	var out []string
	table := ""
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, ":"):
			if name := strings.Fields(line[1:])[0]; ownChain(name) {
				out = append(out, table+" "+name)
			}
		}
	}
	return out
}

// removal is the iptables-restore --noflush input that removes the own chains
// which were not there before, and every rule elsewhere that jumps to one.
func removal(saved string, keep []string) string {
	doomed := map[string]bool{}
	for _, chain := range chainsOf(saved) {
		doomed[chain] = !slices.Contains(keep, chain)
	}
	var out, table strings.Builder
	var declare, drop []string
	name := ""
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			name = line[1:]
			declare, drop = nil, nil
			table.Reset()
		case strings.HasPrefix(line, ":"):
			// Declaring a chain again empties it, so that it can be dropped.
			if chain := strings.Fields(line[1:])[0]; doomed[name+" "+chain] {
				declare = append(declare, ":"+chain+" - [0:0]\n")
				drop = append(drop, "-X "+chain+"\n")
			}
		case strings.HasPrefix(line, "-A "):
			fields := strings.Fields(line)
			if !doomed[name+" "+fields[1]] && doomed[name+" "+target(fields)] {
				table.WriteString("-D " + strings.TrimPrefix(line, "-A ") + "\n")
			}
		case line == "COMMIT" && len(declare) > 0:
			fmt.Fprintf(&out, "*%s\n%s%s%sCOMMIT\n", name, strings.Join(declare, ""), table.String(), strings.Join(drop, ""))
		}
	}
	return out.String()
}

// target is the chain that a rule jumps or goes to.
func target(fields []string) string {
	for i, f := range fields[:len(fields)-1] {
		if f == "-j" || f == "-g" {
			return fields[i+1]
		}
	}
	return ""
}

func currentChains(ctx context.Context) (chainSets, error) {
	sets := chainSets{}
	for _, family := range families {
		saved, err := save(ctx, family)
		if err != nil {
			return nil, err
		}
		sets[family] = chainsOf(saved)
	}
	return sets, nil
}

// save is empty for a family the kernel does not have.
func save(ctx context.Context, family string) (string, error) {
	out, err := exec.CommandContext(ctx, family+"-save").Output()
	if err != nil && family == "ip6tables" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s-save: %w", family, err)
	}
	return string(out), nil
}

// restoreChains removes what the cluster added to the packet filter.
func restoreChains(ctx context.Context, b before) {
	for _, family := range families {
		saved, err := save(ctx, family)
		if err != nil {
			say("  note: %v", err)
			continue
		}
		input := removal(saved, b.Chains[family])
		if input == "" {
			continue
		}
		cmd := exec.CommandContext(ctx, family+"-restore", "--noflush", "--wait", "10")
		cmd.Stdin = bytes.NewBufferString(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			say("  note: %s-restore: %v\n%s", family, err, tail(string(out), 5))
		}
	}
}
