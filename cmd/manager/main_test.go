// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		args  []string
		image string // in the environment
		want  string // part of the error
		check func(options) bool
	}{
		"no image":             {want: "HANDOFF_WORKER_IMAGE"},
		"image by environment": {image: "a", check: func(o options) bool { return o.image == "a" && o.elect && o.level == slog.LevelInfo }},
		"the flag wins":        {args: []string{"--worker-image=b"}, image: "a", check: func(o options) bool { return o.image == "b" }},
		"keys by environment":  {image: "a", check: func(o options) bool { return o.signers.String() == "a/handoff-signers" }},
		"keys by flag": {
			args: []string{"--signers-configmap=keys", "--signers-namespace=own"}, image: "a",
			check: func(o options) bool { return o.signers.String() == "own/keys" },
		},
		"keys from nowhere":  {args: []string{"--signers-namespace="}, image: "a", want: "POD_NAMESPACE"},
		"keys without name":  {args: []string{"--signers-configmap="}, image: "a", want: "--signers-namespace"},
		"level":              {args: []string{"--log-level=debug"}, image: "a", check: func(o options) bool { return o.level == slog.LevelDebug }},
		"unknown level":      {args: []string{"--log-level=loud"}, image: "a", want: "loud"},
		"left over":          {args: []string{"start"}, image: "a", want: `unexpected argument "start"`},
		"unknown flag":       {args: []string{"--nope"}, image: "a", want: "nope"},
		"version needs none": {args: []string{"--version"}, check: func(o options) bool { return o.version }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := parse(tc.args, func(string) string { return tc.image }, &bytes.Buffer{})
			switch {
			case tc.want != "":
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
			case err != nil:
				t.Error(err)
			case !tc.check(o):
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	out := &bytes.Buffer{}
	if err := run(t.Context(), []string{"--version"}, func(string) string { return "" }, out, &bytes.Buffer{}); err != nil || out.Len() < 2 {
		t.Errorf("%q, %v", out, err)
	}
}

func TestRunWithoutImage(t *testing.T) {
	err := run(t.Context(), nil, func(string) string { return "" }, &bytes.Buffer{}, &bytes.Buffer{})
	if !errors.Is(err, errNoImage) {
		t.Errorf("error %v", err)
	}
}
