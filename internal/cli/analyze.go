// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/analyze"
	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
)

const analyzeHelp = `The joint-definition session from data: what each field of past leads tells about
the outcome, which columns cannot be used, and a draft of a score to argue over.

--leads names the leads, a row each (CSV or NDJSON, also gzip), and further files
that are joined to them by the lead's id, such as closed deals. --outcome says
which leads converted, as for backtest: a column's name (converted unless empty, 0,
false, no, lost, open, null or the like), or a CEL condition over "row" (all columns,
as text; has() asks) and "lead" (the fields of -f in their types, other columns as
text); a value that is absent makes it false.

For each field, and each value or quantile band of it: leads, conversion rate with
its Wilson interval of 95 %, lift (the rate against that of all leads), and for the
field its information value and its AUC alone. Not used, with the reason: columns
known only after the outcome (leaks: known for converted leads only, from a file
with rows for winners only, or telling the outcome all too well), ids, free text,
dates. --keep uses such a column all the same, --exclude leaves one out.

The draft is a logistic regression (ridge) over groups of values and bands that
differ by more than chance; its coefficients become points on a scale of 0 to 100,
and a threshold is suggested (the highest recall minus false-alarm rate). Its AUC
is cross-validated, groups and all. A weak draft is said to be weak. Where too few
leads lack a field to tell, a lead without it gets no more points than the worst.

-o yaml prints it as a LeadDefinition without sign-offs, with the numbers as
comments. With -f, the definition's fields, signals, behaviour rules, intents and
dispositions stay; the fitted group takes the place of its rules on fields, and the
suggested threshold that of its paths'.

Each file is read once. A uniform sample of at most --sample leads is held in
memory and everything is about it; of fewer leads all are used. The lead's id is
found as backtest finds it. A lead without a date that can be read counts here, and
is left out by backtest: how many, is said. Rows that cannot be read are counted and
located; --strict makes the first an error. With -f, values are read as the operator
reads them (a Boolean is true or false, not yes or 1), others count as absent.

docs/analyze.md goes through a session step by step.`

type analyzeFlags struct {
	leads, keep, exclude        []string
	outcome, definition, output string
	idColumn, encoding, name    string
	sample                      int
	strict                      bool
}

func analyzeCommand() *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:     "analyze --leads FILE... --outcome CEL [-f DEFINITION]",
		Aliases: []string{"analyse"},
		Short:   "what past leads say about the outcome, and a draft of a score",
		Long:    analyzeHelp,
		Example: `  kubectl sla analyze --leads docs/examples/leads.csv --outcome won_date
  kubectl sla analyze --leads docs/examples/leads.csv --outcome 'has(row.won_date)' -f config/samples/leaddefinition.yaml -o markdown
  kubectl sla analyze --leads docs/examples/leads.csv --outcome won_date --name draft -o yaml > draft.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.leads, "leads", nil, "file of leads, and files to join to it by the lead's id (repeat the flag)")
	flags.StringVar(&f.outcome, "outcome", "", "which leads converted: a column, or CEL over row and lead")
	flags.StringVarP(&f.definition, "filename", "f", "", "file with the LeadDefinition whose fields the columns are (- is standard input)")
	flags.StringVarP(&f.output, "output", "o", "text", "text, markdown, json or yaml (a LeadDefinition)")
	flags.StringVar(&f.idColumn, "id-column", "", "column of the lead's id (detected when absent)")
	flags.StringVar(&f.encoding, "encoding", "", "utf-8 or windows-1252 (utf-8 when absent)")
	flags.StringVar(&f.name, "name", "", "name of the drafted LeadDefinition (that of -f, else draft)")
	flags.StringSliceVar(&f.exclude, "exclude", nil, "columns not to use")
	flags.StringSliceVar(&f.keep, "keep", nil, "columns to use although they look like leaks, ids or free text")
	flags.IntVar(&f.sample, "sample", 100_000, "leads that are held in memory, 1,000 to 10,000,000")
	flags.BoolVar(&f.strict, "strict", false, "end with an error at the first row that cannot be read")
	return cmd
}

func (f *analyzeFlags) check() error {
	switch {
	case len(f.leads) == 0:
		return errors.New("nothing to analyse: --leads FILE")
	case f.outcome == "":
		return errors.New("--outcome is missing: a column, such as won_date, or a condition, such as 'row.stage == \"won\"'")
	case f.sample < 1000 || f.sample > 10_000_000:
		return fmt.Errorf("--sample %d: 1000 to 10000000", f.sample)
	}
	switch f.output {
	case "text", "markdown", "json", "yaml":
		return nil
	}
	return fmt.Errorf("--output %q: text, markdown, json or yaml", f.output)
}

func (f *analyzeFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	in := analyze.Input{
		Files: f.leads, Stdin: cmd.InOrStdin(), Options: leadfile.Options{Strict: f.strict, Encoding: f.encoding}, IDColumn: f.idColumn, Outcome: f.outcome, Size: f.sample,
	}
	definition, err := f.fields(cmd, &in)
	if err != nil {
		return err
	}
	sample, problems, err := analyze.Load(cmd.Context(), in)
	if err != nil {
		return err
	}
	reportProblems(cmd.ErrOrStderr(), problems)
	for flag, columns := range map[string][]string{"keep": f.keep, "exclude": f.exclude} {
		if err := sample.Knows(columns); err != nil {
			return fmt.Errorf("--%s: %w", flag, err)
		}
	}
	report, err := analyze.Analyse(sample, analyze.Options{Outcome: f.outcome, Keep: f.keep, Exclude: f.exclude})
	if err != nil {
		return err
	}
	switch f.output {
	case "json":
		return report.JSON(cmd.OutOrStdout())
	case "markdown":
		return report.Markdown(cmd.OutOrStdout())
	case "yaml":
		return f.yaml(cmd.OutOrStdout(), report, definition)
	default:
		return report.Text(cmd.OutOrStdout())
	}
}

// fields of the definition, if one is given.
func (f *analyzeFlags) fields(cmd *cobra.Command, in *analyze.Input) (*slav1alpha1.LeadDefinition, error) {
	if f.definition == "" {
		return nil, nil
	}
	docs, err := manifest.Read(f.definition, cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	var found *slav1alpha1.LeadDefinition
	for _, d := range docs {
		if d.Definition == nil {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s: more than one LeadDefinition; give a file with one", f.definition)
		}
		definition, err := convert.Definition(d.Definition.Spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Place(), err)
		}
		found, in.Fields = d.Definition, definition.Fields
	}
	if found == nil {
		return nil, fmt.Errorf("%s: no LeadDefinition of sla.handoff.dev/v1alpha1", f.definition)
	}
	return found, nil
}

func (f *analyzeFlags) yaml(out io.Writer, report *analyze.Report, from *slav1alpha1.LeadDefinition) error {
	name, namespace := f.name, ""
	if from != nil {
		namespace = from.Namespace
		if name == "" {
			name = from.Name
		}
	}
	if name == "" {
		name = "draft"
	}
	draft, err := report.Manifest(name, namespace, from)
	if err != nil {
		return err
	}
	return draft.YAML(out, report)
}

// reportProblems says what could not be read, the first of each file with its place.
func reportProblems(out io.Writer, problems *leadfile.Problems) {
	const most = 10
	for _, p := range problems.First[:min(len(problems.First), most)] {
		fmt.Fprintln(out, p)
	}
	if more := problems.Count - most; more > 0 {
		fmt.Fprintf(out, "and %d more\n", more)
	}
}
