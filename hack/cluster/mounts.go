// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"strings"
)

// mountsBelow lists the mount points at or below a folder, the last mounted
// first, from the text of /proc/self/mountinfo.
func mountsBelow(mountinfo, folder string) []string {
	var out []string
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		point := unescapeMount.Replace(f[4])
		if point == folder || strings.HasPrefix(point, folder+"/") {
			out = append(out, point)
		}
	}
	slices.Reverse(out)
	return out
}

// The kernel writes white space and backslashes of a path in octal.
var unescapeMount = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// unmountAll takes down every mount below a folder.
func unmountAll(folder string) error {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for _, point := range mountsBelow(string(text), folder) {
		if err := unmount(point); err != nil {
			return &os.PathError{Op: "unmount", Path: point, Err: err}
		}
	}
	return nil
}
