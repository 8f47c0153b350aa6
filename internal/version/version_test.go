// SPDX-License-Identifier: Apache-2.0

package version

import (
	"runtime/debug"
	"testing"
)

func TestFrom(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	cases := map[string]struct {
		linked string
		info   debug.BuildInfo
		want   string
	}{
		"the linker's word wins": {
			linked: "v1.2.3",
			info:   debug.BuildInfo{Main: debug.Module{Version: "v0.9.0"}, Settings: []debug.BuildSetting{revision}},
			want:   "v1.2.3",
		},
		"an installed module names itself": {
			linked: "dev",
			info:   debug.BuildInfo{Main: debug.Module{Version: "v0.9.0"}},
			want:   "v0.9.0",
		},
		"a checkout is known by its commit": {
			linked: "dev",
			info:   debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{revision}},
			want:   "dev-0123456789ab",
		},
		"a changed checkout says so": {
			linked: "dev",
			info:   debug.BuildInfo{Settings: []debug.BuildSetting{revision, modified}},
			want:   "dev-0123456789ab-dirty",
		},
		"a short revision is kept whole": {
			linked: "dev",
			info:   debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}}},
			want:   "dev-0123",
		},
		"nothing is known": {linked: "dev", want: "dev"},
		"an empty -X":      {linked: "", want: "dev"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := from(tc.linked, &tc.info); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestStringIsNeverEmpty(t *testing.T) {
	if String() == "" {
		t.Error("empty version")
	}
}
