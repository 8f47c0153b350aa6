// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestHasCapability(t *testing.T) {
	cases := map[string]struct {
		status string
		want   bool
	}{
		"all but one":  {"Name:\tx\nCapEff:\t000001fffeffffff\n", false},
		"all":          {"CapEff:\t000001ffffffffff\n", true},
		"no such line": {"Name:\tx\n", false},
		"unreadable":   {"CapEff:\tmany\n", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := hasCapability(c.status, capSysResource); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestMountsBelow(t *testing.T) {
	const info = `1 0 8:1 / / rw - ext4 /dev/a rw
2 1 0:1 / /run/h rw - tmpfs t rw
3 2 0:2 / /run/h/pods/a\040b rw - tmpfs t rw
4 1 0:3 / /run/here rw - tmpfs t rw
`
	want := []string{"/run/h/pods/a b", "/run/h"}
	if got := mountsBelow(info, "/run/h"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHierarchies(t *testing.T) {
	const mounts = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"
	want := []hierarchy{{"/sys/fs/cgroup/cpu", false}, {"/sys/fs/cgroup/unified", true}}
	if got := hierarchies(mounts); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOurs(t *testing.T) {
	const run = "/c/handoff/cluster"
	cases := map[string]struct {
		words []string
		want  bool
	}{
		"our shim":            {[]string{"/b/containerd-shim-runc-v2", "-id", "x", "-address", run + "/containerd.sock"}, true},
		"our daemon":          {[]string{"/b/etcd", "--data-dir=" + run + "/etcd"}, true},
		"another's shim":      {[]string{"/usr/bin/containerd-shim-runc-v2", "-address", "/run/containerd/containerd.sock"}, false},
		"a user's kubectl":    {[]string{"kubectl", "--kubeconfig=" + run + "/kubeconfig"}, false},
		"a user's editor":     {[]string{"vi", run + "/kubeconfig"}, false},
		"a kernel thread":     {[]string{""}, false},
		"a cluster beside us": {[]string{"/b/etcd", "--data-dir=/c/handoff/cluster2/etcd"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ours(strings.Join(c.words, "\x00"), run); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestUpstreamServersPassesOverWhatIsOdd(t *testing.T) {
	const text = `# nameserver 9.9.9.9
search example.org
options ndots:5 trust-ad
nameserver 127.0.0.53
nameserver ::1
nameserver
nameserver not-an-address
nameserver fe80::1%eth0
nameserver 10.0.0.2 # the first
nameserver 10.0.0.3
nameserver 2001:db8::1
nameserver 10.0.0.4
`
	want := []string{"10.0.0.2", "10.0.0.3", "2001:db8::1"}
	if got := upstreamServers(text); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCorefile(t *testing.T) {
	if got := corefile([]string{"10.0.0.2"}); !strings.Contains(got, "forward . 10.0.0.2 {") || strings.Contains(got, "template") {
		t.Errorf("with an upstream:\n%s", got)
	}
	if got := corefile(nil); !strings.Contains(got, "rcode NXDOMAIN") || strings.Contains(got, "forward") {
		t.Errorf("without:\n%s", got)
	}
}

func TestOverlapping(t *testing.T) {
	cases := map[string]struct {
		used []string
		want string
	}{
		"no neighbour":           {[]string{"127.0.0.1/8", "192.0.2.2/24", "fe80::1/64"}, ""},
		"the same network":       {[]string{"10.190.3.1/24"}, "10.190.3.1/24"},
		"one that contains ours": {[]string{"10.0.0.1/8"}, "10.0.0.1/8"},
		"not a prefix":           {[]string{"x"}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := overlapping(c.used, podCIDR, serviceCIDR); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestKeptInPostgres(t *testing.T) {
	cases := map[string]bool{
		"usr/lib/postgresql/15/bin/postgres":              true,
		"usr/lib/postgresql/15/lib/llvmjit.so":            false,
		"usr/lib/postgresql/15/lib/bitcode/postgres/x.bc": false,
		"usr/lib/x86_64-linux-gnu/libLLVM-14.so.1":        false,
		"usr/lib/locale/C.utf8/LC_CTYPE":                  true,
		"usr/share/locale/de/LC_MESSAGES/postgres-15.mo":  false,
		"usr/share/zoneinfo/Europe/Berlin":                true,
		"usr/share/zoneinfo/right/Europe/Berlin":          false,
		"usr/share/postgresql/15/postgres.bki":            true,
		"etc/passwd":                                      false,
		"lib64/ld-linux-x86-64.so.2":                      true,
		"bin/sh":                                          true,
		".":                                               false,
	}
	for name, want := range cases {
		if got := keptInPostgres(name); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
