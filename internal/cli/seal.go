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
type sealer func(ctx context.Context, d manifest.Document, namespace string, s *signature) error

var digestPattern = regexp.MustCompile(`^v[0-9]+:sha256:[0-9a-f]{64}$`)

// beforeFunc finds the digest that is in force under the name of a document.
type beforeFunc func(ctx context.Context, d manifest.Document, namespace string) (string, error)

// sealer of the flags; done ends what it opened.
func (f *signFlags) sealer(cmd *cobra.Command) (seal sealer, done func(), err error) {
	if err := f.checkKey(); err != nil {
		return nil, nil, err
	}
	if f.key == "" {
		return func(context.Context, manifest.Document, string, *signature) error { return nil }, func() {}, nil
	}
	before, err := f.before(cmd)
	if err != nil {
		return nil, nil, err
	}
	finder := sshkey.Finder{Agent: os.Getenv("SSH_AUTH_SOCK"), Passphrase: sshkey.Ask(cmd.InOrStdin(), cmd.ErrOrStderr())}
	key, done, err := finder.Signer(cmd.Context(), f.key)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, d manifest.Document, namespace string, s *signature) error {
		if s.previous, err = before(ctx, d, namespace); err != nil {
			return err
		}
		s.sealed, err = sealed(*s, d, namespace, key)
		return err
	}, done, nil
}

// asks says whether the cluster is asked what is in force.
func (f *signFlags) asks() bool { return f.cluster || f.kubeconfig != "" || f.context != "" }

func (f *signFlags) checkKey() error {
	switch {
	case f.waiver != "" && (f.previous != "" || f.asks()):
		return errors.New("a waiver takes the place of nothing that is in force: leave --previous and --cluster out")
	case f.key == "" && (f.previous != "" || f.asks()):
		return errors.New("--previous and --cluster are signed over: they need --key")
	case f.previous != "" && f.asks():
		return errors.New("either --previous or --cluster")
	case f.previous != "" && f.previous != sla.NothingBefore && !digestPattern.MatchString(f.previous):
		return fmt.Errorf("--previous %q: a digest such as `kubectl sla digest` prints, or %s", f.previous, sla.NothingBefore)
	}
	return nil
}

// before finds what is in force as the flags say.
func (f *signFlags) before(cmd *cobra.Command) (beforeFunc, error) {
	if f.waiver != "" {
		return func(context.Context, manifest.Document, string) (string, error) { return "", nil }, nil
	}
	if f.asks() {
		cluster, err := f.reader()
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, d manifest.Document, namespace string) (string, error) {
			now, err := inForce(ctx, cluster, d, namespace)
			return now.digest, err
		}, nil
	}
	named := f.previous
	switch named {
	case "":
		fmt.Fprintln(cmd.ErrOrStderr(), "signing over nothing in force before: where something is, name its digest (--previous) or ask the cluster (--cluster), "+
			"else the signature does not count")
	case sla.NothingBefore:
		named = ""
	}
	return func(context.Context, manifest.Document, string) (string, error) { return named, nil }, nil
}

const namespaceUsage = "namespace of objects that name none"

// namespaceOf a document: it is signed with the rest.
func namespaceOf(d manifest.Document, flag string) (string, error) {
	switch {
	case d.Namespace == "" && flag == "":
		return "", errors.New("it names no namespace, which a sign-off is bound to: set metadata.namespace or --namespace")
	case d.Namespace != "" && flag != "" && d.Namespace != flag:
		return "", fmt.Errorf("its namespace is %s, not %s (--namespace)", d.Namespace, flag)
	case d.Namespace == "":
		return flag, nil
	}
	return d.Namespace, nil
}

// sealed is the SSH signature of a sign-off.
func sealed(s signature, d manifest.Document, namespace string, key ssh.Signer) (string, error) {
	at, err := time.Parse(time.RFC3339, s.at)
	if err != nil {
		return "", err
	}
	return sla.Sign(sla.Statement{
		Kind: s.kind, Namespace: namespace, Name: d.Name, Party: sla.Party(s.party), At: at, Digest: s.digest, Previous: s.previous,
	}, key)
}
