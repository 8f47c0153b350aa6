// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/backtest"
	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

const backtestHelp = `Asks what a LeadDefinition would have made of leads that are over: how many would
have become MQL a month, how many of these converted, and how that changes against
another definition. NEW and OLD are files, folders, or git revisions (main:sla/).

Leads are a row each, in CSV (comma, semicolon, tab; header first) or NDJSON, also
compressed with gzip; "-" is standard input. Columns go into the fields of the
definition whose "property" is the column's name. The id is the first column named id
or *_id whose values are unique, the time of capture the first column of dates (RFC
3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD; UTC without a zone). Rows of the same id are
one lead, and the report notes how many there are: the earliest is the capture, a
later one changes the lead's values from then on.

Several files are joined by the id, a column that all have. A file of leads with
other columns than the first (closed deals, say) adds its columns to the lead, at the
time of its own first date column. What else is known of leads:
  --activities  id, date, activity (its type); other columns are its properties
  --touches     id, date, channel; direction (Outbound), actor (Human), answered, rep;
                with a column event also assigned (rep), disposition (outcome, reason)
                and qualified (budget, businessCase, authority, decisionMakerAccess,
                need, timelineDays: what sales found out, empty where it did not)
  --events      CloudEvents in JSON, one a line, as docs/events.md has them

--outcome is what counts as converted. The name of a column: true unless its text is
empty, 0, false, f, no, n, lost, closed lost, open, null, none, nil, nan, n/a, na or -
(so a date or an id is true). Or CEL over row (all columns of the lead's files, as
text; absent ones are not there, has(row.x) asks) and lead (fields of the definition,
typed; other columns as text). A value that is absent makes it false.

An MQL is a lead for which a path held with no required field missing; it counts in
the month in which that was so first. The score of a lead, in bands and AUC, is its
highest at any of its own events, whether or not it was handed off; rows of further
files of leads from after its capture do not move it. A path about the account is
judged among the account's other leads in the files: their events are taken in order
of time, each lead with its account and its score as of its own last event, as the
cluster has it when every event is scored as it happens. A lead that sales recycled
and that comes back by the rules of its disposition is judged again for the terms;
among MQLs and months it counts once. With qualified events, the report says how many
MQLs became SQL, and which criteria the others lack.

Months are of the contract's zone, else UTC. The contract (--contract, or the one
beside NEW that refers to it) gives the volume target and, with touches or events,
what its clauses for sales would have given. Shares are 0 to 1 in JSON; intervals are
Wilson's, 95 %.

A value that does not fit its field is read as absent, as the operator reads it: a
Boolean is true or false (not yes or 1, but in --outcome), a Timestamp RFC 3339 or
YYYY-MM-DD, a number has no separators. Such values and rows that cannot be read are
counted and located and cost no other row; --strict makes the first an error.
--fail-on is CEL over the members of the JSON output (recall, precision, auc, mqls,
flips.lost, ...): when it holds, or a number in it is not known, the exit code is 1.

Memory does not grow with the files; with a path about the account, the leads of one
account are in memory together, and so are those of accounts that one lead belonged
to one after the other.`

// garbagePercent of what is in use may be garbage while files are read.
const garbagePercent = 400

type backtestFlags struct {
	definition, against, contract, name  string
	leads, activities, touches, events   []string
	outcome, idColumn, timeColumn        string
	failOn                               []string
	output, outputFile, encoding, tmpDir string
	strict                               bool
	examples                             int
}

