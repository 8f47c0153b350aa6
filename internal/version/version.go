// SPDX-License-Identifier: Apache-2.0

// Package version says which Handoff a binary is.
package version

import "runtime/debug"

// dev is the version of a build that nobody named.
const dev = "dev"

// Version is set by the linker in released binaries (-X). Read it through String.
var Version = dev

// String is the version set at build time, else the module version or commit that Go recorded, else "dev".
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Version
	}
	return from(Version, info)
}

func from(linked string, info *debug.BuildInfo) string {
	if linked != dev && linked != "" {
		return linked
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return dev
	}
	if len(revision) > 12 {
		revision = revision[:12]
	}
	if settings["vcs.modified"] == "true" {
		return dev + "-" + revision + "-dirty"
	}
	return dev + "-" + revision
}
