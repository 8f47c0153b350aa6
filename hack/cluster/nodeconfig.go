// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// cniName marks what the CNI library notes outside the run folder as ours.
const cniName = "handoff"

const pauseImage = "localhost/handoff/pause:v1"

// capSysResource is the bit of CAP_SYS_RESOURCE in a capability set.
const capSysResource = 24

// hasCapability reads the effective capabilities from /proc/PID/status.
func hasCapability(status string, bit int) bool {
	for line := range strings.Lines(status) {
		value, found := strings.CutPrefix(line, "CapEff:")
		if !found {
			continue
		}
		set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		return err == nil && set&(1<<bit) != 0
	}
	return false
}

// writeNodeConfigs writes the files that containerd, CNI, kubelet and
// kube-proxy read.
func writeNodeConfigs(l layout, bin string) error {
	status, _ := os.ReadFile("/proc/self/status")
	files := map[string]string{
		"conf/containerd.toml":         containerdConfig(l, bin, !hasCapability(string(status), capSysResource)),
		"conf/cni/10-handoff.conflist": cniConfig(l),
		"conf/kubelet.yaml":            kubeletConfig(l),
		"conf/proxy.yaml":              proxyConfig(l),
		"conf/resolv.conf":             resolvConf(hostUpstreams()),
	}
	for name, text := range files {
		if err := writeFile(l.inRun(name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// resolvConf gives pods with dnsPolicy Default clean name servers only; the
// machine's search domains do not leak into the cluster.
func resolvConf(servers []string) string {
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&b, "nameserver %s\n", s)
	}
	return b.String()
}

// containerdConfig keeps everything containerd writes below the run folder.
// NRI and opt are off: they would write to /run/nri and /opt. Without
// CAP_SYS_RESOURCE no process may lower its OOM score, and runc fails on it
// unless restrict_oom_score_adj is set.
func containerdConfig(l layout, bin string, restrictOOM bool) string {
	return fmt.Sprintf(`version = 3
root = %[1]q
state = %[2]q
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing"]

[grpc]
  address = %[3]q

[ttrpc]
  address = %[4]q

[plugins."io.containerd.cri.v1.images"]
  snapshotter = %[5]q
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = %[6]q

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = %[7]t
  netns_mounts_under_state_dir = true
  tolerate_missing_hugetlb_controller = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = [%[8]q]
  conf_dir = %[9]q
  use_internal_loopback = true
[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  snapshotter = %[5]q
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = %[10]q
  Root = %[11]q
  SystemdCgroup = false
`, l.inRun("containerd"), l.inRun("state"), l.socket(), l.inRun("ttrpc.sock"), snapshotter(l.run()), pauseImage,
		restrictOOM, bin, l.inRun("conf", "cni"), bin+"/runc", l.inRun("runc"))
}

func cniConfig(l layout) string {
	return fmt.Sprintf(`{
  "cniVersion": "1.0.0",
  "name": %q,
  "plugins": [
    {
      "type": "bridge",
      "bridge": %q,
      "isGateway": true,
      "ipMasq": true,
      "ipMasqBackend": "iptables",
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": %q,
        "ranges": [[{"subnet": %q, "gateway": %q}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}, "backend": "iptables"}
  ]
}
`, cniName, bridge, l.inRun("cni"), podCIDR, nodeIP)
}

// kubeletConfig: nothing is evicted or garbage-collected for want of disk,
// since a loaded image could not be pulled again. The use of local storage is
// accounted for where the run folder is on a disk, which it can be measured on.
func kubeletConfig(l layout) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
port: %[2]s
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
healthzPort: %[3]s
tlsCertFile: %[4]s/pki/kubelet-server.crt
tlsPrivateKeyFile: %[4]s/pki/kubelet-server.key
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[4]s/pki/ca.crt}
authorization: {mode: Webhook}
clusterDNS: [%[5]s]
clusterDomain: cluster.local
resolvConf: %[4]s/conf/resolv.conf
containerRuntimeEndpoint: unix://%[6]s
podLogsDir: %[4]s/pod-logs
volumePluginDir: %[4]s/volume-plugins
cgroupDriver: cgroupfs
cgroupRoot: /%[7]s
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
localStorageCapacityIsolation: %[8]t
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%"}
`, nodeIP, kubeletPort, kubeletHealth, l.run(), dnsServiceIP, l.socket(), cgroupName,
		snapshotter(l.run()) == "overlayfs")
}

// proxyConfig leaves the machine's connection tracking limits as they are, and
// opens node ports on the node's address only.
func proxyConfig(l layout) string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: %s}
clusterCIDR: %s
hostnameOverride: %s
bindAddress: %s
healthzBindAddress: %q
metricsBindAddress: %q
nodePortAddresses: [%s/32]
iptables: {localhostNodePorts: false}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, l.inRun("conf", "proxy.kubeconfig"), podCIDR, nodeName, nodeIP, proxyHealth, proxyMetrics, nodeIP)
}
