// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/backtest"
	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

const explainHelp = `Says why a lead is or is not an MQL: its record, every rule of the score with the points
it gave (and those that gave nothing, with the values that are absent), what the
groups' bounds, re-entry and rounding made of the sum, every criterion of every path,
the contacts of its account where a path is about that, required fields that are
missing, the intent, hand-offs and dispositions with the attempts that their reasons
demand, the sales criteria (SQL), how a recycled lead may come back, and what each path
lacks.

The numbers are the evaluator's own and add up exactly. They are of the time of the
lead's last event that is evaluated: a capture, an update or an activity; --at takes an earlier or later time, to which the points of
behaviour decay. "Is an MQL since" is the first time that a path held with no required
field missing, and stays so whatever the score is later, until sales recycles the lead.

FROM FILES, they are read as by kubectl sla backtest: leads a row each in CSV or NDJSON,
joined with activities and touches by the id, and CloudEvents one a line. LEAD is the
value in the id's column. The definition (-f) is a file, a folder or a git revision
(main:sla/). The contacts of an account are the other leads of the files. The terms of the
contract beside the definition say what is enforced: a rejection without a reason code
was refused, unless they observe; without a contract nothing is.

FROM THE LEDGER, that is the PostgreSQL database that the contract's workers use: its
connection string is in an environment variable, which --ledger-env names, or in a
file, which --ledger-file names; never on the command line, where others would see it. With
the string in LEDGER, "kubectl sla explain lead-1 --ledger-env LEDGER --tenant
mid-market" explains lead-1 of that ledger tenant by the definition in force. The tenant
is the contract's spec.ledger.tenant. A hand-off stays what it was: where another
revision made it, that is named with the time, the path and the score, and judges the
SQL stage. -f asks what the lead would be under a draft, --at what the definition in
force makes of its history until then; neither takes hand-offs from the ledger. Nothing
is written and the schema is not migrated; a user with SELECT is enough.

-o json prints one object: lead, definition, at, mql, cycle, qualified (the latest
hand-off), handOffs, score (at, raw, reentry, rounded, clamped, max), record, groups with
their rules, paths with their criteria and account, missing, intent, sales, dispositions,
reentry, needs, ledger. The exit code is 1 when there is no such lead.`

type explainFlags struct {
	definition, name, at, output string
	leads, activities, touches   []string
	events                       []string
	idColumn, timeColumn         string
	encoding                     string
	ledgerEnv, ledgerFile        string
	tenant                       string
}

