// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Versions known to work together.
const (
	kubeVersion       = "v1.36.3"
	stagingVersion    = "v0.36.3"
	etcdVersion       = "v3.6.8"
	containerdVersion = "v2.2.1"
	cniVersion        = "v1.9.0"
	runcVersion       = "v1.5.2"
	corednsVersion    = "v1.15.0"
)

// component is one program of the cluster and the recipe to build it.
type component struct {
	name    string
	module  string // "" for a program of the standard library only
	version string
	pkg     string // the package to build, or
	source  string // the main.go to build
	tags    string
	cgo     bool
	staging bool // take Kubernetes' own requirements and staging modules
}

// components in the order they are built: what envtest needs comes first.
func components() []component {
	list := []component{
		{name: "etcd", module: "go.etcd.io/etcd/server/v3", version: etcdVersion, pkg: "go.etcd.io/etcd/server/v3"},
		kube("kube-apiserver"), kube("kubectl"),
		kube("kube-controller-manager"), kube("kube-scheduler"), kube("kubelet"), kube("kube-proxy"),
		containerd("containerd"), containerd("containerd-shim-runc-v2"), containerd("ctr"),
		{
			name: "runc", module: "github.com/opencontainers/runc", version: runcVersion,
			pkg: "github.com/opencontainers/runc", tags: "seccomp", cgo: true,
		},
		cni("main/bridge"), cni("ipam/host-local"), cni("meta/portmap"),
		{name: "coredns", module: "github.com/coredns/coredns", version: corednsVersion, source: corednsSource},
		{name: "pause", version: "v1", source: pauseSource},
	}
	return list
}

// assetNames are the programs that controller-runtime's envtest asks for.
func assetNames() []string { return []string{"etcd", "kube-apiserver", "kubectl"} }

func kube(name string) component {
	return component{
		name: name, module: "k8s.io/kubernetes", version: kubeVersion,
		pkg: "k8s.io/kubernetes/cmd/" + name, staging: true,
	}
}

func containerd(name string) component {
	const module = "github.com/containerd/containerd/v2"
	return component{
		name: name, module: module, version: containerdVersion, pkg: module + "/cmd/" + name,
		tags: "no_btrfs,no_devmapper,no_zfs,no_aufs",
	}
}

func cni(path string) component {
	const module = "github.com/containernetworking/plugins"
	return component{name: filepath.Base(path), module: module, version: cniVersion, pkg: module + "/plugins/" + path}
}

// ldflags drops debug tables and gives the Kubernetes programs their version;
// without it kubectl complains about version skew.
func (c component) ldflags() string {
	flags := []string{"-s", "-w"}
	if !c.staging {
		return strings.Join(flags, " ")
	}
	minor := strings.Split(strings.TrimPrefix(c.version, "v"), ".")
	const pkg = "k8s.io/component-base/version."
	flags = append(flags,
		"-X "+pkg+"gitVersion="+c.version,
		"-X "+pkg+"gitMajor="+minor[0],
		"-X "+pkg+"gitMinor="+minor[1])
	return strings.Join(flags, " ")
}

// folder is the component's place in the store. It changes with anything that
// changes the program, so an old build is never taken for a new one.
func (c component) folder() string {
	recipe := fmt.Sprintf("%+v %s %s/%s", c, c.ldflags(), runtime.GOOS, runtime.GOARCH)
	return fmt.Sprintf("%s-%s-%x", c.name, c.version, sha256.Sum256([]byte(recipe)))[:len(c.name)+len(c.version)+10]
}

func (c component) binary(l layout) string {
	return filepath.Join(l.store(), c.folder(), c.name)
}

// group names the module folder that components of one module share.
func (c component) group() string {
	if c.module == "" {
		return "plain"
	}
	return strings.ReplaceAll(c.module, "/", "_")
}

func find(name string) component {
	for _, c := range components() {
		if c.name == name {
			return c
		}
	}
	panic("no component " + name)
}

// pauseSource holds a pod's namespaces open and reaps what is left in them.
const pauseSource = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ch := make(chan os.Signal, 16)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range ch {
		if s != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
`

// corednsSource builds CoreDNS with the plugins our Corefile names and no
// others: the cloud providers' plugins take most of its build time.
const corednsSource = `package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

func init() {
	dnsserver.Directives = []string{"ready", "health", "errors", "loadbalance", "cache", "template", "kubernetes", "forward"}
}

func main() { coremain.Run() }
`
