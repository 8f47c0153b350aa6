// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// newKey is an ed25519 key from a seed, so that failures repeat.
func newKey(t *testing.T, seed byte) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func rsaKey(t *testing.T, bits int) ssh.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func statement() Statement {
	return Statement{
		Kind: "LeadDefinition", Namespace: "revenue", Name: "mid-market", Party: PartySales,
		At: time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC), Digest: "v1:sha256:aa", Previous: "v1:sha256:bb",
	}
}

// The message itself, so that it can be made and signed by hand.
func TestMessage(t *testing.T) {
	const want = "handoff sign-off v1\nkind: LeadDefinition\nnamespace: revenue\nname: mid-market\nparty: Sales\n" +
		"at: 2027-01-14T15:00:00Z\ndigest: v1:sha256:aa\nprevious: v1:sha256:bb\n"
	s := statement()
	s.At = s.At.In(time.FixedZone("", 3600)) // the same instant
	got, err := s.Message()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	s.Previous = ""
	if got, err = s.Message(); err != nil || !strings.HasSuffix(string(got), "\nprevious: none\n") {
		t.Errorf("%q, %v", got, err)
	}
	for name, s := range map[string]Statement{
		"a line break": {Kind: "LeadDefinition", Namespace: "a", Name: "b\nparty: Sales", Party: PartyMarketing, Digest: "d"},
		"a space":      {Kind: "LeadDefinition", Namespace: "a", Name: "b", Party: PartyMarketing, Digest: "d d"},
		"no namespace": {Kind: "LeadDefinition", Name: "b", Party: PartyMarketing, Digest: "d"},
	} {
		if text, err := s.Message(); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestVerify(t *testing.T) {
	mine, other := newKey(t, 1), newKey(t, 2)
	good := func(t *testing.T, s Statement) string {
		t.Helper()
		signature, err := Sign(s, mine)
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	const elsewhere = "of something else"
	cases := map[string]struct {
		change func(*Statement)                   // what is verified, against what was signed
		make   func(*testing.T, Statement) string // the signature
		keys   Keys
		want   string // in the error
	}{
		"right":                      {},
		"right, by the second key":   {keys: Keys{other.PublicKey(), mine.PublicKey()}},
		"of another kind":            {change: func(s *Statement) { s.Kind = "SLAContract" }, want: elsewhere},
		"of another object":          {change: func(s *Statement) { s.Name = "enterprise" }, want: elsewhere},
		"of another namespace":       {change: func(s *Statement) { s.Namespace = "europe" }, want: elsewhere},
		"of another digest":          {change: func(s *Statement) { s.Digest = "v1:sha256:ab" }, want: elsewhere},
		"while another was in force": {change: func(s *Statement) { s.Previous = "v1:sha256:bc" }, want: elsewhere},
		"while nothing was in force": {change: func(s *Statement) { s.Previous = "" }, want: elsewhere},
		"for the other party":        {change: func(s *Statement) { s.Party = PartyMarketing }, want: elsewhere},
		"at another time":            {change: func(s *Statement) { s.At = s.At.Add(time.Second) }, want: elsewhere},
		"by another key":             {keys: Keys{other.PublicKey()}, want: "which is none of the party's"},
		"without keys":               {keys: Keys{}, want: "which is none of the party's"},
		"corrupted": {make: func(t *testing.T, s Statement) string {
			t.Helper()
			raw, _ := base64.StdEncoding.DecodeString(good(t, s))
			raw[len(raw)-1] ^= 1
			return base64.StdEncoding.EncodeToString(raw)
		}, want: elsewhere},
		"cut off": {make: func(t *testing.T, s Statement) string {
			t.Helper()
			return good(t, s)[:40]
		}, want: "no SSH signature"},
		"not base64":     {make: func(*testing.T, Statement) string { return "***" }, want: "not base64"},
		"empty":          {make: func(*testing.T, Statement) string { return "" }, want: "no SSH signature"},
		"made for files": {make: signedAs(mine, sshsig.HashSHA512, "file"), want: `was made for "file"`},
		"of a sha256 hash": {
			make: signedAs(mine, sshsig.HashSHA256, SignatureNamespace), want: "sha256 hash",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.make == nil {
				tc.make = good
			}
			if tc.keys == nil {
				tc.keys = Keys{mine.PublicKey()}
			}
			s := statement()
			signature := tc.make(t, s)
			if tc.change != nil {
				tc.change(&s)
			}
			err := tc.keys.Verify(s, signature)
			if (tc.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func signedAs(signer ssh.Signer, hash sshsig.HashAlgorithm, namespace string) func(*testing.T, Statement) string {
	return func(t *testing.T, s Statement) string {
		t.Helper()
		message, err := s.Message()
		if err != nil {
			t.Fatal(err)
		}
		signature, err := sshsig.Sign(bytes.NewReader(message), signer, hash, namespace)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(signature.Marshal())
	}
}

func TestParseKeys(t *testing.T) {
	line := func(s ssh.Signer) string { return string(ssh.MarshalAuthorizedKey(s.PublicKey())) }
	one, two, weak := line(newKey(t, 1)), line(newKey(t, 2)), line(rsaKey(t, 1024))
	cases := map[string]struct {
		text string
		keys int
		want string
	}{
		"one":                {one, 1, ""},
		"with comments":      {"# of the VP\n\n  " + strings.TrimSpace(one) + " vp@acme.example\r\n# deputy\n" + two, 2, ""},
		"strong RSA":         {line(rsaKey(t, 2048)), 1, ""},
		"nothing":            {"", 0, "no key in it"},
		"comments only":      {"# none\n", 0, "no key in it"},
		"damaged":            {one + "ssh-ed25519 AAAAC3Nza\n", 0, "line 2: no public key"},
		"a private key":      {"-----BEGIN OPENSSH PRIVATE KEY-----\n", 0, "line 1: no public key"},
		"options":            {"\n" + `from="10.0.0.1" ` + one, 0, `line 2: "from=\"10.0.0.1\"" in front of the key`},
		"an allowed signer":  {"vp@acme.example " + one, 0, `line 1: "vp@acme.example" in front of the key`},
		"a weak RSA key":     {weak, 0, "line 1: an RSA key of less than 2048 bits"},
		"a certificate":      {certificate(t), 0, "line 1: keys of type ssh-ed25519-cert-v01@openssh.com are not accepted"},
		"one that is no key": {one + "hello\n" + two, 0, "line 2: no public key"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			keys, err := ParseKeys(tc.text)
			if (tc.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tc.want)) || len(keys) != tc.keys {
				t.Errorf("%d keys, error %v; want %d, %q", len(keys), err, tc.keys, tc.want)
			}
		})
	}
	if _, err := Sign(statement(), rsaKey(t, 1024)); err == nil {
		t.Error("a weak key signed")
	}
}

func certificate(t *testing.T) string {
	t.Helper()
	cert := &ssh.Certificate{Key: newKey(t, 1).PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, newKey(t, 3)); err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(cert))
}

// keygen runs OpenSSH's ssh-keygen in a folder.
func keygen(t *testing.T, folder, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ssh-keygen", args...)
	cmd.Dir, cmd.Stdin = folder, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// What OpenSSH signs counts here, and what is signed here OpenSSH verifies.
func TestOpenSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); errors.Is(err, exec.ErrNotFound) {
		t.Skip("NOT TESTED AGAINST OpenSSH: there is no ssh-keygen on the PATH")
	}
	message, err := statement().Message()
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"ed25519": {"-t", "ed25519"}, "rsa": {"-t", "rsa", "-b", "2048"}, "ecdsa": {"-t", "ecdsa", "-b", "256"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			keygen(t, folder, "", slices.Concat(args, []string{"-q", "-N", "", "-f", "key"})...)
			write(t, folder, "message", string(message))
			public, err := os.ReadFile(filepath.Join(folder, "key.pub"))
			if err != nil {
				t.Fatal(err)
			}
			keys, err := ParseKeys(string(public))
			if err != nil {
				t.Fatal(err)
			}

			keygen(t, folder, "", "-q", "-Y", "sign", "-f", "key", "-n", SignatureNamespace, "message")
			armoured, err := os.ReadFile(filepath.Join(folder, "message.sig"))
			if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(armoured)
			if block == nil {
				t.Fatalf("no signature: %s", armoured)
			}
			if err := keys.Verify(statement(), base64.StdEncoding.EncodeToString(block.Bytes)); err != nil {
				t.Errorf("what ssh-keygen signed: %v", err)
			}

			private, err := os.ReadFile(filepath.Join(folder, "key"))
			if err != nil {
				t.Fatal(err)
			}
			signer, err := ssh.ParsePrivateKey(private)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := Sign(statement(), signer)
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := base64.StdEncoding.DecodeString(signature)
			write(t, folder, "ours.sig", string(pem.EncodeToMemory(&pem.Block{Type: sshsig.PEMType, Bytes: raw})))
			write(t, folder, "allowed", "vp "+string(public))
			said := keygen(t, folder, string(message), "-Y", "verify", "-f", "allowed", "-I", "vp", "-n", SignatureNamespace, "-s", "ours.sig")
			if !strings.HasPrefix(said, `Good "`+SignatureNamespace+`" signature for vp`) {
				t.Error(said)
			}
		})
	}
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A sign-off whose signature does not count is missing, whatever else is right about it.
func TestRatifyWith(t *testing.T) {
	const digest = "v1:sha256:aa"
	at := time.Date(2027, 1, 3, 12, 0, 0, 0, time.UTC)
	subject := Subject{Namespace: "revenue", Name: "mid-market", Digest: digest}
	offs := []SignOff{
		{Party: PartyMarketing, At: at, Object: subject.Object(), Digest: digest, Signature: "m"},
		{Party: PartySales, At: at, Object: subject.Object(), Digest: digest, Signature: "s"},
	}
	cases := map[string]struct {
		check Check
		want  Ratification
	}{
		"both verified": {
			func(SignOff) (bool, string) { return true, "" },
			Ratification{Ratified: true, SignedAt: at, Verified: []Party{PartyMarketing, PartySales}},
		},
		"one by name": {
			func(off SignOff) (bool, string) { return off.Party == PartySales, "" },
			Ratification{Ratified: true, SignedAt: at, Verified: []Party{PartySales}},
		},
		"one refused": {
			func(off SignOff) (bool, string) {
				if off.Signature == "m" {
					return false, "wrong key"
				}
				return true, ""
			},
			Ratification{Missing: []Party{PartyMarketing}, Notes: []string{"wrong key"}, Verified: []Party{PartySales}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, RatifyWith(offs, subject, nil, tc.check)); diff != "" {
				t.Error(diff)
			}
		})
	}
	asked := 0
	for _, other := range []Subject{
		{Namespace: "revenue", Name: "mid-market", Digest: "v1:sha256:bb"}, {Namespace: "revenue", Name: "other", Digest: digest},
	} {
		RatifyWith(offs, other, nil, func(SignOff) (bool, string) { asked++; return true, "" })
	}
	if asked > 0 {
		t.Error("signatures of another text or object were looked at")
	}
}
