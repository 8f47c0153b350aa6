// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

// The cluster's own addresses and ports. Servers listen on loopback or on the
// bridge's address, never on all; the ports are not Kubernetes' usual ones, so
// that another cluster on the machine is not in the way.
const (
	nodeName     = "handoff"
	bridge       = "handoff0"
	nodeIP       = "10.189.0.1"
	podCIDR      = "10.189.0.0/16"
	serviceCIDR  = "10.190.0.0/16"
	apiServiceIP = "10.190.0.1"
	dnsServiceIP = "10.190.0.10"

	apiPort         = "16443"
	apiServer       = "https://" + nodeIP + ":" + apiPort
	etcdClient      = "https://127.0.0.1:12379"
	etcdPeer        = "https://127.0.0.1:12380"
	kubeletPort     = "20250"
	kubeletHealth   = "20248"
	controllersPort = "20257"
	schedulerPort   = "20259"
	proxyHealth     = "127.0.0.1:20256"
	proxyMetrics    = "127.0.0.1:20249"
)

// checkAddresses refuses to start where the machine already uses our ranges:
// the cluster would cut it off from that network.
func checkAddresses() error {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	var used []string
	for _, a := range addrs {
		used = append(used, a.String())
	}
	if clash := overlapping(used, podCIDR, serviceCIDR); clash != "" {
		return fmt.Errorf("the machine already uses %s, which overlaps the cluster's %s and %s", clash, podCIDR, serviceCIDR)
	}
	return nil
}

// overlapping is the first of the prefixes that shares addresses with ours.
func overlapping(prefixes []string, ours ...string) string {
	for _, text := range prefixes {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			continue
		}
		for _, own := range ours {
			if p.Overlaps(netip.MustParsePrefix(own)) {
				return text
			}
		}
	}
	return ""
}

// upstreamServers are the name servers of a resolv.conf that a pod can use:
// plain addresses that are not loopback. Anything odd in the file is passed
// over, since CoreDNS would refuse to start with it.
func upstreamServers(resolvConf string) []string {
	var out []string
	for line := range strings.Lines(resolvConf) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		addr, err := netip.ParseAddr(fields[1])
		if err != nil || addr.Zone() != "" || addr.IsLoopback() || addr.IsUnspecified() || addr.IsLinkLocalUnicast() {
			continue
		}
		out = append(out, addr.String())
	}
	if len(out) > 3 {
		out = out[:3]
	}
	return out
}

// hostUpstreams reads the machine's name servers; without the file there are
// none, and the cluster resolves its own names only.
func hostUpstreams() []string {
	text, _ := os.ReadFile("/etc/resolv.conf")
	return upstreamServers(string(text))
}
