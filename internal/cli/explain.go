// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/backtest"
	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/lead"
)

const explainHelp = `Says why a lead is or is not an MQL: its record, every rule of the score with the points
it gave (and those that gave nothing, with the values that are absent), what the
groups' bounds and rounding made of the sum, every criterion of every path, required
fields that are missing, the intent, and what each path lacks.

The numbers are the evaluator's own and add up exactly. They are of the time of the
lead's last event in the files; --at takes an earlier or later time, to which the
points of behaviour decay. "Is an MQL since" is the first time that a path held with
no required field missing, and stays so whatever the score is later.

Files are read as by kubectl sla backtest: leads a row each in CSV or NDJSON, joined
with activities by the id, and CloudEvents one a line. LEAD is the value in the id's
column. The definition is a file, a folder or a git revision (main:sla/).

-o json prints one object: lead, definition, at, mql, qualified, score (raw, rounded,
clamped, max), record, groups with their rules, paths with their criteria, missing,
intent, needs. The exit code is 1 when no file has the lead.`

type explainFlags struct {
	definition, name, at, output string
	leads, activities, events    []string
	idColumn, timeColumn         string
	encoding                     string
}

func explainCommand(now func() time.Time) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain LEAD -f DEFINITION --leads FILE",
		Short: "why a lead is or is not an MQL, factor by factor",
		Long:  explainHelp,
		Example: `  kubectl sla explain lead-054 -f config/samples/leaddefinition.yaml --leads docs/examples/leads.csv --activities docs/examples/activities.csv
  kubectl sla explain lead-116 -f docs/examples/leaddefinition-stricter.yaml --leads docs/examples/leads.csv --activities docs/examples/activities.csv -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], now) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.definition, "filename", "f", "", "the definition: a file, a folder or a git revision REV:PATH")
	flags.StringVar(&f.name, "name", "", "name of the LeadDefinition, where there are several")
	flags.StringArrayVar(&f.leads, "leads", nil, "CSV or NDJSON file, a row a lead; may be repeated")
	flags.StringArrayVar(&f.activities, "activities", nil, "file with an activity of a lead a row; may be repeated")
	flags.StringArrayVar(&f.events, "events", nil, "CloudEvents in JSON, one a line; may be repeated")
	flags.StringVar(&f.idColumn, "id-column", "", "column of the lead's id, in all files (detected when absent)")
	flags.StringVar(&f.timeColumn, "time-column", "", "column of the time (detected when absent)")
	flags.StringVar(&f.encoding, "encoding", "", "encoding of the files: utf-8 (default) or windows-1252")
	flags.StringVar(&f.at, "at", "", "time of the explanation, RFC 3339 or YYYY-MM-DD (that of the lead's last event when absent)")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command, id string, now func() time.Time) error {
	switch {
	case f.output != "text" && f.output != "json":
		return fmt.Errorf("--output %q: text or json", f.output)
	case f.definition == "":
		return errors.New("no definition: -f FILE, a folder, or REV:PATH")
	case len(f.leads)+len(f.events) == 0:
		return errors.New("no lead to explain: --leads FILE.csv or --events FILE.ndjson")
	}
	docs, err := manifest.Load(cmd.Context(), f.definition, cmd.InOrStdin())
	if err != nil {
		return err
	}
	rules, _, err := definitionRules(docs, f.definition, f.name)
	if err != nil {
		return err
	}
	history, problems, err := backtest.Find(cmd.Context(), backtest.Input{
		New: rules, Leads: f.leads, Activities: f.activities, Events: f.events, IDColumn: f.idColumn, TimeColumn: f.timeColumn,
		Options: leadfile.Options{Encoding: f.encoding}, Stdin: cmd.InOrStdin(), Workers: 1, Now: now(),
	}, id)
	if problems != nil {
		tellProblems(cmd.ErrOrStderr(), problems)
	}
	if err != nil {
		return err
	}
	if f.at != "" {
		if history, err = until(history, f.at); err != nil {
			return err
		}
	}
	explainer, err := explain.New(rules.Name, rules.Definition)
	if err != nil {
		return err
	}
	x := explainer.Lead(id, history)
	if f.output == "text" {
		return x.Text(cmd.OutOrStdout())
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(x)
}

// until cuts a history at a time, and lets the lead stand at that time: an update that changes nothing.
func until(history []lead.Event, text string) ([]lead.Event, error) {
	at, err := leadfile.ParseTime(text)
	if err != nil {
		return nil, fmt.Errorf("--at: %w", err)
	}
	var kept []lead.Event
	for _, e := range history {
		if !e.Time.After(at) {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("--at %s: nothing is known of the lead until then", text)
	}
	return append(kept, lead.Event{Kind: lead.KindUpdated, Time: at, Sequence: int64(len(history))}), nil
}

// maxTold problems are told one by one.
const maxTold = 10

func tellProblems(out io.Writer, problems *leadfile.Problems) {
	for i, p := range problems.First {
		if i == maxTold {
			fmt.Fprintf(out, "and %d more problems\n", problems.Count-i)
			return
		}
		fmt.Fprintln(out, strings.TrimSpace(p.String()))
	}
}
