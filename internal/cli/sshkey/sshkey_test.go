// SPDX-License-Identifier: Apache-2.0

package sshkey

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func newKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// startAgent is an ssh-agent that holds the keys.
func startAgent(t *testing.T, keys ...ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, key := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: &key}); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	return socket
}

func public(t *testing.T, key ed25519.PrivateKey) []byte {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.MarshalAuthorizedKey(signer.PublicKey())
}

func private(t *testing.T, key ed25519.PrivateKey, passphrase string) []byte {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

func TestSigner(t *testing.T) {
	mine, other := newKey(1), newKey(2)
	says := func(passphrase string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(passphrase), nil }
	}
	silent := func(string) ([]byte, error) { return nil, errors.New("nobody to ask") }
	holds, lacks := startAgent(t, other, mine), startAgent(t, other)
	cases := map[string]struct {
		file   []byte
		finder Finder
		want   string // in the error
	}{
		"a private key":                     {private(t, mine, ""), Finder{Passphrase: silent}, ""},
		"an encrypted one":                  {private(t, mine, "secret"), Finder{Passphrase: says("secret")}, ""},
		"a wrong passphrase":                {private(t, mine, "secret"), Finder{Passphrase: says("guess")}, "that is not its passphrase"},
		"nobody to ask":                     {private(t, mine, "secret"), Finder{Passphrase: silent}, "is encrypted: nobody to ask"},
		"an encrypted one in the agent":     {private(t, mine, "secret"), Finder{Agent: holds, Passphrase: silent}, ""},
		"an encrypted one not in the agent": {private(t, mine, "secret"), Finder{Agent: lacks, Passphrase: says("secret")}, ""},
		"a public key":                      {public(t, mine), Finder{Agent: holds, Passphrase: silent}, ""},
		"a public key not in the agent":     {public(t, mine), Finder{Agent: lacks, Passphrase: silent}, "does not hold the private key of SHA256:"},
		"a public key without an agent":     {public(t, mine), Finder{Passphrase: silent}, "SSH_AUTH_SOCK is not set"},
		"an agent that is gone":             {public(t, mine), Finder{Agent: "/nowhere"}, "ssh-agent: dial unix /nowhere"},
		"no key":                            {[]byte("hello\n"), Finder{Passphrase: silent}, "neither a private key nor a public one"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, tc.file, 0o600); err != nil {
				t.Fatal(err)
			}
			signer, done, err := tc.finder.Signer(t.Context(), file)
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			signature, err := signer.Sign(nil, []byte("text"))
			if err == nil {
				err = signer.PublicKey().Verify([]byte("text"), signature)
			}
			if err != nil || !bytes.Equal(ssh.MarshalAuthorizedKey(signer.PublicKey()), public(t, mine)) {
				t.Errorf("it signs with %s (%v)", ssh.FingerprintSHA256(signer.PublicKey()), err)
			}
		})
	}
	if _, _, err := (Finder{}).Signer(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Ask(strings.NewReader("x"), &bytes.Buffer{})("?"); err == nil {
		t.Error("a passphrase was read from what is no terminal")
	}
}
