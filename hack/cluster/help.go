// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
)

// order is how the overview lists the verbs.
var order = []string{"up", "status", "load", "kubeconfig", "kubectl", "down", "assets", "image", "postgres-image"}

func verbs() map[string]verb {
	return map[string]verb{
		"up":             {bare(runUp), "start the cluster and wait until pods can run", helpUp},
		"down":           {bare(runDown), "stop it and remove everything it made", helpDown},
		"status":         {bare(runStatus), "say whether it runs (exit code 0 or 1)", helpStatus},
		"load":           {runLoad, "load image archives into it", helpLoad},
		"kubeconfig":     {bare(runKubeconfig), "print the path of its kubeconfig file", helpKubeconfig},
		"kubectl":        {bare(runKubectl), "print the path of the kubectl that fits it", helpKubectl},
		"assets":         {bare(runAssets), "print the folder with envtest's programs", helpAssets},
		"image":          {runImage, "make an image archive from static binaries", helpImage},
		"postgres-image": {runPostgresImage, "make a PostgreSQL image archive", helpPostgres},
	}
}

func overview() string {
	var b strings.Builder
	b.WriteString("A local Kubernetes for the demo and the end-to-end tests.\n\nUsage: go run ./hack/cluster VERB\n\n")
	all := verbs()
	for _, name := range order {
		fmt.Fprintf(&b, "  %-*s  %s\n", len(slices.MaxFunc(order, byLength)), name, all[name].line)
	}
	b.WriteString("\nVERB --help tells more, with examples.\n")
	return b.String()
}

func byLength(a, b string) int { return len(a) - len(b) }

const helpUp = `up starts the cluster and returns when pods can run. On a running cluster it
says so and returns.

Where docker or podman answers and kind is on the PATH, it is a kind cluster
named handoff. Else Kubernetes ` + kubeVersion + ` is built from Go modules (once: 10 to
15 minutes on 2 cores; the programs stay in the cache folder) and started on
this machine, as root on Linux: etcd, API server, controller manager,
scheduler, kubelet, containerd, kube-proxy and CoreDNS. Its servers listen on
loopback or on its own bridge, ` + bridge + ` (` + nodeIP + `), only.

It never reads or writes your own kubeconfig. Its data ends with ` + "`down`" + `.
There is no default StorageClass without kind: make PersistentVolumes of type
hostPath. NetworkPolicy objects are accepted but, without kind, not enforced:
the bridge plugin does not know them. Programs and state live below
HANDOFF_CACHE, else XDG_CACHE_HOME, else ~/.cache, in a folder named handoff.

Examples:
  go run ./hack/cluster up
  export KUBECONFIG=$(go run ./hack/cluster kubeconfig)
  HANDOFF_CACHE=/var/tmp/ci go run ./hack/cluster up
`

const helpDown = `down stops every process the cluster started, and removes its mounts, bridge,
cgroups, packet filter rules and data. What was there before it stays. The
built programs stay in the cache, and the logs of the last run. Run it after a
failed up too; twice does no harm.

Examples:
  go run ./hack/cluster down
`

const helpStatus = `status says whether the cluster runs and where its kubeconfig is. The exit code
is 0 when it runs and answers, else 1.

Examples:
  go run ./hack/cluster status
  go run ./hack/cluster status >/dev/null || go run ./hack/cluster up
`

const helpLoad = `load puts images from archives (docker-archive or OCI) into the cluster, under
the names they hold. Use them with imagePullPolicy Never or IfNotPresent: there
is no registry to pull from.

Examples:
  go run ./hack/cluster load bin/handoff.tar
  go run ./hack/cluster load bin/handoff.tar bin/postgres.tar
`

const helpKubeconfig = `kubeconfig prints the path of the cluster's own kubeconfig file, and nothing
else. The file is there while the cluster is.

Examples:
  kubectl --kubeconfig "$(go run ./hack/cluster kubeconfig)" get pods -A
`

const helpKubectl = `kubectl prints the path of a kubectl that fits the cluster, and nothing else on
stdout. It is built first if need be.

Examples:
  KUBECTL=$(go run ./hack/cluster kubectl)
  "$KUBECTL" --kubeconfig "$(go run ./hack/cluster kubeconfig)" get nodes
`

const helpAssets = `assets makes sure that etcd, kube-apiserver and kubectl exist, which is all that
controller-runtime's envtest needs, and prints their folder as the last line of
stdout. It takes, in this order: KUBEBUILDER_ASSETS, the cache, a download by
setup-envtest, a build from Go modules (about 4 minutes on 2 cores).

Examples:
  export KUBEBUILDER_ASSETS=$(go run ./hack/cluster assets)
  go test ./...
`

const helpImage = `image makes an archive of an image from scratch, with each file of a folder of
static binaries at its root, run as user ` + nonrootUser + `. The same binaries give the
same digest.

Examples:
  go run ./hack/cluster image bin/handoff.tar --binaries bin/linux
  go run ./hack/cluster image out.tar --binaries bin --tag localhost/handoff/handoff:e2e
`

const helpPostgres = `postgres-image makes an archive of the image ` + postgresTag + ` from
Debian's packages, with mmdebstrap and without a registry. It is kept in the
cache: a second call copies it. It runs as user 999 (postgres) or 65532
(nonroot); others are not in its /etc/passwd, which initdb asks for. Its
entrypoint makes a new database in PGDATA when that is empty, from
POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, and then runs the server. On a
read-only root file system mount volumes at /tmp, /var/run/postgresql and
/var/lib/postgresql/data.

Examples:
  go run ./hack/cluster postgres-image bin/postgres.tar
  go run ./hack/cluster load bin/postgres.tar
`
