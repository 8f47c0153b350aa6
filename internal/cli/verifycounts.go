// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/ledger"
)

const verifyCountsHelp = `Checks that the counts of sealed periods are those that were sealed. A week or month is
sealed seven days after its end; each seal has a digest over its counts and the digest
of the seal before, so that a count that was changed, left out or put in later shows.
A correction that became known afterwards is a further version of its period, at the
end of the chain.

Who may write to the database could make the whole chain anew. --known DIGEST, a digest
that was noted elsewhere, proves that the chain is still the one of then: note the
digest that is printed here, or take one from the logs of the routing workers
("period sealed").

` + ledgerHelp + `

Nothing is written; a database user with SELECT is enough. The exit code is 1 when
something is wrong.`

func verifyCountsCommand() *cobra.Command {
	var f ledgerFlags
	var known, output string
	cmd := &cobra.Command{
		Use:     "verify-counts --contract CONTRACT [--known DIGEST]",
		Short:   "check that sealed counts were not changed",
		Long:    verifyCountsHelp,
		Example: `  kubectl sla verify-counts --contract mid-market -n revenue`,
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
			var seals []ledger.Seal
			err = l.Read(cmd.Context(), func(r *ledger.Reading) (err error) {
				seals, err = r.Seals(cmd.Context())
				return err
			})
			if err != nil {
				return ledgerError(err)
			}
			v, err := ledger.VerifySeals(l.tenant, seals, strings.ToLower(strings.TrimSpace(known)))
			if err != nil {
				return err
			}
			return showVerification(cmd, v, output)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&known, "known", "", "digest of a seal that was noted earlier")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func showVerification(cmd *cobra.Command, v ledger.Verification, output string) error {
	if output == "json" {
		if err := json.NewEncoder(cmd.OutOrStdout()).Encode(v); err != nil {
			return err
		}
	} else {
		for _, problem := range v.Problems {
			fmt.Fprintln(cmd.OutOrStdout(), problem)
		}
		if len(v.Problems) == 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "%d seals, each as it was made. Digest of the last: %s\n", v.Seals, v.Head)
		}
	}
	if len(v.Problems) > 0 {
		return errors.New("the sealed counts are not those that were sealed")
	}
	return nil
}
