// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/sla"
)

const signHelp = `Writes a party's sign-off into the file: who agrees, when, for which object
(namespace/name), and to which digest. Copied to another object it does not count.
Where a manifest states no namespace, --namespace does.
Every LeadDefinition and SLAContract in the file is signed. Nothing else in the
file changes: comments, order and formatting stay. What does not compile is not
signed.

Both parties sign, each in a commit of its own where the history should show
it; until both have, the last text that both signed stays in force.

--key adds an SSH signature: of the object's kind, namespace and name, the party,
the time, the digest, and the digest that is in force now, so that it is good for
nothing else and cannot bring this text back later. The file is a private key
(its passphrase is asked for, unless an ssh-agent holds the key) or a public key
whose private one an ssh-agent holds, such as one on a hardware token. The digest
in force is read from the cluster (--cluster) or named (--previous); without
either, nothing is taken to be in force yet.

The same text may be signed again, with a new date: that is how both parties ratify it
anew each quarter (terms.governance.definitionRefresh, and the condition
RatificationCurrent of the cadence). Nothing that is in force changes by it; its dates
do. With --key it is signed over its own digest, which --cluster finds.

--waiver NAME signs a waiver of the contract, and not its terms: the clause, the days
and the reason, of this contract. It holds for a week when both parties have signed it
within 7 days of the week's end, lasts at most a quarter, and ends by itself. With
--key nothing is in force before it, so --previous and --cluster have no place there.`

// signature is one party's sign-off, as it is written. sealed is the SSH signature over it and over previous; empty without a key.
type signature struct {
	kind             string // of what is signed
	party, by, at    string
	object, digest   string
	previous, sealed string
}

// signFlags are the flags of sign.
type signFlags struct {
	clusterFlags
	party, by, at string
	key, previous string
	waiver        string
	cluster       bool
}

