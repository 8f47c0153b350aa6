// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strings"
)

// goDirective is the language version of the small modules that we build in.
const goDirective = "1.26.0"

// plainMod is the go.mod of a module that only requires one other.
func plainMod(c component) string {
	text := "module handoff.local/build\n\ngo " + goDirective + "\n"
	if c.module != "" {
		text += fmt.Sprintf("\nrequire %s %s\n", c.module, c.version)
	}
	return text
}

var stagingReplace = regexp.MustCompile(`=> \./staging/src/(\S+)`)

// stagingMod turns Kubernetes' own go.mod into one that builds its programs
// from outside: its requirements stay (so the versions are those it was
// released with), and each staging module, a folder of its repository, becomes
// the published module of the same release.
func stagingMod(upstream string, c component, staging string) string {
	var out []string
	inTools := false
	for line := range strings.Lines(upstream) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "module "):
			line = "module handoff.local/build"
		case line == "tool (":
			inTools = true
			continue
		case inTools:
			inTools = line != ")"
			continue
		case strings.HasPrefix(line, "tool "), strings.HasPrefix(line, "//"):
			continue
		}
		out = append(out, stagingReplace.ReplaceAllString(line, "=> $1 "+staging))
	}
	return strings.Join(out, "\n") + fmt.Sprintf("\nrequire %s %s\n", c.module, c.version)
}