func explainCommand(now func() time.Time) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain LEAD {-f DEFINITION --leads FILE | --ledger-env NAME --tenant TENANT}",
		Short: "why a lead is or is not an MQL, factor by factor",
		Long:  explainHelp,
		Example: `  kubectl sla explain lead-054 -f config/samples/leaddefinition.yaml --leads docs/examples/leads.csv --activities docs/examples/activities.csv --touches docs/examples/touches.csv
  kubectl sla explain lead-116 -f docs/examples/leaddefinition-stricter.yaml --leads docs/examples/leads.csv --activities docs/examples/activities.csv -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], now) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.definition, "filename", "f", "", "the definition: a file, a folder or a git revision REV:PATH (that in force with a ledger)")
	flags.StringVar(&f.name, "name", "", "name of the LeadDefinition, where there are several")
	flags.StringArrayVar(&f.leads, "leads", nil, "CSV or NDJSON file, a row a lead; may be repeated")
	flags.StringArrayVar(&f.activities, "activities", nil, "file with an activity of a lead a row; may be repeated")
	flags.StringArrayVar(&f.touches, "touches", nil, "file with a touch, an assignment or a disposition a row; may be repeated")
	flags.StringArrayVar(&f.events, "events", nil, "CloudEvents in JSON, one a line; may be repeated")
	flags.StringVar(&f.idColumn, "id-column", "", "column of the lead's id, in all files (detected when absent)")
	flags.StringVar(&f.timeColumn, "time-column", "", "column of the time (detected when absent)")
	flags.StringVar(&f.encoding, "encoding", "", "encoding of the files: utf-8 (default) or windows-1252")
	flags.StringVar(&f.ledgerEnv, "ledger-env", "", "environment variable that holds the connection string of the ledger")
	flags.StringVar(&f.ledgerFile, "ledger-file", "", "file that holds the connection string of the ledger")
	flags.StringVar(&f.tenant, "tenant", "", "tenant of the ledger: the contract's spec.ledger.tenant")
	flags.StringVar(&f.at, "at", "", "time of the explanation, RFC 3339 or YYYY-MM-DD (that of the lead's last event when absent)")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command, id string, now func() time.Time) error {
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output %q: text or json", f.output)
	}
	from := f.fromFiles
	if f.ledgerEnv != "" || f.ledgerFile != "" || f.tenant != "" {
		from = f.fromLedger
	}
	x, err := from(cmd, id, now)
	if err != nil {
		return err
	}
	if f.output == "text" {
		return x.Text(cmd.OutOrStdout())
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(x)
}

func (f *explainFlags) files() []string {
	return slices.Concat(f.leads, f.activities, f.touches, f.events)
}

// rules are the definition of -f and, where terms are asked for too, those of the contract beside it.
func (f *explainFlags) rules(cmd *cobra.Command, terms bool, now time.Time) (backtest.Rules, *sla.Compiled, error) {
	docs, err := manifest.Load(cmd.Context(), f.definition, cmd.InOrStdin())
	if err != nil {
		return backtest.Rules{}, nil, err
	}
	in := backtest.Input{Now: now}
	var found manifest.Document
	if in.New, found, err = definitionRules(docs, f.definition, f.name); err != nil || !terms {
		return in.New, nil, err
	}
	beside := backtestFlags{definition: f.definition}
	err = beside.terms(cmd.Context(), cmd.InOrStdin(), &in, docs, found)
	return in.New, in.Terms, err
}

func (f *explainFlags) fromFiles(cmd *cobra.Command, id string, now func() time.Time) (x explain.Explanation, err error) {
	switch {
	case f.definition == "":
		return x, errors.New("no definition: -f FILE, a folder, or REV:PATH")
	case len(f.leads)+len(f.events) == 0:
		return x, errors.New("no lead to explain: --leads FILE.csv, --events FILE.ndjson, or --ledger-env NAME with --tenant")
	}
	rules, terms, err := f.rules(cmd, true, now())
	if err != nil {
		return x, err
	}
	input := backtest.Input{
		New: rules, Terms: terms, Leads: f.leads, Activities: f.activities, Touches: f.touches, Events: f.events, IDColumn: f.idColumn, TimeColumn: f.timeColumn,
		Options: leadfile.Options{Encoding: f.encoding}, Stdin: cmd.InOrStdin(), Workers: 1, Now: now(),
	}
	history, problems, err := backtest.Find(cmd.Context(), input, id)
	if problems != nil {
		tellProblems(cmd.ErrOrStderr(), problems)
	}
	if err != nil {
		return x, err
	}
	until, err := f.until()
	if err != nil {
		return x, err
	}
	if history, err = until(history); err != nil {
		return x, err
	}
	explainer, err := explain.New(rules.Name, rules.Definition)
	if err != nil {
		return x, err
	}
	if input.Terms != nil {
		explainer.Under(input.Terms.Terms())
	}
	c := explain.Case{Lead: id, History: history}
	if err := f.contacts(cmd, input, explainer, &c); err != nil {
		return x, err
	}
	return explainer.Explain(c), nil
}

// contacts of the lead's account are the other leads of the files, as they are at their end or at --at.
func (f *explainFlags) contacts(cmd *cobra.Command, input backtest.Input, e *explain.Explainer, c *explain.Case) error {
	account := e.AccountOf(c.History)
	switch {
	case !e.NeedsAccount() || account == "":
		return nil
	case slices.Contains(f.files(), "-"):
		c.Unknown = "the other leads of standard input are not known: give a file"
		return nil
	}
	histories := map[string][]lead.Event{}
	err := backtest.Each(cmd.Context(), input, func(id string, history []lead.Event) {
		if len(history) > 0 && e.AccountOf(history) == account {
			histories[strings.Clone(id)] = history
		}
	})
	now := c.History[len(c.History)-1].Time
	for _, history := range histories {
		if last := history[len(history)-1].Time; f.at == "" && last.After(now) {
			now = last
		}
	}
	e.Among(c, histories, now)
	return err
}

// cut of a history at --at.
type cut func([]lead.Event) ([]lead.Event, error)

// until cuts a history at --at, and lets the lead stand at that time: an update that changes nothing.
func (f *explainFlags) until() (cut, error) {
	if f.at == "" {
		return func(history []lead.Event) ([]lead.Event, error) { return history, nil }, nil
	}
	at, err := leadfile.ParseTime(f.at)
	if err != nil {
		return nil, fmt.Errorf("--at: %w", err)
	}
	return func(history []lead.Event) ([]lead.Event, error) {
		var kept []lead.Event
		last := int64(-1)
		for _, e := range history {
			if !e.Time.After(at) {
				kept, last = append(kept, e), max(last, e.Sequence)
			}
		}
		if len(kept) == 0 {
			return nil, fmt.Errorf("--at %s: nothing is known of the lead until then", f.at)
		}
		return append(kept, lead.Event{Kind: lead.KindUpdated, Time: at, Sequence: last + 1}), nil
	}, nil
}

// maxTold problems are told one by one.
const maxTold = 10

func tellProblems(out io.Writer, problems *leadfile.Problems) {
	for i, p := range problems.First {
		if i == maxTold {
			fmt.Fprintf(out, "and %d more\n", problems.Count-i)
			return
		}
		fmt.Fprintln(out, strings.TrimSpace(p.String()))
	}
}
