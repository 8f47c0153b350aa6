// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"time"
)

// validity is long enough for a cluster that is made anew at each `up`.
const validity = 365 * 24 * time.Hour

// authority signs certificates of one kind.
type authority struct {
	dir  string
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// identity is whom a certificate names and where it serves.
type identity struct {
	file   string
	user   string
	groups []string
	hosts  []string
}

// writePKI makes all keys and certificates. The authorities are separate on
// purpose: one that signs users must not open etcd or pose as the front proxy.
func writePKI(dir string, now time.Time) error {
	plans := []struct {
		ca    string
		certs []identity
	}{
		{"ca", clusterIdentities()},
		{"etcd-ca", []identity{
			{file: "etcd", user: "etcd", hosts: []string{"127.0.0.1", "localhost"}},
			{file: "etcd-client", user: "kube-apiserver"},
		}},
		{"front-proxy-ca", []identity{{file: "front-proxy", user: "front-proxy-client"}}},
	}
	for _, plan := range plans {
		ca, err := newAuthority(dir, plan.ca, now)
		if err != nil {
			return err
		}
		for _, id := range plan.certs {
			if err := ca.issue(id, now); err != nil {
				return err
			}
		}
	}
	return writeServiceAccountKey(dir)
}

func clusterIdentities() []identity {
	return []identity{
		{file: "apiserver", user: "kube-apiserver", hosts: []string{
			"127.0.0.1", nodeIP, apiServiceIP, "localhost", "kubernetes", "kubernetes.default",
			"kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}},
		{file: "apiserver-kubelet", user: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		{file: "kubelet-server", user: "system:node:" + nodeName, hosts: []string{nodeIP, nodeName}},
		{file: "kubelet", user: "system:node:" + nodeName, groups: []string{"system:nodes"}},
		{file: "controller-manager", user: "system:kube-controller-manager"},
		{file: "scheduler", user: "system:kube-scheduler"},
		{file: "proxy", user: "system:kube-proxy"},
		{file: "admin", user: "kubernetes-admin", groups: []string{"system:masters"}},
	}
}

func newAuthority(dir, name string, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl := template(identity{user: "handoff-" + name}, now)
	tmpl.IsCA, tmpl.BasicConstraintsValid = true, true
	tmpl.KeyUsage |= x509.KeyUsageCertSign
	tmpl.ExtKeyUsage = nil
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{dir: dir, name: name, cert: cert, key: key}, writePair(dir, name, der, key)
}

func (a *authority) issue(id identity, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template(id, now), a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	return writePair(a.dir, id.file, der, key)
}

func template(id identity, now time.Time) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	cert := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: id.user, Organization: id.groups},
		NotBefore:    now.Add(-time.Hour), // clocks differ a little
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range id.hosts {
		if ip := net.ParseIP(host); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
			continue
		}
		cert.DNSNames = append(cert.DNSNames, host)
	}
	return cert
}

func writePair(dir, name string, der []byte, key *ecdsa.PrivateKey) error {
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := writeFile(filepath.Join(dir, name+".crt"), cert, 0o644); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, name+".key"), key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// writeServiceAccountKey makes the pair that signs and checks pods' tokens.
func writeServiceAccountKey(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := writeFile(filepath.Join(dir, "sa.pub"), public, 0o644); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, "sa.key"), key)
}
