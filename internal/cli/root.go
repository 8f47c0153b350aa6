// SPDX-License-Identifier: Apache-2.0

// Package cli is `kubectl sla`: what people and pipelines do with contracts besides `kubectl apply`. A file per verb.
package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/version"
)

// Root is the command with all verbs. now is the clock of the machine it runs on.
func Root(now func() time.Time) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-sla",
		Short: "Sign and replay sales-marketing SLAs",
		Long: `kubectl sla signs definitions and contracts, and sends exports of leads to a
contract. With kubectl-sla on the PATH it runs as "kubectl sla".`,
		Version:       version.String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl sla"},
	}
	root.AddCommand(analyzeCommand(), lintCommand(now), diffCommand(), summaryCommand(), digestCommand(), signCommand(now), verifyCommand(now), replayCommand(now), simulateCommand(), backtestCommand(now), explainCommand(now), revisionsCommand(now))
	return root
}
