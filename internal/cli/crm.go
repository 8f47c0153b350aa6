// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
			"-o json prints one object: cursors, holder, until, records, gone, unmatched, diverged,\nrestoring, stopped, setBacks, hints, hintsSince, budget.",
			(*ledger.Ledger).CRMState, showCRMState),
		crmShow(&f, "writes", "what a dry run would have written, the oldest first",
			"-o json prints one list of objects: lead, record, changed, planned.",
			func(l *ledger.Ledger, ctx context.Context) ([]ledger.PlannedWrite, error) {
				return l.PlannedWrites(ctx, maxLetters)
			}, showWrites),
		crmResume(&f))
	return cmd
}

// crmShow is a verb that reads something and shows it.
func crmShow[T any](f *ledgerFlags, verb, short, shape string, read func(*ledger.Ledger, context.Context) (T, error), show func(io.Writer, T) error) *cobra.Command {
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
			what, err := read(l.Ledger, cmd.Context())
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
	if len(s.Cursors) == 0 && s.Records == 0 {
		_, err := fmt.Fprintln(out, "Nothing was read of a CRM yet. kubectl describe slacontract says in CRMAvailable what it waits for.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STREAM\tREAD UP TO\tMOVED")
	for _, c := range s.Cursors {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Stream, instant(c.Time), instant(c.MovedAt))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nRecords:   %d%s; %d leads have none\n", s.Records, gone(s.Gone), s.Unmatched)
	fmt.Fprintf(out, "Reader:    %s\n", orNobody(s.Holder, s.Until))
	if s.Hints > 0 {
		fmt.Fprintf(out, "Webhooks:  %d waiting, the oldest since %s\n", s.Hints, instant(s.HintsSince))
	}
	fmt.Fprintf(out, "Set back:  %d in 24 hours; %d differ from the agreement, %d of them about to be written; %d given up\n",
		s.SetBacks, s.Diverged, s.Restoring, len(s.Stopped))
	for _, one := range s.Stopped {
		fmt.Fprintf(out, "           lead %s (record %s) since %s: something keeps undoing it; then kubectl sla crm resume %s\n",
			one.Lead, one.Record, instant(one.Since), one.Lead)
	}
	return showBudget(out, s.Budget)
}

func showBudget(out io.Writer, budget []ledger.CRMAllowance) error {
	if len(budget) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nACCOUNT\tREQUESTS\tLIMIT\tTAKEN\tLEFT TODAY\tBLOCKED UNTIL")
	for _, b := range budget {
		limit, day := "-", "-"
		if b.Limit > 0 {
			limit = fmt.Sprintf("%d in %s", b.Limit, b.Window)
		}
		if b.DayLimit > 0 {
			day = fmt.Sprintf("%d of %d", b.DayRemaining, b.DayLimit)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", b.Account, b.Kind, limit, b.Taken, day, instant(b.BlockedUntil))
	}
	return table.Flush()
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
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", w.Lead, orDash(w.Record), instant(w.Changed), w.Planned)
	}
	return table.Flush()
}

func crmResume(f *ledgerFlags) *cobra.Command {
	var everything bool
	cmd := &cobra.Command{
		Use:     "resume {LEAD... | --all}",
		Short:   "set leads back again that were not any more",
		Long:    crmHelp + ledgerHelp,
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
			fmt.Fprintf(cmd.OutOrStdout(), "%d leads are set back again.\n", len(resumed))
			if len(strange) > 0 {
				return fmt.Errorf("nothing was given up of %s: kubectl sla crm status lists the leads of which it was", strings.Join(strange, ", "))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&everything, "all", false, "all of them")
	return cmd
}
