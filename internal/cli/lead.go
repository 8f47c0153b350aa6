// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/life"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const leadHelp = `Tells the life of one lead in order of time: each event, when it happened and when it
arrived, the score after it and the rules that changed it, stages and cycles, who was
chosen as owner and why, clocks, notices and corrections; then each clock with its
start, warning, deadline and stop in the contract's time zone and UTC, and how much of
it is used and left in the time that it counts (the calendar's hours for first contact,
all time for the others). An event that arrived twice is there once.

Personal data are left out: --show-data shows what the events say, and the record.
An id may be personal itself.

` + ledgerHelp + `

Nothing is written; a database user with SELECT is enough. -o json prints one object:
lead, stage, score, cycle, timeline, clocks. The exit code is 1 when there is no such
lead.`

func leadCommand() *cobra.Command {
	var f ledgerFlags
	var output string
	var data bool
	cmd := &cobra.Command{
		Use:   "lead LEAD --contract CONTRACT",
		Short: "the life of one lead: events, scores, choices, clocks",
		Long:  leadHelp,
		Example: `  kubectl sla lead lead-1 --contract mid-market -n revenue
  kubectl sla lead lead-1 --contract mid-market -n revenue -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: text or json", output)
			}
			l, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer l.close()
			var told *life.Life
			err = l.Read(cmd.Context(), func(r *ledger.Reading) (err error) {
				told, err = life.Of(cmd.Context(), r, args[0], life.Options{Tenant: l.tenant, ShowData: data})
				return err
			})
			if err != nil {
				return ledgerError(err)
			}
			if output == "text" {
				return told.Text(cmd.OutOrStdout())
			}
			encoder := json.NewEncoder(cmd.OutOrStdout())
			encoder.SetIndent("", "  ")
			encoder.SetEscapeHTML(false)
			return encoder.Encode(told)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&data, "show-data", false, "show what the events say, and the record: personal data")
	return cmd
}
