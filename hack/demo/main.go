// SPDX-License-Identifier: Apache-2.0

// Command demo shows Handoff whole: a real Kubernetes, the operator, PostgreSQL, a signed contract, leads and their touches, and at
// the end measured compliance.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/handoff-sla/handoff/hack/demo/setup"
)

const help = `demo shows Handoff whole, on a local Kubernetes of its own.

Usage: go run ./hack/demo VERB

  up [--leads FILE.csv]  bring everything up, send leads, show measured compliance
  down                   take it all away

up starts a cluster (see go run ./hack/cluster up --help), builds and loads the
image, installs config/default, starts PostgreSQL, applies config/samples and
sends the project's own, synthetic sample leads (see go run ./hack/sampleleads
--help). With --leads it sends your own export instead: columns are mapped to
the definition's fields by their property names, and times are moved so that
the last lead is now.

Every step may be repeated: a run that was interrupted goes on with another up,
and a second up changes nothing. Your own kubeconfig and clusters are never used.

Examples:
  go run ./hack/demo up
  go run ./hack/demo up --leads leads.csv
  go run ./hack/demo down
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	log.SetLogger(logr.Discard()) // the libraries' log is for servers; what matters comes as an error
	err := dispatch(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		fmt.Fprint(out, help)
		return nil
	}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	leads := flags.String("leads", "", "")
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, help)
		return nil
	case err != nil:
		return fmt.Errorf("%w; --help tells more", err)
	case flags.NArg() > 0:
		return fmt.Errorf("%q is one argument too many; --help tells more", flags.Arg(0))
	}
	switch args[0] {
	case "up":
		return up(ctx, out, *leads)
	case "down":
		return down(ctx, out)
	default:
		return fmt.Errorf("unknown verb %q; --help lists them", args[0])
	}
}

func up(ctx context.Context, out io.Writer, leads string) error {
	file, err := readable(leads)
	if err != nil {
		return err
	}
	e, err := setup.New(ctx, out)
	if err != nil {
		return err
	}
	if err := e.Base(ctx); err != nil {
		return err
	}
	if err := e.Step("applying config/samples: what both teams signed", func() error { return e.Contract(ctx, setup.Sample) }); err != nil {
		return err
	}
	if err := e.Step("sending leads", func() error { return send(ctx, e, file) }); err != nil {
		return err
	}
	if err := e.Step("waiting for the workers and their counts", func() error { return e.Settled(ctx, setup.Sample) }); err != nil {
		return err
	}
	if err := e.Step("holding the weekly review now, instead of on Monday", func() error { return e.Review(ctx, setup.Sample, "weekly") }); err != nil {
		return err
	}
	e.Say("done")
	return e.Show(ctx, setup.Sample)
}

// readable is the absolute path of a file that can be read: better to fail now than after minutes.
func readable(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return filepath.Abs(file)
}

func send(ctx context.Context, e *setup.Env, file string) error {
	if file == "" {
		_, err := e.SampleLeads(ctx, setup.Sample)
		return err
	}
	before, err := e.Leads(ctx, setup.Sample)
	if err != nil {
		return err
	}
	plan, err := e.FileLeads(ctx, setup.Sample, file)
	if err == nil && before > 0 {
		e.Say("  the ledger held %d leads before; make demo-down first shows the %d of this file alone", before, plan.LeadCount())
	}
	return err
}

func down(ctx context.Context, out io.Writer) error {
	e, err := setup.New(ctx, out)
	if err != nil {
		return err
	}
	return e.Down(ctx)
}
