// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

const lintHelp = `Finds what is wrong in definitions, contracts and cadences before anybody signs
or applies them, and what practice advises against.

PATHS are files, folders (all *.yaml and *.yml below them), "-" for standard
input, or git revisions written REV:PATH, such as main:sla/. Documents of other
groups are skipped. References are looked for among all that is given, and with -n, --context or
--kubeconfig in the cluster too; one that is not there is a warning, or with
--complete an error.

error    the API server or the operator would refuse it, or it would not do what
         it says: unknown fields, the kinds' own schema and rules, expressions,
         references, terms that do not fit, sign-offs of another text
warning  it is accepted, and most probably not meant: an intent that no lead can
         miss, a threshold out of reach, one-sided terms
advice   practice does it otherwise: thresholds and rates outside the usual
         bands, a first contact that is not tiered

docs/lint.md has every rule with its reason and cure. A rule that does not apply
to an object is suppressed by its annotation, the others still count:

  metadata:
    annotations:
      sla.handoff.dev/lint-ignore: threshold-outside-band,no-decay

Outputs: text; json ({"findings": [{severity, rule, kind, namespace, name, path,
file, line, column, message, cure, suppressed}], "summary": {...}}); junit;
github (annotations of a workflow); gitlab (a Code Quality report).

The exit code is 1 when a finding is as bad as --fail-on or worse, and when
something cannot be read.`

func lintCommand(now func() time.Time) *cobra.Command {
	var output, failOn string
	var complete bool
	var cluster clusterFlags
	cmd := &cobra.Command{
		Use:   "lint PATHS...",
		Short: "find what is wrong before anybody signs",
		Long:  lintHelp,
		Example: `  kubectl sla lint config/samples
  kubectl sla lint --complete --fail-on warning -o github config/samples
  kubectl sla lint -o json - < config/samples/leaddefinition.yaml
  kubectl sla lint -n revenue config/samples/slacontract.yaml   # its definition from the cluster`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			severity, err := lint.ParseSeverity(failOn)
			if err != nil {
				return fmt.Errorf("--fail-on: %w", err)
			}
			options := lint.Options{Now: now(), Complete: complete}
			if cluster != (clusterFlags{}) {
				options.Lookup = cluster.lookUp
			}
			return runLint(cmd, paths, output, severity, options)
		},
	}
	flags := cmd.Flags()
	cluster.add(flags)
	flags.StringVarP(&output, "output", "o", "text", lint.Formats)
	flags.StringVar(&failOn, "fail-on", string(lint.Error), "least severity that makes the exit code 1: error, warning or advice")
	flags.BoolVar(&complete, "complete", false, "all objects are among PATHS: a reference to one that is not is an error")
	return cmd
}

func runLint(cmd *cobra.Command, paths []string, output string, failOn lint.Severity, options lint.Options) error {
	if err := lint.CheckFormat(output); err != nil {
		return err
	}
	var docs []manifest.Document
	for _, path := range paths {
		more, err := manifest.ScanAll(cmd.Context(), path, cmd.InOrStdin())
		if err != nil {
			return err
		}
		docs = append(docs, more...)
	}
	report, err := lint.Run(cmd.Context(), docs, options)
	if err != nil {
		return err
	}
	if err := lint.Write(cmd.OutOrStdout(), output, report, failOn); err != nil {
		return err
	}
	return report.Verdict(failOn)
}

// lookUp the text of an object in the cluster; "" when there is none.
func (f *clusterFlags) lookUp(ctx context.Context, kind, namespace, name string) (string, error) {
	if namespace == "" {
		var err error
		if _, namespace, err = f.config(); err != nil {
			return "", err
		}
	}
	reader, err := f.reader()
	if err != nil {
		return "", err
	}
	return liveText(ctx, reader, kind, namespace, name)
}

func liveText(ctx context.Context, reader client.Reader, kind, namespace, name string) (string, error) {
	objects := map[string]client.Object{"LeadDefinition": &slav1alpha1.LeadDefinition{}, "SLAContract": &slav1alpha1.SLAContract{}}
	object, known := objects[kind]
	if !known {
		return "", nil
	}
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	switch {
	case apierrors.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("%s/%s in namespace %s: %w", kind, name, namespace, err)
	}
	object.GetObjectKind().SetGroupVersionKind(slav1alpha1.GroupVersion.WithKind(kind))
	text, err := sigsyaml.Marshal(object)
	return string(text), err
}
