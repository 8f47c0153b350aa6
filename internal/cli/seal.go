// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/cli/sshkey"
	"github.com/handoff-sla/handoff/internal/sla"
)

// sealer adds an SSH signature to the sign-off of a document.
type sealer func(context.Context, manifest.Document, *signature) error

var digestPattern = regexp.MustCompile(`^v[0-9]+:sha256:[0-9a-f]{64}$`)

// sealer of the flags; done ends what it opened.
func (f *signFlags) sealer(cmd *cobra.Command) (seal sealer, done func(), err error) {
	asks := f.cluster || f.kubeconfig != "" || f.context != ""
	switch {
	case f.key == "" && (f.previous != "" || asks):
		return nil, nil, errors.New("--previous and --cluster are signed over: they need --key")
	case f.key == "":
		return func(context.Context, manifest.Document, *signature) error { return nil }, func() {}, nil
	case f.previous != "" && asks:
		return nil, nil, errors.New("either --previous or --cluster")
	case f.previous != "" && f.previous != sla.NothingBefore && !digestPattern.MatchString(f.previous):
		return nil, nil, fmt.Errorf("--previous %q: a digest such as `kubectl sla digest` prints, or %s", f.previous, sla.NothingBefore)
	}
	previous := func(context.Context, manifest.Document, string) (string, error) { return f.named(), nil }
	if asks {
		cluster, err := f.reader()
		if err != nil {
			return nil, nil, err
		}
		previous = func(ctx context.Context, d manifest.Document, namespace string) (string, error) {
			before, err := inForce(ctx, cluster, d, namespace)
			return before.digest, err
		}
	} else if f.previous == "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "signing over nothing in force before: where something is, name its digest (--previous) or ask the cluster (--cluster), "+
			"else the signature does not count")
	}
	finder := sshkey.Finder{Agent: os.Getenv("SSH_AUTH_SOCK"), Passphrase: sshkey.Ask(cmd.InOrStdin(), cmd.ErrOrStderr())}
	key, done, err := finder.Signer(cmd.Context(), f.key)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, d manifest.Document, s *signature) error {
		namespace, err := namespaceOf(d, f.namespace)
		if err != nil {
			return err
		}
		if s.previous, err = previous(ctx, d, namespace); err != nil {
			return err
		}
		return s.seal(d, namespace, key)
	}, done, nil
}

// named is the digest of --previous.
func (f *signFlags) named() string {
	if f.previous == sla.NothingBefore {
		return ""
	}
	return f.previous
}

// namespaceOf a document: it is signed with the rest.
func namespaceOf(d manifest.Document, flag string) (string, error) {
	switch {
	case d.Namespace == "" && flag == "":
		return "", errors.New("it names no namespace, which a signature is bound to: set metadata.namespace or --namespace")
	case d.Namespace != "" && flag != "" && d.Namespace != flag:
		return "", fmt.Errorf("its namespace is %s, not %s (--namespace)", d.Namespace, flag)
	case d.Namespace == "":
		return flag, nil
	}
	return d.Namespace, nil
}

func (s *signature) seal(d manifest.Document, namespace string, key ssh.Signer) error {
	at, err := time.Parse(time.RFC3339, s.at)
	if err != nil {
		return err
	}
	s.sealed, err = sla.Sign(sla.Statement{
		Kind: d.Kind, Namespace: namespace, Name: d.Name, Party: sla.Party(s.party), At: at, Digest: s.digest, Previous: s.previous,
	}, key)
	return err
}
