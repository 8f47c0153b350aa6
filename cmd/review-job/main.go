// SPDX-License-Identifier: Apache-2.0

// Command review-job reports the closed periods of a contract: weeks, months or quarters.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zone files

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/worker"
)

const usage = `review-job writes a report about every closed period that has data and no report yet, the oldest first: ISO weeks
(Operational), months (Performance) or quarters (Strategic). Which periods are closed is decided by the ledger's clock and the contract's
time zone. A report is kept in the ledger, from where it is sent to those whom the cadence publishes it to, and shown as an immutable
ConfigMap that the ReviewCadence owns. A period that a missed schedule left out is caught up; running it again changes nothing.

Example:
  review-job --tenant acme-mid-market --namespace revenue --cadence mid-market --review weekly --owner RevOps --type Operational
`

// patience of a job with leads that are not worked off: they take seconds, also in a busy hour.
const patience = 2 * time.Minute

type options struct {
	bundleDir, ledgerDir, ledgerSecret string
	tenant, namespace, cadence, review string
	owner, kind                        string
	limit                              int
}

func main() {
	var o options
	flags := flag.NewFlagSet("review-job", flag.ExitOnError)
	flags.Usage = worker.Usage(flags, usage)
	flags.StringVar(&o.bundleDir, "bundle-dir", "/etc/handoff/bundle", "folder with bundle.json: the pair of definition and terms")
	flags.StringVar(&o.ledgerDir, "ledger-dir", "/etc/handoff/ledger", "folder with dsn: the connection string of PostgreSQL")
	flags.StringVar(&o.ledgerSecret, "ledger-secret", "", "name of the Secret behind --ledger-dir, for messages")
	flags.StringVar(&o.tenant, "tenant", "", "whose rows of the ledger these are (required)")
	flags.StringVar(&o.namespace, "namespace", "", "namespace of the ReviewCadence (required)")
	flags.StringVar(&o.cadence, "cadence", "", "name of the ReviewCadence (required)")
	flags.StringVar(&o.review, "review", "", "name of the review in the cadence (required)")
	flags.StringVar(&o.owner, "owner", "", "who holds the review; named in the report (required)")
	flags.StringVar(&o.kind, "type", string(review.Operational),
		"what is reported: Operational (ISO weeks), Performance (months) or Strategic (quarters)")
	flags.IntVar(&o.limit, "history-limit", 26, "how many periods back reports are caught up")
	_ = flags.Parse(os.Args[1:]) // ends the process itself when it fails
	if err := o.validate(flags); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log := worker.Log("review")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o, log); err != nil {
		log.Error("no report", "error", err.Error())
		os.Exit(1)
	}
}

func (o options) validate(flags *flag.FlagSet) error {
	err := errors.Join(
		worker.Required("tenant", o.tenant), worker.Required("namespace", o.namespace), worker.Required("cadence", o.cadence),
		worker.Required("review", o.review), worker.Required("owner", o.owner))
	if kinds := []review.Kind{review.Operational, review.Performance, review.Strategic}; !slices.Contains(kinds, review.Kind(o.kind)) {
		err = errors.Join(err, fmt.Errorf("--type should be one of %v", kinds))
	}
	if o.limit < 1 {
		err = errors.Join(err, errors.New("--history-limit should be at least 1"))
	}
	if flags.NArg() > 0 {
		err = errors.Join(err, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	return err
}

func run(ctx context.Context, o options, log *slog.Logger) error {
	pairs, err := worker.LoadPairs(o.bundleDir)
	if err != nil {
		return err
	}
	dsn, err := worker.Secret{Dir: o.ledgerDir, Key: worker.KeyDSN, Name: o.ledgerSecret}.Read()
	if err != nil {
		return err
	}
	cluster, err := measurement.Client()
	if err != nil {
		return err
	}
	reports, err := measurement.OpenReports(ctx, cluster, o.namespace, o.cadence, o.review)
	if err != nil {
		return err
	}
	agreement, err := measurement.Agreement(ctx, cluster, reports.Cadence, pairs.Mounted.Zone())
	if err != nil {
		return err
	}
	open, err := ledger.Open(ctx, dsn, o.tenant)
	if err != nil {
		return errors.New(ledger.Describe(err))
	}
	defer open.Close()
	publish := reports.Cadence.Spec.Publish
	reviewing := &pipeline.Reviewing{
		Review: o.review, Owner: o.owner, Kind: review.Kind(o.kind), HistoryLimit: o.limit, Patience: patience,
		Publish:   publish != nil && publish.Notify == slav1alpha1.PublishAll,
		Agreement: agreement, Pairs: pairs, Ledger: open, Reports: reports, Log: log,
	}
	made, err := reviewing.Run(ctx)
	switch {
	case ledger.SchemaMissing(err):
		log.Info("nothing to report: no worker has written to the ledger yet")
		return nil
	case err != nil:
		return pipeline.Explain(err)
	case made == 0:
		log.Info("nothing to report: every closed period with data has its report")
	}
	return nil
}
