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
		Short: "Build, argue over, sign and feed sales-marketing SLAs",
		Long: `kubectl sla is what people and pipelines do with definitions and contracts besides
"kubectl apply": draft a definition from past leads, check it, say what an edit
changes and what it would have done, sign it, and send leads to it. Most verbs work
on files, folders and git revisions (main:sla/) and need no cluster.

With kubectl-sla on the PATH it runs as "kubectl sla".`,
		Version:       version.String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl sla"},
	}
	for _, group := range []struct {
		id, title string
		verbs     []*cobra.Command
	}{
		{"draft", "Draft and argue:", []*cobra.Command{
			analyzeCommand(), simulateCommand(), lintCommand(now), diffCommand(), backtestCommand(now), explainCommand(now), summaryCommand(),
		}},
		{"sign", "Agree:", []*cobra.Command{digestCommand(), signCommand(now), verifyCommand(now), revisionsCommand(now)}},
		{"see", "See how it stands:", []*cobra.Command{scorecardCommand(now), reportCommand()}},
		{"run", "Run:", []*cobra.Command{replayCommand(now), leadCommand(), forgetCommand(), exportCommand(now), verifyCountsCommand(), deadLettersCommand(), crmCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, verb := range group.verbs {
			verb.GroupID = group.id
			root.AddCommand(verb)
		}
	}
	return root
}
