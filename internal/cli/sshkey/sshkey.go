// SPDX-License-Identifier: Apache-2.0

// Package sshkey finds the SSH key that a person signs with: in a private key file, or in an ssh-agent that holds it.
package sshkey

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/term"
)

// Finder knows where to look and whom to ask.
type Finder struct {
	Agent      string                                // socket of the ssh-agent; empty when there is none
	Passphrase func(question string) ([]byte, error) // asks for the passphrase of a key
}

// Signer of the key in a file. A public key stands for the private one that the agent holds, such as one on a hardware token; an encrypted
// private key is taken from the agent too when it is there, and else its passphrase is asked for. done ends what was opened.
func (f Finder) Signer(ctx context.Context, file string) (signer ssh.Signer, done func(), err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		return f.held(ctx, file, public)
	}
	signer, err = ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, func() {}, nil
	case !errors.As(err, &locked):
		return nil, nil, fmt.Errorf("%s: neither a private key nor a public one that an ssh-agent holds: %w", file, err)
	}
	if locked.PublicKey != nil && f.Agent != "" {
		if signer, done, err := f.held(ctx, file, locked.PublicKey); err == nil {
			return signer, done, nil
		}
	}
	signer, err = f.unlock(file, data)
	return signer, func() {}, err
}

func (f Finder) unlock(file string, data []byte) (ssh.Signer, error) {
	passphrase, err := f.Passphrase("Passphrase of " + file + ": ")
	if err != nil {
		return nil, fmt.Errorf("%s is encrypted: %w", file, err)
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(data, passphrase)
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, fmt.Errorf("%s: that is not its passphrase", file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return signer, nil
}

// held is the agent's signer of a public key.
func (f Finder) held(ctx context.Context, file string, public ssh.PublicKey) (ssh.Signer, func(), error) {
	if f.Agent == "" {
		return nil, nil, fmt.Errorf("%s is a public key, and there is no ssh-agent (SSH_AUTH_SOCK is not set) that may hold the private one", file)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", f.Agent)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh-agent: %w", err)
	}
	done := func() { _ = conn.Close() } // nothing was written that could be lost
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("ssh-agent: %w", err)
	}
	wire := public.Marshal()
	for _, signer := range signers {
		if bytes.Equal(signer.PublicKey().Marshal(), wire) {
			return signer, done, nil
		}
	}
	done()
	return nil, nil, fmt.Errorf("%s: the ssh-agent does not hold the private key of %s; `ssh-add` gives it one", file, ssh.FingerprintSHA256(public))
}

// Ask reads a passphrase from the terminal that stdin is.
func Ask(stdin io.Reader, stderr io.Writer) func(string) ([]byte, error) {
	return func(question string) ([]byte, error) {
		file, ok := stdin.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			return nil, errors.New("no terminal to ask for the passphrase; add the key to an ssh-agent (`ssh-add`)")
		}
		fmt.Fprint(stderr, question)
		passphrase, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(stderr)
		return passphrase, err
	}
}
