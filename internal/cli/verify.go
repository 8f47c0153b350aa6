// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

const verifyHelp = `Says for every LeadDefinition and SLAContract in the files and folders whether each
party's sign-off counts: it is over exactly what is written, in exactly this object
(namespace/name; --namespace says it where a manifest does not), its date is not in
the future, and where the party has keys it carries a valid SSH signature of this
object, party, date and digest by one of them.

The keys are in a ConfigMap (docs/signatures.md), read from a file by --signers,
"-" for standard input. Without it signatures are not checked. With --cluster the
date and the signature are compared with what is in force there: a sign-off that is
older, or was made while something else was in force, does not count.

The waivers of a contract (spec.waivers) are judged too, each over its own digest: clause,
days and reason.

Prints a line for each party: "signed" by name, "verified" by key, or why it does
not count; with -o json an array of objects with the keys file, kind, namespace,
name, waiver, party, counts, verified, by, at, digest, note. The exit code is 1 when any
sign-off is missing or does not count.`

// verifyFlags are the flags of verify.
type verifyFlags struct {
	clusterFlags
	signers, output string
	cluster         bool
}

func verifyCommand(now func() time.Time) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify PATH...",
		Short: "say which sign-offs count, and why others do not",
		Long:  verifyHelp,
		Example: `  kubectl sla verify config/samples
  kubectl sla verify -o json config/samples/leaddefinition.yaml
  kubectl get configmap handoff-signers -n handoff-system -o yaml | kubectl sla verify --signers - --cluster config/samples`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, now()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.signers, "signers", "", "file with the ConfigMap of the parties' keys, - for standard input")
	flags.BoolVar(&f.cluster, "cluster", false, "compare with what is in force in the cluster")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	f.add(flags)
	flags.Lookup("namespace").Usage = namespaceUsage
	return cmd
}

func (f *verifyFlags) run(cmd *cobra.Command, paths []string, now time.Time) error {
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output %q: text or json", f.output)
	}
	v, err := f.verifier(cmd, now)
	if err != nil {
		return err
	}
	var all []verdict
	for _, path := range paths {
		docs, err := manifest.Load(cmd.Context(), path, cmd.InOrStdin())
		if err != nil {
			return err
		}
		verdicts, err := v.documents(cmd.Context(), docs)
		if err != nil {
			return err
		}
		all = append(all, verdicts...)
	}
	if len(all) == 0 {
		return errors.New("no LeadDefinition and no SLAContract of sla.handoff.dev/v1alpha1 in what was given")
	}
	if err := printVerdicts(cmd.OutOrStdout(), f.output, all); err != nil {
		return err
	}
	counting := slices.DeleteFunc(slices.Clone(all), func(x verdict) bool { return !x.Counts })
	if bad := len(all) - len(counting); bad > 0 {
		return fmt.Errorf("%d of %d sign-offs are missing or do not count", bad, len(all))
	}
	return nil
}

// verifier of the flags.
func (f *verifyFlags) verifier(cmd *cobra.Command, now time.Time) (verifier, error) {
	v := verifier{now: now, flagNamespace: f.namespace}
	var err error
	if f.signers != "" {
		if v.keys, err = readSigners(f.signers, cmd.InOrStdin()); err != nil {
			return v, err
		}
	}
	if f.cluster || f.kubeconfig != "" || f.context != "" {
		v.cluster, err = f.reader()
	}
	return v, err
}

func printVerdicts(out io.Writer, output string, all []verdict) error {
	if output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, x := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", x.subject(), x.Party, x)
	}
	return w.Flush()
}
