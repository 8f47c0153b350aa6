// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/cli/summary"
)

const summaryHelp = `Says each contract in two sentences a side: what the side does, and when that
counts as kept. Every rep should be able to repeat them. What the terms do not ask
for is not mentioned. With the contract's LeadDefinition among the documents, a
sentence before them says what a qualified lead is, and the required fields are
named. What both owe the agreement itself (reviews, new signatures, what happens when
something falls short, whether the rest is held back or only reported) has two
sentences of its own where the terms speak of it.

PATHs are files, folders (all *.yaml and *.yml below them), "-" for standard
input, or git revisions written REV:PATH. Terms that the operator would refuse
are an error.

-o json has items[] with name, qualified, marketing[2], sales[2]
and both[2].`

func summaryCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "summary PATH...",
		Short: "say a contract in two sentences a side",
		Long:  summaryHelp,
		Example: `  kubectl sla summary config/samples/
  kubectl sla summary main:config/samples/ -o markdown
  kubectl get slacontract -n revenue mid-market -o yaml | kubectl sla summary -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			var docs []manifest.Document
			for _, path := range paths {
				more, err := manifest.Load(cmd.Context(), path, cmd.InOrStdin())
				if err != nil {
					return err
				}
				docs = append(docs, more...)
			}
			found, err := summary.Of(docs)
			if err != nil {
				return err
			}
			if len(found.Items) == 0 {
				return errors.New("no SLAContract and no LeadDefinition of sla.handoff.dev/v1alpha1 in what was given")
			}
			return writeAs(cmd.OutOrStdout(), output, found)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, markdown or json")
	return cmd
}
