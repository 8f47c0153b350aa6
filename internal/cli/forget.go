// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/handoff-sla/handoff/internal/ledger"
)

const forgetHelp = `Erases a person from the ledger. By default nothing is changed: it says what would be
erased. --yes does it; on a terminal you may instead type the lead's id when asked.

Gone are what the events say (properties, activities, comments, opportunities, free
text), the record, the account, the hash by which duplicates are found, news that were
not worked off, and notices and messages to the CRM that were not sent. The lead's id,
which may be an e-mail address, is replaced everywhere by a random pseudonym. So are
the ids of all leads that it was merged with; leads that are held for the same person
without a merge are named, and stay until you name them here.

Kept are the counts: when and by which revision it was handed off, its cycles, and its
standing under each clause. A clock that runs is excused, since nobody may contact the
person any more. The sums of every period stay, but for that one move from open to
excused.

A hash of the id with a key of the database is kept, so that a later event about it is
refused (status Forgotten): else the next synchronisation of the CRM would bring the
person back. Who holds the whole database could test a guessed id against it. --lift
takes the hash away: events are taken again, as of a new lead.

That it was done, when, by whom (--by, else your user name) and how much is recorded in
the table erasures, without the id. Not reached are backups, exports and reports that
were made before, senders and the CRM: erase there too.

` + ledgerHelp + `

It needs a database user who may write, such as that of the workers.`

type forgetFlags struct {
	ledgerFlags

	yes, lift  bool
	by, output string
}

func forgetCommand() *cobra.Command {
	var f forgetFlags
	cmd := &cobra.Command{
		Use:   "forget LEAD --contract CONTRACT [--yes]",
		Short: "erase a person: personal data gone, counts kept",
		Long:  forgetHelp,
		Example: `  kubectl sla forget lead-1 --contract mid-market -n revenue
  kubectl sla forget lead-1 --contract mid-market -n revenue --yes --by privacy-desk`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.yes, "yes", false, "erase, instead of saying what would be erased")
	cmd.Flags().BoolVar(&f.lift, "lift", false, "take events about an erased id again")
	cmd.Flags().StringVar(&f.by, "by", "", "who is recorded as having done it (your user name when absent)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "text or json")
	return cmd
}

func (f *forgetFlags) run(cmd *cobra.Command, id string) error {
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output %q: text or json", f.output)
	}
	by, err := f.who()
	if err != nil {
		return err
	}
	l, err := f.open(cmd.Context())
	if err != nil {
		return err
	}
	defer l.close()
	if f.lift {
		return lift(cmd, l, id)
	}
	e, err := l.Erase(cmd.Context(), id, by, !f.yes)
	if err != nil {
		return ledgerError(err)
	}
	if err := f.show(cmd.OutOrStdout(), e); err != nil {
		return err
	}
	if f.yes || f.output == "json" || !typed(cmd, id) {
		return nil
	}
	if e, err = l.Erase(cmd.Context(), id, by, false); err != nil {
		return ledgerError(err)
	}
	return f.show(cmd.OutOrStdout(), e)
}

func (f *forgetFlags) who() (string, error) {
	if f.by != "" {
		return f.by, nil
	}
	one, err := user.Current()
	if err != nil || one.Username == "" {
		return "", errors.New("your user name is not known: --by says who is recorded")
	}
	return one.Username, nil
}

func lift(cmd *cobra.Command, l *opened, id string) error {
	was, err := l.Readmit(cmd.Context(), id)
	switch {
	case err != nil:
		return ledgerError(err)
	case !was:
		return fmt.Errorf("lead %q was not erased in ledger tenant %q", id, l.tenant)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Events about lead %s are taken again, as of a new lead.\n", id)
	return nil
}

// typed asks on a terminal for the lead's id; elsewhere the answer is no.
func typed(cmd *cobra.Command, id string) bool {
	in, is := cmd.InOrStdin().(*os.File)
	if !is || !term.IsTerminal(int(in.Fd())) {
		return false
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Type the lead's id to erase it, or press Enter to leave it: ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	return err == nil && strings.TrimSpace(answer) == id
}

func (f *forgetFlags) show(out io.Writer, e ledger.Erasure) error {
	if f.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(e)
	}
	verb, kept := "Erased", "kept under the pseudonym "+strings.Join(e.Pseudonyms, ", ")
	if e.DryRun {
		verb, kept = "Would be erased", "kept under a pseudonym"
	}
	fmt.Fprintf(out, "%s from ledger tenant %s: %s\n", verb, e.Tenant, strings.Join(e.Leads, ", "))
	c := e.Counts
	fmt.Fprintf(out, "  personal content of %d events\n  %d news that were not worked off, %d notices and messages that were not sent\n", c.Events, c.Work, c.Unsent)
	fmt.Fprintf(out, "  %s: %d obligations (%d of them open, now excused), %d earlier cycles\n", kept, c.Obligations, c.Excused, c.Cycles)
	if len(e.Duplicates) > 0 {
		fmt.Fprintf(out, "Held for the same person, and not erased with it: %s\n", strings.Join(e.Duplicates, ", "))
	}
	if len(e.Reports) > 0 {
		fmt.Fprintf(out, "Reports that name an id, and stay as they were sealed: %s\n", strings.Join(e.Reports, ", "))
	}
	if e.DryRun {
		fmt.Fprintln(out, "Nothing was changed. --yes erases.")
	}
	return nil
}
