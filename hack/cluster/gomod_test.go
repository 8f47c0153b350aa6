// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

const upstream = `// This is a generated file.

module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require (
	github.com/blang/semver/v4 v4.0.0
	k8s.io/api v0.0.0 // indirect
)

tool (
	example.org/tool
	example.org/other
)

tool example.org/third

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/cri-api => ./staging/src/k8s.io/cri-api
	example.org/fork => example.org/forked v1.2.3
)
`

func TestStagingMod(t *testing.T) {
	got := stagingMod(upstream, kube("kubelet"), "v0.36.3")
	for _, want := range []string{
		"module handoff.local/build\n",
		"\tk8s.io/api => k8s.io/api v0.36.3\n",
		"\tk8s.io/cri-api => k8s.io/cri-api v0.36.3\n",
		"\texample.org/fork => example.org/forked v1.2.3\n",
		"\tgithub.com/blang/semver/v4 v4.0.0\n",
		"godebug default=go1.26\n",
		"\nrequire k8s.io/kubernetes " + kubeVersion + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, unwanted := range []string{"./staging", "tool", "module k8s.io/kubernetes", "generated"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("%q left in\n%s", unwanted, got)
		}
	}
	if strings.Count(got, ")\n") != 2 {
		t.Errorf("the tool block took more or less than itself:\n%s", got)
	}
}

func TestPlainMod(t *testing.T) {
	cases := map[string]struct {
		in   component
		want string
	}{
		"with a module": {
			component{module: "example.org/x", version: "v1.0.0"},
			"module handoff.local/build\n\ngo 1.26.0\n\nrequire example.org/x v1.0.0\n",
		},
		"standard library only": {component{}, "module handoff.local/build\n\ngo 1.26.0\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := plainMod(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
