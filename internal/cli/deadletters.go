// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// maxLetters bounds a list: whoever has more has one cause for them, which a part of them shows.
const maxLetters = 10_000

const deadLettersHelp = `Notices, reports, and what a CRM is to be told, are tried for hours with longer and longer waits.
What is still not taken then, or is refused for good, is parked: it stays in the ledger
until somebody decides. "list" shows what is parked, with the reason of the last attempt;
with --waiting also what is still to be done. "retry JOB..." tries once more, or everything with --all: what a
CRM is told is then how the lead stands now. "discard JOB..." deletes it; a notice that was
discarded is not made again.

Only ids are shown.

`

func deadLettersCommand() *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "notices, reports and CRM writes that were given up: list, retry, discard",
		Long:  deadLettersHelp + ledgerHelp,
		Example: `  kubectl sla dead-letters list --contract mid-market -n revenue
  kubectl sla dead-letters retry 4711 4712 --contract mid-market -n revenue
  kubectl sla dead-letters retry --all --contract mid-market -n revenue
  kubectl sla dead-letters discard 4711 --contract mid-market -n revenue`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("dead-letters: one of list, retry and discard")
		},
	}
	f.add(cmd.PersistentFlags())
	cmd.AddCommand(listLetters(&f),
		decideLetters(&f, "retry", "try again", "tried again", (*ledger.Ledger).RetryLetters),
		decideLetters(&f, "discard", "delete for good", "discarded", (*ledger.Ledger).DiscardLetters))
	return cmd
}

func listLetters(f *ledgerFlags) *cobra.Command {
	var output string
	var waiting bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "what is parked, with the reason of the last attempt",
		Long:    deadLettersHelp + ledgerHelp + "\n\n-o json prints one list of objects: job, kind, state, recipient, rep, levels, about, leads, count, since, parkedAt, attempts, error.",
		Example: `  kubectl sla dead-letters list --contract mid-market -n revenue -o json`,
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
			letters, err := l.Letters(cmd.Context(), waiting, maxLetters)
			if err != nil {
				return ledgerError(err)
			}
			if output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(append([]ledger.Letter{}, letters...))
			}
			return showLetters(cmd.OutOrStdout(), letters, waiting)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&waiting, "waiting", false, "also what is still to be done")
	return cmd
}

func showLetters(out io.Writer, letters []ledger.Letter, waiting bool) error {
	if len(letters) == 0 {
		what := "Nothing is parked."
		if waiting {
			what = "Nothing is parked, and nothing waits."
		}
		_, err := fmt.Fprintln(out, what)
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "JOB\tKIND\tSTATE\tFOR\tABOUT\tSINCE\tATTEMPTS\tREASON")
	for _, one := range letters {
		about := strings.Join(one.Leads, ",")
		switch {
		case one.About != "":
			about = one.About
		case one.Count > len(one.Leads):
			about += fmt.Sprintf(" (%d items)", one.Count)
		}
		recipient := strings.TrimSpace(string(one.Recipient) + " " + strings.Join(one.Levels, ","))
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", one.Job, one.Kind, one.State, orDash(recipient), orDash(about),
			one.Since.Format(time.RFC3339), one.Attempts, orDash(strings.ReplaceAll(one.Error, "\n", "; ")))
	}
	return table.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func decideLetters(f *ledgerFlags, verb, short, done string, decide func(*ledger.Ledger, context.Context, []int64) error) *cobra.Command {
	var everything bool
	cmd := &cobra.Command{
		Use:     verb + " {JOB... | --all}",
		Short:   short,
		Long:    deadLettersHelp + ledgerHelp + "\n\nAll of the jobs that are named, or none: one that is not parked is an error.",
		Example: "  kubectl sla dead-letters " + verb + " 4711 --contract mid-market -n revenue",
		RunE: func(cmd *cobra.Command, args []string) error {
			jobs, err := jobsOf(args, everything)
			if err != nil {
				return err
			}
			l, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer l.close()
			if everything {
				letters, err := l.Letters(cmd.Context(), false, maxLetters)
				if err != nil {
					return ledgerError(err)
				}
				for _, one := range letters {
					jobs = append(jobs, one.Job)
				}
			}
			if err := decide(l.Ledger, cmd.Context(), jobs); err != nil {
				return ledgerError(err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d %s\n", len(jobs), done)
			return err
		},
	}
	cmd.Flags().BoolVar(&everything, "all", false, "all that is parked")
	return cmd
}

func jobsOf(args []string, everything bool) ([]int64, error) {
	if everything == (len(args) > 0) {
		return nil, errors.New("name the jobs, as list shows them, or give --all")
	}
	var jobs []int64
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number of a job; kubectl sla dead-letters list shows them", arg)
		}
		jobs = append(jobs, id)
	}
	slices.Sort(jobs)
	return slices.Compact(jobs), nil
}
