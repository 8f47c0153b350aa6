// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

const digestHelp = `Prints the digest of what both parties sign: of a LeadDefinition everything but
signOffs and each field's property, of an SLAContract its terms and
definitionRef. Comments, formatting and the order of keys do not change it; a
threshold does. Other kinds are skipped. A source is a file, a folder, a git revision
as REV:PATH, or - for standard input.`

func digestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "digest SOURCE...",
		Short: "print the digest that the parties sign",
		Long:  digestHelp,
		Example: `  kubectl sla digest config/samples/leaddefinition.yaml config/samples/slacontract.yaml
  kubectl sla digest main:config/samples
  kubectl get slacontract -n revenue mid-market -o yaml | kubectl sla digest -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, sources []string) error {
			found := 0
			for _, source := range sources {
				n, err := printDigests(cmd, source)
				if err != nil {
					return err
				}
				found += n
			}
			if found == 0 {
				return errors.New("no LeadDefinition and no SLAContract of sla.handoff.dev/v1alpha1 in what was given")
			}
			return nil
		},
	}
}

func printDigests(cmd *cobra.Command, source string) (int, error) {
	docs, err := manifest.Load(cmd.Context(), source, cmd.InOrStdin())
	if err != nil {
		return 0, err
	}
	found := 0
	for _, d := range docs {
		if !d.Signable() {
			continue
		}
		digest, err := d.Digest()
		if err != nil {
			return 0, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
		}
		found++
		fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", d, digest)
	}
	return found, nil
}
