// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

const (
	// SignatureNamespace keeps a sign-off from being taken for an SSH signature of anything else: `ssh-keygen -Y sign -n`.
	SignatureNamespace = "handoff.dev/sign-off"
	// NothingBefore stands in a statement for the digest in force when there was none.
	NothingBefore = "none"

	statementHeader = "handoff sign-off v1"
	minimumRSABits  = 2048
)

// Statement is what a signature proves that its signer said: this party, at this time, agrees to this text of this object, while that other
// text was in force. The last makes a signature useless for bringing the text back later.
type Statement struct {
	Kind, Namespace, Name string
	Party                 Party
	At                    time.Time
	Digest                string
	Previous              string // digest in force when it was signed; empty when there was none
}

// Message is the text that is signed: a header with the version, and a line for each value. The form of version 1 is for ever, like that of a
// digest.
func (s Statement) Message() ([]byte, error) {
	previous := s.Previous
	if previous == "" {
		previous = NothingBefore
	}
	text := statementHeader + "\n"
	for _, line := range [][2]string{
		{"kind", s.Kind},
		{"namespace", s.Namespace},
		{"name", s.Name},
		{"party", string(s.Party)},
		{"at", s.At.UTC().Format(time.RFC3339)},
		{"digest", s.Digest},
		{"previous", previous},
	} {
		// A value with a line break in it could say other lines than it seems to.
		if line[1] == "" || strings.ContainsFunc(line[1], func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, fmt.Errorf("the %s %q cannot be signed: it is empty or has white space in it", line[0], line[1])
		}
		text += line[0] + ": " + line[1] + "\n"
	}
	return []byte(text), nil
}

// Sign makes an SSH signature of a statement with SHA-512: what `ssh-keygen -Y sign` writes between its head and foot, on one line.
func Sign(s Statement, signer ssh.Signer) (string, error) {
	if err := acceptable(signer.PublicKey()); err != nil {
		return "", err
	}
	message, err := s.Message()
	if err != nil {
		return "", err
	}
	signature, err := sshsig.Sign(bytes.NewReader(message), signer, sshsig.HashSHA512, SignatureNamespace)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(signature.Marshal()), nil
}

// Keys are the public keys of a party, any of which signs for it.
type Keys []ssh.PublicKey

// Verify fails unless the signature is one of exactly this statement by one of the keys.
func (k Keys) Verify(s Statement, signature string) error {
	message, err := s.Message()
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("the signature is not base64: %w", err)
	}
	parsed, err := sshsig.ParseSignature(raw)
	if err != nil {
		return fmt.Errorf("it is no SSH signature: %w", err)
	}
	wire := parsed.PublicKey.Marshal()
	known := slices.IndexFunc(k, func(key ssh.PublicKey) bool { return bytes.Equal(key.Marshal(), wire) })
	switch {
	case known < 0:
		return fmt.Errorf("it is by the key %s, which is none of the party's", ssh.FingerprintSHA256(parsed.PublicKey))
	case parsed.Namespace != SignatureNamespace:
		return fmt.Errorf("it was made for %q, not for %q", parsed.Namespace, SignatureNamespace)
	case parsed.HashAlgorithm != sshsig.HashSHA512:
		return fmt.Errorf("it is over a %s hash, not sha512", parsed.HashAlgorithm)
	}
	if err := sshsig.Verify(bytes.NewReader(message), parsed, k[known], sshsig.HashSHA512, SignatureNamespace); err != nil {
		return errors.New("it is of something else: of another object, party, time, digest or digest in force before")
	}
	return nil
}

// ParseKeys reads lines of the form of authorized_keys: type, key and comment, without options, because none is acted upon. Empty
// lines and comments are skipped. Any other line is an error that names it, and so is a text without a key.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key in it")
	}
	return keys, nil
}

func parseKey(line string) (ssh.PublicKey, error) {
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return nil, errors.New("no public key, such as `ssh-ed25519 AAAA... comment`")
	case len(options) > 0:
		return nil, fmt.Errorf("%q in front of the key: options are not supported", strings.Join(options, ","))
	}
	return key, acceptable(key)
}

// acceptable refuses keys that are too weak, and certificates, whose authority and dates nobody here checks.
func acceptable(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		if wrapped, ok := key.(ssh.CryptoPublicKey); ok {
			if k, ok := wrapped.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() >= minimumRSABits {
				return nil
			}
		}
		return fmt.Errorf("an RSA key of less than %d bits is not accepted", minimumRSABits)
	default:
		return fmt.Errorf("keys of type %s are not accepted: ed25519, ecdsa, rsa of %d bits or more, and their sk- forms are", key.Type(), minimumRSABits)
	}
}
