// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/cli/replay"
	"github.com/handoff-sla/handoff/internal/cli/target"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
)

const replayHelp = `Sends an export to a contract's ingest address: a CSV file of leads, a file of
CloudEvents (one a line), or both.

Of a CSV file each row becomes an event: "captured" for the first row of a lead,
"updated" for further ones. Columns go into the fields of the definition in force
whose "property" is the column's name; other columns are not sent. The id is
the first column named id or *_id whose values are unique, the time the first
column of dates (RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD; UTC without a
zone). What was chosen is printed; rows that cannot be sent are counted and
located.

The ingest address, its token and the definition are found through the contract,
by a port-forward to a ready pod. Without a cluster name them: --to with the base
address (https://ingest.example.com), --token-file and, for a CSV file, --definition.

Sending the same file again is safe: the identity of an event is its lead, kind
and number within the source urn:handoff:replay:FILENAME, so each counts once.
Connection errors, 429 and 5xx are tried again.

--shift-to-now moves all times by the same length, so that the latest is now.
What "now" was is part of the events, and is therefore remembered for this file
and this contract (in the user's cache folder): a second run sends the same
times. --anchor names it: an RFC 3339 time, for instance to repeat a run that was
made from another machine, or "now" to forget the earlier one.

The exit code is 1 when anything was malformed or refused, unless
--allow-rejected.`

type replayFlags struct {
	namespace, kubeconfig, context string
	to, tokenFile, definition      string
	leads, events                  string
	idColumn, timeColumn, anchor   string
	shiftToNow, allowRejected      bool
	inFlight                       int
	retryFor                       time.Duration
}

func replayCommand(now func() time.Time) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [CONTRACT] [--leads FILE.csv] [--events FILE.ndjson]",
		Short: "send an export of leads or events to a contract",
		Long:  replayHelp,
		Example: `  kubectl sla replay mid-market -n revenue --leads docs/examples/leads.csv --shift-to-now
  kubectl sla replay mid-market -n revenue --events docs/examples/events.ndjson`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, now) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace of the contract (the current context's when absent)")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file (KUBECONFIG or ~/.kube/config when absent)")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig")
	flags.StringVar(&f.to, "to", "", "ingest address, instead of a contract")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the bearer token, with --to")
	flags.StringVar(&f.definition, "definition", "", "file with the LeadDefinition that maps columns (the one in force when absent)")
	flags.StringVar(&f.leads, "leads", "", "CSV file, a row a lead")
	flags.StringVar(&f.events, "events", "", "CloudEvents in JSON, one a line")
	flags.StringVar(&f.idColumn, "id-column", "", "column of the lead's id (detected when absent)")
	flags.StringVar(&f.timeColumn, "time-column", "", "column of the time of capture (detected when absent)")
	flags.BoolVar(&f.shiftToNow, "shift-to-now", false, "move all times so that the latest is now")
	flags.StringVar(&f.anchor, "anchor", "", "what --shift-to-now calls now: RFC 3339, or \"now\" to forget the earlier run")
	flags.BoolVar(&f.allowRejected, "allow-rejected", false, "exit with 0 although rows were malformed or events refused")
	flags.IntVar(&f.inFlight, "in-flight", 4, "requests at a time, 1 to 64")
	flags.DurationVar(&f.retryFor, "retry-for", 5*time.Minute, "how long to try a request again before giving up")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command, args []string, now func() time.Time) error {
	if err := f.check(args); err != nil {
		return err
	}
	to, err := f.target(cmd.Context(), args)
	if err != nil {
		return err
	}
	defer to.Close()
	in, err := f.input(to, now)
	if err != nil {
		return err
	}
	plan, err := replay.Load(in)
	if err != nil {
		return err
	}
	out := cmd.ErrOrStderr()
	fmt.Fprintln(out, strings.Join(plan.Notes, "\n"))
	batches, err := replay.Batches(plan.Records)
	if err != nil {
		return err
	}
	progress := replay.NewProgress(out, len(plan.Records))
	sender := &replay.Sender{
		Client: to.Client, URL: to.URL, Token: to.Token, InFlight: f.inFlight, Patience: f.retryFor, Progress: progress.Show,
	}
	sum, err := sender.Send(cmd.Context(), batches)
	progress.End()
	plan.Report(cmd.OutOrStdout(), sum)
	if err != nil {
		return err
	}
	if bad := sum.Rejected + len(plan.Malformed); bad > 0 && !f.allowRejected {
		return fmt.Errorf("%d of what was given was malformed or refused (--allow-rejected makes that no error)", bad)
	}
	return nil
}

func (f *replayFlags) check(args []string) error {
	switch {
	case f.leads == "" && f.events == "":
		return errors.New("nothing to send: --leads FILE.csv or --events FILE.ndjson")
	case (f.to == "") == (len(args) == 0):
		return errors.New("name either a CONTRACT or an address (--to)")
	case f.to != "" && f.tokenFile == "":
		return errors.New("--to needs --token-file")
	case f.to != "" && f.leads != "" && f.definition == "":
		return errors.New("--to with --leads needs --definition: it says which columns are which fields")
	case f.anchor != "" && !f.shiftToNow:
		return errors.New("--anchor needs --shift-to-now")
	case f.inFlight < 1 || f.inFlight > 64:
		return fmt.Errorf("--in-flight %d: 1 to 64", f.inFlight)
	}
	return nil
}

func (f *replayFlags) target(ctx context.Context, args []string) (*target.Target, error) {
	if f.to != "" {
		token, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, err
		}
		return target.Plain(f.to, strings.TrimSpace(string(token)))
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	namespace := f.namespace
	if namespace == "" {
		if namespace, _, err = loader.Namespace(); err != nil {
			return nil, err
		}
	}
	return target.Contract(ctx, config, namespace, args[0])
}

func (f *replayFlags) input(to *target.Target, now func() time.Time) (replay.Input, error) {
	in := replay.Input{Fields: to.Fields, IDColumn: f.idColumn, TimeColumn: f.timeColumn}
	var err error
	if f.definition != "" {
		if in.Fields, err = definitionFields(f.definition); err != nil {
			return in, err
		}
	}
	for name, file := range map[string]**replay.File{f.leads: &in.Leads, f.events: &in.Events} {
		if name == "" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return in, err
		}
		*file = &replay.File{Name: name, Data: data}
	}
	if !f.shiftToNow {
		return in, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return in, fmt.Errorf("no cache folder to remember the anchor in: %w", err)
	}
	key := anchorKey(to.Identity, in.Leads, in.Events)
	in.Anchor, _, err = anchor(filepath.Join(cache, "handoff", "replay"), key, f.anchor, now())
	return in, err
}

func definitionFields(file string) ([]lead.Field, error) {
	docs, err := manifest.Read(file, nil)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if d.Definition != nil {
			definition, err := convert.Definition(d.Definition.Spec)
			return definition.Fields, err
		}
	}
	return nil, fmt.Errorf("%s: no LeadDefinition of sla.handoff.dev/v1alpha1", file)
}
