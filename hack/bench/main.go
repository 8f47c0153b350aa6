// SPDX-License-Identifier: Apache-2.0

// Command bench measures the pipeline on a real PostgreSQL with fsync on, beside the least that any program could do for the same:
// statements by hand on the same server, in turns with it. It starts the server, and leaves nothing behind.
//
//	go run ./hack/bench score --leads 60000 --runs 5
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

const tenant = "bench"

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as the scoring worker does
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	root := &cobra.Command{Use: "bench", Short: "Measure the pipeline on PostgreSQL", SilenceUsage: true}
	root.AddCommand(scoreCommand(), flatCommand(), breachCommand(), httpCommand(), bytesCommand(), plansCommand(), crmCommand())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		os.Exit(1)
	}
}

// withServer runs f on a server with the settings of production.
func withServer(f func(*ledgertest.Server) error) (err error) {
	server, err := ledgertest.Start(ledgertest.Durable()...)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := server.Stop(); err == nil {
			err = stopped
		}
	}()
	return f(server)
}
