// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/paint"
	"github.com/handoff-sla/handoff/internal/cli/scorecard"
)

const scorecardHelp = `Shows how a contract stands, as the operator judged it: every commitment with what was
reached and what was agreed, how many weeks in a row it fell short, how long leads
waited, and whether its enforcement point holds back or only reports; then the
escalations with who deals with them, until when and what resolves them, plans and
waivers, the closed weeks clause by clause, and advice. It says of when the numbers are.

Without a NAME every contract of the namespace; -A shows those of all namespaces, a
line each. Each signal is a shape and a word, colour or not:

  ● green   at its target        ▲ yellow  a little below it
  ■ red     well below it        ○ grey    too few leads to judge, or waived

-o table is for a terminal, -o wide adds what each clause compares and the field of
the CRM that holds it, -o markdown and -o html are pages for others (html is one file,
with nothing loaded from elsewhere), -o json is an object with items[], spelt as in
the contract's status. The rights of a viewer of SLAContracts are enough; without the
right to read SLAMeasurements it is left out of when the counts are.`

// scorecardFlags are the flags of scorecard.
type scorecardFlags struct {
	clusterFlags
	output, color string
	all           bool
}

func scorecardCommand(now func() time.Time) *cobra.Command {
	var f scorecardFlags
	cmd := &cobra.Command{
		Use:   "scorecard [NAME]",
		Short: "how a contract stands: clauses, escalations, plans",
		Long:  scorecardHelp,
		Example: `  kubectl sla scorecard mid-market -n revenue
  kubectl sla scorecard -n revenue -o markdown
  kubectl sla scorecard -n revenue -o wide --color never
  kubectl sla scorecard --all-namespaces`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, now()) },
	}
	flags := cmd.Flags()
	f.add(flags)
	flags.BoolVarP(&f.all, "all-namespaces", "A", false, "a line for each contract of all namespaces")
	flags.StringVarP(&f.output, "output", "o", "table", "table, wide, markdown, json or html")
	flags.StringVar(&f.color, "color", "auto", paint.Modes)
	return cmd
}

func (f *scorecardFlags) run(cmd *cobra.Command, args []string, now time.Time) error {
	palette, err := f.check(cmd.OutOrStdout(), args)
	if err != nil {
		return err
	}
	_, namespace, err := f.config()
	if err != nil {
		return err
	}
	reader, err := f.reader()
	if err != nil {
		return err
	}
	if f.all {
		namespace = ""
	}
	cards, err := readCards(cmd.Context(), reader, namespace, args, now)
	if err != nil {
		return err
	}
	return f.write(cmd.OutOrStdout(), cards, palette)
}

func (f *scorecardFlags) check(out io.Writer, args []string) (paint.Palette, error) {
	switch {
	case !slices.Contains([]string{"table", "wide", "markdown", "json", "html"}, f.output):
		return paint.Palette{}, fmt.Errorf("--output %q: table, wide, markdown, json or html", f.output)
	case f.all && len(args) > 0:
		return paint.Palette{}, errors.New("-A is for all contracts: leave the name out, or name its namespace with -n")
	case f.all && f.namespace != "":
		return paint.Palette{}, errors.New("-A is for all namespaces: leave -n out")
	}
	return paint.For(f.color, out, os.Getenv)
}

// readCards of one contract, or of all in a namespace; in all namespaces where none is named.
func readCards(ctx context.Context, reader client.Reader, namespace string, args []string, now time.Time) ([]scorecard.Card, error) {
	var contracts slav1alpha1.SLAContractList
	if len(args) == 1 {
		contracts.Items = make([]slav1alpha1.SLAContract, 1)
		err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: args[0]}, &contracts.Items[0])
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("no SLAContract %s in namespace %s; `kubectl sla scorecard -A` shows all there are", args[0], namespace)
		}
		if err != nil {
			return nil, err
		}
	} else if err := reader.List(ctx, &contracts, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	if len(contracts.Items) == 0 {
		if namespace == "" {
			return nil, errors.New("no SLAContract in any namespace")
		}
		return nil, fmt.Errorf("no SLAContract in namespace %s; -n names another, -A shows all there are", namespace)
	}
	slices.SortFunc(contracts.Items, func(a, b slav1alpha1.SLAContract) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var cards []scorecard.Card
	for i := range contracts.Items {
		measurement, err := measurementOf(ctx, reader, &contracts.Items[i])
		if err != nil {
			return nil, err
		}
		cards = append(cards, scorecard.Of(&contracts.Items[i], measurement, now))
	}
	return cards, nil
}

// measurementOf a contract; nil where there is none yet, or none that may be read.
func measurementOf(ctx context.Context, reader client.Reader, contract *slav1alpha1.SLAContract) (*slav1alpha1.SLAMeasurement, error) {
	var measurement slav1alpha1.SLAMeasurement
	err := reader.Get(ctx, client.ObjectKeyFromObject(contract), &measurement)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &measurement, nil
}

func (f *scorecardFlags) write(out io.Writer, cards []scorecard.Card, palette paint.Palette) error {
	switch f.output {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"items": cards})
	case "html":
		return scorecard.HTML(out, cards)
	case "table", "wide":
		if f.all {
			scorecard.Short(paint.Safe(out), palette, cards)
			return nil
		}
	}
	out = paint.Safe(out)
	for i := range cards {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if f.output == "markdown" {
			cards[i].Markdown(out)
		} else {
			cards[i].Text(out, palette, f.output == "wide")
		}
	}
	return nil
}
