// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/diff"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

const diffHelp = `Says in the words of the agreement what two versions differ in, a line a change:
which is stricter or looser and for whom, which signatures it voids, and what
needs no signature (routing, workers, the property of a field).

OLD and NEW are files, folders (all *.yaml and *.yml below them), "-" for
standard input, or git revisions written REV:PATH. Objects are paired by kind,
namespace and name. Formatting, comments, and the order of lists with keys make
no difference; the order of paths, intents and pools does: the first match wins.
Labels, annotations and other kinds are not compared.

"Stricter" and "looser" are said where the text alone decides it: a higher
threshold, fewer points, a shorter window. For an expression that changes,
"kubectl sla backtest" shows which leads it moves.

With --live there is only NEW: it is compared with the objects of the same names
in the cluster, with what is written there and, where that is another text, with
what is in force.

-o markdown is for a comment of a pull request; its first line is the hidden
marker ` + diff.Marker + `, by which a pipeline finds its comment again.
-o json has objects[] with state, oldDigest, newDigest, voided[], missing[] and
changes[] with path, old, new, direction, for, effect and signed.

The exit code is 0, with or without a difference, and 1 when something cannot be
read. With --exit-code it is also 1 when what both parties sign differs.`

type diffFlags struct {
	cluster  clusterFlags
	live     bool
	exitCode bool
	output   string
}

func diffCommand() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "say what changes in the agreement, for whom it is stricter, and which signatures it voids",
		Long:  diffHelp,
		Example: `  kubectl sla diff main:config/samples/ config/samples/
  kubectl sla diff config/samples/leaddefinition.yaml docs/examples/leaddefinition-stricter.yaml
  kubectl sla diff HEAD:config/samples/slacontract.yaml config/samples/slacontract.yaml -o markdown
  kubectl sla diff --live config/samples/ -n revenue`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.live {
				return cobra.ExactArgs(1)(cmd, args)
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	f.cluster.add(flags)
	flags.BoolVar(&f.live, "live", false, "compare NEW with the objects of the same names in the cluster")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 when what both parties sign differs")
	flags.StringVarP(&f.output, "output", "o", "text", "text, markdown or json")
	return cmd
}

func (f *diffFlags) run(cmd *cobra.Command, args []string) error {
	report, err := f.compare(cmd.Context(), args, cmd.InOrStdin())
	if err != nil {
		return err
	}
	if err := writeAs(cmd.OutOrStdout(), f.output, report); err != nil {
		return err
	}
	if f.exitCode && report.Meaning {
		return errors.New("what both parties sign differs (--exit-code)")
	}
	return nil
}

// printable is what has the three forms of output.
type printable interface {
	Text(io.Writer)
	Markdown(io.Writer)
}

func writeAs(w io.Writer, form string, p printable) error {
	switch form {
	case "text":
		p.Text(w)
	case "markdown":
		p.Markdown(w)
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(p)
	default:
		return fmt.Errorf("--output %q: text, markdown or json", form)
	}
	return nil
}

func (f *diffFlags) compare(ctx context.Context, args []string, stdin io.Reader) (diff.Report, error) {
	if len(args) == 2 && args[0] == "-" && args[1] == "-" {
		return diff.Report{}, errors.New("standard input can be read once: name a file, a folder or REV:PATH for the other side")
	}
	after, err := manifest.Load(ctx, args[len(args)-1], stdin)
	if err != nil {
		return diff.Report{}, err
	}
	if f.live {
		reader, err := f.cluster.reader()
		if err != nil {
			return diff.Report{}, err
		}
		_, namespace, err := f.cluster.config()
		if err != nil {
			return diff.Report{}, err
		}
		objects, err := diff.Cluster{Reader: reader, Namespace: namespace}.Compare(ctx, after)
		return diff.NewReport("the cluster", args[0], objects), err
	}
	before, err := manifest.Load(ctx, args[0], stdin)
	if err != nil {
		return diff.Report{}, err
	}
	if !anyOurs(before) && !anyOurs(after) {
		return diff.Report{}, fmt.Errorf("neither %s nor %s has a LeadDefinition, an SLAContract or a ReviewCadence", args[0], args[1])
	}
	objects, err := diff.Documents(before, after)
	return diff.NewReport(args[0], args[1], objects), err
}

func anyOurs(docs []manifest.Document) bool {
	for _, d := range docs {
		if d.Ours() {
			return true
		}
	}
	return false
}
