// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func readCert(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestPKI(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	if err := writePKI(dir, now); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		cert, ca, host string
		trusted        bool
	}{
		"API server on the bridge":      {"apiserver", "ca", nodeIP, true},
		"API server's Service":          {"apiserver", "ca", apiServiceIP, true},
		"API server's name in pods":     {"apiserver", "ca", "kubernetes.default.svc", true},
		"API server on loopback":        {"apiserver", "ca", "127.0.0.1", true},
		"kubelet's server":              {"kubelet-server", "ca", nodeIP, true},
		"another host":                  {"kubelet-server", "ca", "192.0.2.1", false},
		"a user's certificate for etcd": {"admin", "etcd-ca", "", false},
		"a user's as the front proxy's": {"admin", "front-proxy-ca", "", false},
		"API server at etcd":            {"etcd-client", "etcd-ca", "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			roots := x509.NewCertPool()
			roots.AddCert(readCert(t, dir, c.ca))
			_, err := readCert(t, dir, c.cert).Verify(x509.VerifyOptions{
				DNSName: c.host, Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			})
			if (err == nil) != c.trusted {
				t.Errorf("got error %v, want trusted: %t", err, c.trusted)
			}
		})
	}
	subject := readCert(t, dir, "kubelet").Subject
	if subject.CommonName != "system:node:handoff" || subject.Organization[0] != "system:nodes" {
		t.Errorf("the node authorizer does not know %v", subject)
	}
	if info, err := os.Stat(filepath.Join(dir, "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ca.key: %v, %v", info, err)
	}
}
