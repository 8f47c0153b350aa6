// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const crmHelp = `With spec.crm of type HubSpot or Salesforce the routing workers read what changes in the
CRM, write back how each lead stands, and set back what was done against the agreement.

"status" shows how far each kind of record was read, what is left of the CRM's limits,
and what is to be set back. "writes" lists what a dry run (spec.crm.dryRun) would have
written. "resume" has leads set back again that were not any more, because something
kept undoing it: find out what did before.

Only ids, names of fields and values that Handoff works out are shown.

`

func crmCommand() *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use:   "crm",
		Short: "what was read of the CRM, what is written into it, and what is set back",
		Long:  crmHelp + ledgerHelp,
		Example: `  kubectl sla crm status --contract mid-market -n revenue
  kubectl sla crm writes --contract mid-market -n revenue
  kubectl sla crm resume 00Q5g00000AbCdEEAV --contract mid-market -n revenue`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return errors.New("crm: one of status, writes and resume") },
	}
	f.add(cmd.PersistentFlags())
	cmd.AddCommand(
		crmShow(&f, "status", "how far the CRM was read, what is left of its limits, what is to be set back",
			"-o json prints one object: cursors, holder, until, records, gone, unmatched, diverged,\nrestoring, stopped, setBacks, hints, hintsSince, budget. What is a length of time is in\nseconds and says so: lagSeconds, windowSeconds.",
			func(cmd *cobra.Command, l *ledger.Ledger) (ledger.CRMState, error) {
				s, err := l.CRMState(cmd.Context())
				s.Cursors = append([]ledger.CRMCursor{}, s.Cursors...)
				return s, err
			}, showCRMState),
		crmShow(&f, "writes", "what a dry run would have written, the oldest first",
			"-o json prints one list of objects: lead, record, changed, planned.",
			func(cmd *cobra.Command, l *ledger.Ledger) ([]ledger.PlannedWrite, error) {
				writes, err := l.PlannedWrites(cmd.Context(), maxLetters+1)
				if len(writes) > maxLetters {
					writes = writes[:maxLetters]
					fmt.Fprintf(cmd.ErrOrStderr(), "There are more: these are the %d oldest.\n", maxLetters)
				}
				return append([]ledger.PlannedWrite{}, writes...), err
			}, showWrites),
		crmResume(&f))
	return cmd
}

// crmShow is a verb that reads something and shows it.
func crmShow[T any](f *ledgerFlags, verb, short, shape string, read func(*cobra.Command, *ledger.Ledger) (T, error), show func(io.Writer, T) error) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: verb, Short: short, Long: crmHelp + ledgerHelp + "\n\n" + shape,
		Example: "  kubectl sla crm " + verb + " --contract mid-market -n revenue -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: text or json", output)
			}
			l, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer l.close()
			what, err := read(cmd, l.Ledger)
			if err != nil {
				return ledgerError(err)
			}
			if output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(what)
			}
			return show(cmd.OutOrStdout(), what)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func showCRMState(out io.Writer, s ledger.CRMState) error {
	if err := showCursors(out, s); err != nil {
		return err
	}
	fmt.Fprintf(out, "Records:   %d%s; %s without one\n", s.Records, gone(s.Gone), leads(int(s.Unmatched)))
	fmt.Fprintf(out, "Reader:    %s\n", orNobody(s.Holder, s.Until))
	if s.Hints > 0 {
		fmt.Fprintf(out, "Webhooks:  %d waiting, the oldest since %s\n", s.Hints, instant(s.HintsSince))
	}
	fmt.Fprintf(out, "Set back:  %d in 24 hours; %s apart from the agreement, %d of them about to be written; %d given up\n",
		s.SetBacks, leads(int(s.Diverged)), s.Restoring, len(s.Stopped))
	for _, one := range s.Stopped {
		fmt.Fprintf(out, "           lead %s (record %s) since %s\n", one.Lead, one.Record, instant(one.Since))
	}
	if len(s.Stopped) > 0 {
		fmt.Fprintln(out, "           Something keeps undoing what is set back: find it, stop it, then kubectl sla crm resume LEAD...")
	}
	return showBudget(out, s.Budget)
}

func showCursors(out io.Writer, s ledger.CRMState) error {
	if len(s.Cursors) == 0 {
		_, err := fmt.Fprintln(out, "Nothing was read of a CRM yet. The condition CRMAvailable of the contract says what it waits for.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STREAM\tREAD UP TO\tMOVED")
	for _, c := range s.Cursors {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Stream, instant(c.Time), instant(c.MovedAt))
	}
	fmt.Fprintln(table)
	return table.Flush()
}

func leads(n int) string {
	if n == 1 {
		return "1 lead"
	}
	return fmt.Sprintf("%d leads", n)
}

func showBudget(out io.Writer, budget []ledger.CRMAllowance) error {
	if len(budget) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tREQUESTS\tLIMIT\tTAKEN\tLEFT TODAY\tBLOCKED UNTIL")
	for _, b := range budget {
		limit, day := "-", "-"
		if b.Limit > 0 {
			limit = fmt.Sprintf("%d in %s", b.Limit, b.Window)
		}
		if b.DayLimit > 0 {
			day = fmt.Sprintf("%d of %d", b.DayRemaining, b.DayLimit)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", b.Account, requestKind(b.Kind), limit, b.Taken, day, instant(b.BlockedUntil))
	}
	return table.Flush()
}

// requestKind of a budget: what has no limit of its own has no name, and the day is one for all.
func requestKind(kind string) string {
	switch kind {
	case "":
		return "other"
	case "*":
		return "all"
	default:
		return kind
	}
}

func gone(counts map[crm.Gone]int64) string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[why], strings.ToLower(string(why))))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func orNobody(holder string, until time.Time) string {
	if holder == "" {
		return "nobody"
	}
	return holder + ", until " + instant(until)
}

func instant(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

func showWrites(out io.Writer, writes []ledger.PlannedWrite) error {
	if len(writes) == 0 {
		_, err := fmt.Fprintln(out, "A dry run would have written nothing.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LEAD\tRECORD\tSINCE\tWOULD WRITE")
	for _, w := range writes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", w.Lead, orDash(w.Record), instant(w.Changed), planned(w.Planned))
	}
	return table.Flush()
}

// planned is a write in one line: fields in order, then the owner, then what else would be done.
func planned(raw json.RawMessage) string {
	var p crm.Planned
	if err := json.Unmarshal(raw, &p); err != nil {
		return string(raw)
	}
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(p.Values)) {
		value := p.Values[field]
		if value == "" || strings.ContainsAny(value, " ,=\"\n\t") {
			value = strconv.Quote(value)
		}
		parts = append(parts, field+"="+value)
	}
	if p.Owner != "" {
		parts = append(parts, "owner="+p.Owner)
	}
	if p.Match != "" {
		parts = append(parts, fmt.Sprintf("found by %s, or made with %s", p.Match, strings.Join(p.Begins, " ")))
	}
	if p.Note != "" {
		parts = append(parts, "note "+p.Note)
	}
	return orDash(strings.Join(parts, ", "))
}

func crmResume(f *ledgerFlags) *cobra.Command {
	var everything bool
	cmd := &cobra.Command{
		Use:     "resume {LEAD... | --all}",
		Short:   "set leads back again that were not any more",
		Long:    crmHelp + ledgerHelp + "\n\nIt needs a database user who may write, such as that of the workers.",
		Example: "  kubectl sla crm resume --all --contract mid-market -n revenue",
		RunE: func(cmd *cobra.Command, args []string) error {
			if everything == (len(args) > 0) {
				return errors.New("crm resume: leads, or --all")
			}
			l, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer l.close()
			resumed, err := l.ResumeSetBacks(cmd.Context(), args, everything)
			if err != nil {
				return ledgerError(err)
			}
			var strange []string
			for _, id := range args {
				if !slices.Contains(resumed, id) {
					strange = append(strange, id)
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Resumed: %s.\n", leads(len(resumed)))
			if len(strange) > 0 {
				return fmt.Errorf("nothing was given up of %s: kubectl sla crm status lists the leads of which it was", strings.Join(strange, ", "))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&everything, "all", false, "all of them")
	return cmd
}