func backtestCommand(now func() time.Time) *cobra.Command {
	var f backtestFlags
	cmd := &cobra.Command{
		Use:   "backtest -f NEW [--against OLD] --leads FILE",
		Short: "what a definition would have made of past leads",
		Long:  backtestHelp,
		Example: `  kubectl sla backtest -f config/samples/leaddefinition.yaml --leads docs/examples/leads.csv --activities docs/examples/activities.csv --outcome won_date
  kubectl sla backtest -f docs/examples/leaddefinition-stricter.yaml --against config/samples/leaddefinition.yaml --leads docs/examples/leads.csv \
    --activities docs/examples/activities.csv --touches docs/examples/touches.csv --contract config/samples/slacontract.yaml \
    --outcome 'has(row.won_date)' -o markdown
  kubectl sla backtest -f docs/examples/leaddefinition-stricter.yaml --against main:config/samples/leaddefinition.yaml --leads docs/examples/leads.csv \
    --activities docs/examples/activities.csv --outcome won_date --fail-on 'recall < 0.3' --fail-on 'flips.lost > 20'
  kubectl sla backtest -f config/samples/leaddefinition.yaml --leads docs/examples/leads.csv --outcome won_date -o html --output-file backtest.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, now) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.definition, "filename", "f", "", "the definition: a file, a folder or a git revision REV:PATH")
	flags.StringVar(&f.against, "against", "", "another definition to compare with, named in the same ways")
	flags.StringVar(&f.name, "name", "", "name of the LeadDefinition, where there are several")
	flags.StringVar(&f.contract, "contract", "", "SLAContract with the volume target and the terms of sales (the one beside the definition when absent)")
	flags.StringArrayVar(&f.leads, "leads", nil, "CSV or NDJSON file, a row a lead; may be repeated")
	flags.StringArrayVar(&f.activities, "activities", nil, "file with an activity of a lead a row; may be repeated")
	flags.StringArrayVar(&f.touches, "touches", nil, "file with a touch, an assignment or a disposition a row; may be repeated")
	flags.StringArrayVar(&f.events, "events", nil, "CloudEvents in JSON, one a line; may be repeated")
	flags.StringVar(&f.outcome, "outcome", "", "what converted: a column, or CEL over row and lead")
	flags.StringVar(&f.idColumn, "id-column", "", "column of the lead's id, in all files (detected when absent)")
	flags.StringVar(&f.timeColumn, "time-column", "", "column of the time (detected when absent)")
	flags.StringVar(&f.encoding, "encoding", "", "encoding of the files: utf-8 (default) or windows-1252")
	flags.BoolVar(&f.strict, "strict", false, "stop at the first row that cannot be read")
	flags.StringArrayVar(&f.failOn, "fail-on", nil, "CEL over the JSON output that must not hold, such as 'recall < 0.5'; may be repeated")
	flags.IntVar(&f.examples, "examples", 5, "leads shown for each way of changing, 0 to 100")
	flags.StringVarP(&f.output, "output", "o", "text", "text, markdown, json or html")
	flags.StringVar(&f.outputFile, "output-file", "", "write the report into this file")
	flags.StringVar(&f.tmpDir, "temp-dir", "", "folder for what does not fit into memory (TMPDIR when absent)")
	return cmd
}

func (f *backtestFlags) run(cmd *cobra.Command, now func() time.Time) error {
	render, err := f.render()
	if err != nil {
		return err
	}
	var gates []*backtest.Gate
	for _, text := range f.failOn {
		gate, err := backtest.NewGate(text)
		if err != nil {
			return err
		}
		gates = append(gates, gate)
	}
	in, err := f.input(cmd, now)
	if err != nil {
		return err
	}
	progress := newReadProgress(cmd.ErrOrStderr(), now)
	in.Progress = progress.show
	// What is read is garbage soon after, and what stays is small: collecting less often takes a tenth less time and some more memory.
	defer debug.SetGCPercent(debug.SetGCPercent(garbagePercent))
	report, err := backtest.Run(cmd.Context(), in)
	progress.end()
	if err != nil {
		return err
	}
	if err := f.write(cmd.OutOrStdout(), report, render); err != nil {
		return err
	}
	var failed []error
	for _, gate := range gates {
		failed = append(failed, gate.Check(report))
	}
	return errors.Join(failed...)
}

func (f *backtestFlags) render() (func(*backtest.Report, io.Writer) error, error) {
	if f.examples < 0 || f.examples > 100 {
		return nil, fmt.Errorf("--examples %d: 0 to 100", f.examples)
	}
	if f.definition == "" {
		return nil, errors.New("no definition: -f FILE, a folder, or REV:PATH")
	}
	switch f.output {
	case "text":
		return (*backtest.Report).Text, nil
	case "json":
		return (*backtest.Report).JSON, nil
	case "markdown":
		return (*backtest.Report).Markdown, nil
	case "html":
		return (*backtest.Report).HTML, nil
	default:
		return nil, fmt.Errorf("--output %q: text, markdown, json or html", f.output)
	}
}

func (f *backtestFlags) write(out io.Writer, report *backtest.Report, render func(*backtest.Report, io.Writer) error) error {
	if f.outputFile == "" {
		return render(report, out)
	}
	var text bytes.Buffer
	if err := render(report, &text); err != nil {
		return err
	}
	return os.WriteFile(f.outputFile, text.Bytes(), 0o644) //nolint:gosec // a report is for others to read
}

func (f *backtestFlags) input(cmd *cobra.Command, now func() time.Time) (backtest.Input, error) {
	in := backtest.Input{
		Leads: f.leads, Activities: f.activities, Touches: f.touches, Events: f.events,
		Outcome: strings.TrimSpace(f.outcome), IDColumn: f.idColumn, TimeColumn: f.timeColumn, Examples: f.examples,
		Options: leadfile.Options{Strict: f.strict, Encoding: f.encoding}, Stdin: cmd.InOrStdin(),
		Workers: runtime.GOMAXPROCS(0), TempDir: f.tmpDir, Now: now(),
	}
	docs, err := manifest.Load(cmd.Context(), f.definition, cmd.InOrStdin())
	if err != nil {
		return in, err
	}
	var found manifest.Document
	if in.New, found, err = definitionRules(docs, f.definition, f.name); err != nil {
		return in, err
	}
	if f.against != "" {
		old, err := manifest.Load(cmd.Context(), f.against, cmd.InOrStdin())
		if err != nil {
			return in, err
		}
		rules, _, err := definitionRules(old, f.against, f.name)
		if err != nil {
			return in, err
		}
		rules.Name, in.Old = f.against, &rules
		in.New.Name = f.definition
	}
	return in, f.terms(cmd.Context(), cmd.InOrStdin(), &in, docs, found)
}

// definitionRules are the one LeadDefinition among documents, compiled.
func definitionRules(docs []manifest.Document, source, name string) (backtest.Rules, manifest.Document, error) {
	var found []manifest.Document
	var names []string
	for _, d := range docs {
		if d.Definition != nil && (name == "" || d.Name == name) {
			found = append(found, d)
			names = append(names, d.Name)
		}
	}
	switch {
	case len(found) == 0 && name != "":
		return backtest.Rules{}, manifest.Document{}, fmt.Errorf("%s: no LeadDefinition named %q", source, name)
	case len(found) == 0:
		return backtest.Rules{}, manifest.Document{}, fmt.Errorf("%s: no LeadDefinition of sla.handoff.dev/v1alpha1", source)
	case len(found) > 1:
		return backtest.Rules{}, manifest.Document{}, fmt.Errorf("%s: %d definitions (%s); choose one with --name", source, len(found), strings.Join(names, ", "))
	}
	d := found[0]
	definition, err := convert.Definition(d.Definition.Spec)
	if err != nil {
		return backtest.Rules{}, d, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
	}
	program, err := lead.Compile(definition)
	if err != nil {
		return backtest.Rules{}, d, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
	}
	return backtest.Rules{Name: d.Name, Definition: definition, Program: program}, d, nil
}

// terms of the contract that is named, or of the one beside the definition that refers to it.
func (f *backtestFlags) terms(ctx context.Context, stdin io.Reader, in *backtest.Input, docs []manifest.Document, definition manifest.Document) error {
	found, notes, err := f.contracts(ctx, stdin, docs, definition)
	if err != nil {
		return err
	}
	in.Notes = append(in.Notes, notes[:min(len(notes), maxBeside)]...)
	switch {
	case len(found) == 0:
		return nil // nothing beside it: the report does without
	case len(found) > 1 && f.contract == "":
		in.Notes = append(in.Notes, fmt.Sprintf("%d contracts refer to the definition, and none is taken: volume, terms and time zone are left out; name one with --contract", len(found)))
		return nil
	case len(found) > 1:
		return fmt.Errorf("%s: %d contracts refer to the definition %s; give the file of one", f.contract, len(found), definition.Name)
	}
	terms, err := convert.Terms(found[0].Contract.Spec)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", found[0].Place(), found[0], err)
	}
	if terms, err = holidays.Expand(terms, in.Now); err != nil {
		return fmt.Errorf("%s: %s: %w", found[0].Place(), found[0], err)
	}
	if in.Terms, err = sla.Compile(terms); err != nil {
		return fmt.Errorf("%s: %s: %w", found[0].Place(), found[0], err)
	}
	in.Contract, in.Zone = found[0].Name, in.Terms.Hours().Location()
	for _, misfit := range in.Terms.Fits(in.New.Definition) {
		in.Notes = append(in.Notes, fmt.Sprintf("the contract %s does not fit the definition: %s", in.Contract, misfit))
	}
	return nil
}

// contracts that refer to the definition; one that is named alone need not.
func (f *backtestFlags) contracts(ctx context.Context, stdin io.Reader, docs []manifest.Document, definition manifest.Document) (refer []manifest.Document, notes []string, err error) {
	if f.contract != "" {
		if docs, err = manifest.Load(ctx, f.contract, stdin); err != nil {
			return nil, nil, err
		}
	} else if info, err := os.Stat(f.definition); err == nil && !info.IsDir() {
		var more []manifest.Document
		more, notes = beside(ctx, f.definition)
		docs = append(docs, more...)
	}
	var all []manifest.Document
	for _, d := range docs {
		if d.Contract == nil {
			continue
		}
		all = append(all, d)
		if d.Contract.Spec.DefinitionRef.Name == definition.Name && sameNamespace(d, definition) {
			refer = append(refer, d)
		}
	}
	switch {
	case len(refer) > 0 || f.contract == "":
		if len(refer) > 0 {
			notes = nil
		}
		return refer, notes, nil
	case len(all) == 1:
		return all, notes, nil
	default:
		return nil, nil, fmt.Errorf("%s: no SLAContract that refers to the definition %s", f.contract, definition.Name)
	}
}

// maxBeside are the manifests that cannot be read and are told of.
const maxBeside = 3

// sameNamespace says whether two objects would be in one: the namespace may be left to kubectl.
func sameNamespace(a, b manifest.Document) bool {
	return a.Namespace == b.Namespace || a.Namespace == "" || b.Namespace == ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// beside are the documents of the other manifests in the folder of a file. One that cannot be read is noted: a contract may be in it.
func beside(ctx context.Context, file string) (docs []manifest.Document, notes []string) {
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		others, err := filepath.Glob(filepath.Join(filepath.Dir(file), pattern))
		if err != nil {
			continue
		}
		for _, other := range others {
			if filepath.Clean(other) == filepath.Clean(file) {
				continue
			}
			more, err := manifest.Load(ctx, other, nil)
			if err != nil {
				notes = append(notes, fmt.Sprintf("no contract is known; left out beside the definition: %s", firstLine(err.Error())))
			}
			docs = append(docs, more...)
		}
	}
	return docs, notes
}
