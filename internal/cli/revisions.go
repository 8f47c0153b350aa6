// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/internal/cli/revisions"
)

const revisionsHelp = `Every text that both parties signed is kept in the cluster as a revision
(a ControllerRevision), and those that judged leads in the ledger too. These verbs
list the revisions of a LeadDefinition or an SLAContract, write them to a file, and
bring them into a cluster that lacks them: after a cluster was lost, or for a move.
An object is named KIND/NAME: leaddefinition/mid-market, slacontract/mid-market.`

func revisionsCommand(now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{Use: "revisions", Short: "list, export and import the texts that both parties signed", Long: revisionsHelp}
	cmd.AddCommand(listRevisionsCommand(now), exportRevisionsCommand(now), importRevisionsCommand(now))
	return cmd
}

const listRevisionsHelp = `Lists the revisions of an object, the newest first: name, number, state, since or
from when on it is in force, when it was ratified, digest, and who signed it when. Times are RFC 3339 in UTC.

The state is "in force", "scheduled" (its effectiveFrom is to come), "past", or
"superseded" (a later one took its place before its time came). It goes by the clock
of this machine; what judges leads is the ledger's. With -o json an array of objects
with the keys revision, number, state, from, effectiveFrom, ratifiedAt, signedAt,
digest and signOffs.`

func listRevisionsCommand(now func() time.Time) *cobra.Command {
	var f clusterFlags
	var output string
	cmd := &cobra.Command{
		Use:   "list KIND/NAME",
		Short: "list the revisions of an object",
		Long:  listRevisionsHelp,
		Example: `  kubectl sla revisions list leaddefinition/mid-market -n revenue
  kubectl sla revisions list slacontract/mid-market -n revenue -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: should be text or json", output)
			}
			_, object, err := f.revisionsOf(cmd, args[0])
			if err != nil {
				return err
			}
			return revisions.List(cmd.OutOrStdout(), object.Rows(now()), output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	f.add(cmd.Flags())
	return cmd
}

const exportRevisionsHelp = `Writes the revisions of an object as YAML documents, the oldest first, each with its
data, digest, number, times, signers and sign-offs with their signatures. Nothing in
it belongs to one cluster only.`

func exportRevisionsCommand(now func() time.Time) *cobra.Command {
	var f clusterFlags
	var file string
	cmd := &cobra.Command{
		Use:   "export KIND/NAME",
		Short: "write the revisions of an object to a file",
		Long:  exportRevisionsHelp,
		Example: `  kubectl sla revisions export leaddefinition/mid-market -n revenue
  kubectl sla revisions export slacontract/mid-market -n revenue -f terms-revisions.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, object, err := f.revisionsOf(cmd, args[0])
			if err != nil {
				return err
			}
			var n int
			err = toFile(file, cmd.OutOrStdout(), func(out io.Writer) error {
				n, err = object.Export(cmd.Context(), c, out, now())
				return err
			})
			if err == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "exported revisions of %s: %d\n", object, n)
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "-", "file to write, - for standard output")
	f.add(cmd.Flags())
	return cmd
}

// toFile has a file written; it is closed before anybody is told that it is complete.
func toFile(name string, standard io.Writer, write func(io.Writer) error) error {
	if name == "-" {
		return write(standard)
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	err = write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

const importRevisionsHelp = `Creates the revisions of an export in a cluster that lacks them. The LeadDefinition or
SLAContract of the same name must be there: the revisions will belong to it. Before
anything is written, each revision is checked: its digest is that of its data, its
name and date fit, both parties signed, and no other revision has its number. What is
there already stays as it is, so that importing twice changes nothing.

The highest number whose time has come is in force: the last lines say which that is.
Whoever may create ControllerRevisions in the namespace can put a text into force
with this; the manifests and signatures of the operator's own path do not need it.`

func importRevisionsCommand(now func() time.Time) *cobra.Command {
	var f clusterFlags
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "bring exported revisions into a cluster that lacks them",
		Long:  importRevisionsHelp,
		Example: `  kubectl sla revisions export slacontract/mid-market -n revenue | kubectl sla revisions import --dry-run -
  kubectl sla revisions export leaddefinition/mid-market -n revenue | kubectl sla revisions import -n revenue -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				in = file
			}
			config, _, err := f.config()
			if err != nil {
				return err
			}
			c, err := revisions.Client(config)
			if err != nil {
				return err
			}
			run := revisions.Import{Client: c, Namespace: f.namespace, DryRun: dryRun, Now: now(), Out: cmd.OutOrStdout()}
			return run.Run(cmd.Context(), args[0], in)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check everything, write nothing")
	f.add(cmd.Flags())
	return cmd
}

// revisionsOf finds an object of the cluster.
func (f *clusterFlags) revisionsOf(cmd *cobra.Command, name string) (client.Client, *revisions.Object, error) {
	if err := revisions.CheckName(name); err != nil {
		return nil, nil, err
	}
	config, namespace, err := f.config()
	if err != nil {
		return nil, nil, err
	}
	c, err := revisions.Client(config)
	if err != nil {
		return nil, nil, err
	}
	object, err := revisions.Find(cmd.Context(), c, name, namespace)
	return c, object, err
}