func signCommand(now func() time.Time) *cobra.Command {
	var f signFlags
	cmd := &cobra.Command{
		Use:   "sign --party Marketing|Sales --by ROLE [--key KEYFILE] FILE",
		Short: "sign what is written, for one party",
		Long:  signHelp,
		Example: `  kubectl sla sign --party Marketing --by "VP Marketing" config/samples/slacontract.yaml
  kubectl sla sign --party Sales --by vp-sales@example.com --at 2025-12-16T09:12:00Z config/samples/leaddefinition.yaml
  kubectl sla sign --waiver crm-migration --party Sales --by "VP Sales" docs/examples/slacontract-governance.yaml
  kubectl sla sign --party Sales --by "VP Sales" --key ~/.ssh/id_ed25519 --cluster config/samples/leaddefinition.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], now) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.party, "party", "", "Marketing or Sales")
	flags.StringVar(&f.by, "by", "", "the person or role that signs, for people to read")
	flags.StringVar(&f.at, "at", "", "when it is signed, RFC 3339, not in the future (now when absent)")
	flags.StringVar(&f.waiver, "waiver", "", "sign the waiver of this name (spec.waivers), and not the terms")
	flags.StringVar(&f.key, "key", "", "file of the SSH key to sign with (signed by name when absent)")
	flags.StringVar(&f.previous, "previous", "", "digest that is in force now, with --key; \"none\" when nothing is")
	flags.BoolVar(&f.cluster, "cluster", false, "read the digest in force from the cluster, with --key")
	f.add(flags)
	flags.Lookup("namespace").Usage = namespaceUsage
	for _, flag := range []string{"party", "by"} {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // the flag is named above
		}
	}
	return cmd
}

func (f *signFlags) run(cmd *cobra.Command, file string, now func() time.Time) error {
	s, err := newSignature(f.party, f.by, f.at, now)
	if err != nil {
		return err
	}
	seal, done, err := f.sealer(cmd)
	if err != nil {
		return err
	}
	defer done()
	return f.signFile(cmd, file, s, seal)
}

func newSignature(party, by, at string, now func() time.Time) (signature, error) {
	if party != string(slav1alpha1.PartyMarketing) && party != string(slav1alpha1.PartySales) {
		return signature{}, fmt.Errorf("--party %q: Marketing or Sales", party)
	}
	if by = strings.TrimSpace(by); by == "" {
		return signature{}, errors.New("--by is empty: name the person or role that signs")
	}
	when := now()
	if at != "" {
		var err error
		if when, err = time.Parse(time.RFC3339, at); err != nil {
			return signature{}, fmt.Errorf("--at %q: not RFC 3339, such as 2026-12-16T09:12:00Z", at)
		}
		if when.After(now().Add(ahead)) {
			return signature{}, fmt.Errorf("--at %q: in the future, where a sign-off does not count; leave --at out to sign now", at)
		}
	}
	return signature{party: party, by: by, at: when.UTC().Format(time.RFC3339)}, nil
}

func (f *signFlags) signFile(cmd *cobra.Command, file string, s signature, seal sealer) error {
	if file == "-" {
		return errors.New("the sign-off is written into the file: name one, standard input cannot be written")
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s: a folder; name one file to sign", file)
	}
	docs, err := manifest.Read(file, nil)
	if err != nil {
		return err
	}
	var out strings.Builder
	var lines []string
	for _, d := range docs {
		text, what, err := f.signOne(cmd.Context(), d, s, seal)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", d.Place(), d, err)
		}
		if what != "" {
			lines = append(lines, fmt.Sprintf("%s signed for %s by %s", what, s.party, s.by))
		}
		out.WriteString(text)
	}
	switch {
	case len(lines) == 0 && f.waiver != "":
		return noWaiver(file, f.waiver, docs)
	case len(lines) == 0:
		return fmt.Errorf("%s: no LeadDefinition and no SLAContract to sign", file)
	}
	if err := replaceFile(file, out.String(), info.Mode().Perm()); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), strings.Join(lines, "\n"))
	return nil
}

// signOne document, and say what of it was signed; nothing where there is nothing to sign.
func (f *signFlags) signOne(ctx context.Context, d manifest.Document, s signature, seal sealer) (text, what string, err error) {
	if f.waiver != "" {
		if _, found := waiverOf(d, f.waiver); !found {
			return d.Text, "", nil
		}
		text, err = f.signWaiver(ctx, d, s, seal)
		return text, fmt.Sprintf("waiver %s of %s", f.waiver, d), err
	}
	if !d.Signable() {
		return d.Text, "", nil
	}
	text, err = f.signDocument(ctx, d, s, seal)
	return text, d.String(), err
}

// replaceFile leaves the old file whole when it fails.
func replaceFile(file, text string, mode os.FileMode) error {
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, []byte(text), mode); err != nil {
		return err
	}
	if err := os.Rename(tmp, file); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}

// signDocument returns the document's text with the sign-off in it.
func (f *signFlags) signDocument(ctx context.Context, d manifest.Document, s signature, seal sealer) (string, error) {
	if err := d.Check(); err != nil {
		return "", fmt.Errorf("not signed, because the operator would refuse it: %w", err)
	}
	namespace, err := namespaceOf(d, f.namespace)
	if err != nil {
		return "", err
	}
	if s.digest, err = d.Digest(); err != nil {
		return "", err
	}
	s.kind, s.object = d.Kind, sla.Subject{Namespace: namespace, Name: d.Name}.Object()
	if err := seal(ctx, d, namespace, &s); err != nil {
		return "", err
	}
	root, err := d.Node()
	if err != nil {
		return "", err
	}
	text, err := writeSignOff(d.Text, root, s)
	if err == nil {
		err = verifyEdit(d, text, s)
	}
	if err != nil {
		return "", fmt.Errorf("the sign-off cannot be written in place (%w); add it by hand under spec.signOffs:\n- %s", err, s.flow())
	}
	return text, nil
}

// verifyEdit reads the edited text as the operator will: the meaning is the same, and the sign-off is there once.
func verifyEdit(d manifest.Document, text string, s signature) error {
	edited := manifest.Parse(manifest.Document{File: d.File, Line: d.Line, Text: text})
	if edited.Err != nil {
		return edited.Err
	}
	digest, err := edited.Digest()
	if err != nil {
		return err
	}
	if digest != s.digest {
		return errors.New("the edit changes what is signed")
	}
	return verifySignOff(d.SignOffs(), edited.SignOffs(), s)
}

// verifySignOff says whether the sign-off is there once, as it was meant, and the other one still is.
func verifySignOff(before, offs []slav1alpha1.SignOff, s signature) error {
	mine := func(o slav1alpha1.SignOff) bool { return string(o.Party) == s.party }
	i := slices.IndexFunc(offs, mine)
	if i < 0 || slices.ContainsFunc(offs[i+1:], mine) {
		return fmt.Errorf("%d sign-offs, not exactly one of %s", len(offs), s.party)
	}
	if o := offs[i]; o.By != s.by || o.Object != s.object || string(o.Digest) != s.digest || o.At.UTC().Format(time.RFC3339) != s.at {
		return errors.New("the sign-off reads back differently")
	} else if string(o.Previous) != s.previous || o.Signature != s.sealed {
		return errors.New("the signature reads back differently")
	}
	if len(offs) < len(before) {
		return errors.New("the other sign-off is gone")
	}
	return nil
}
