// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/internal/cli/paint"
	"github.com/handoff-sla/handoff/internal/cli/reports"
	"github.com/handoff-sla/handoff/internal/cli/target"
)

const reportHelp = `Shows a report of a contract's reviews: the newest that the cadence has, or that of
a --review and a --period (2027-W03, 2027-01, 2027-Q1). The reports are ConfigMaps that
the cadence owns; the right to read them is enough. Where the namespace has one cadence,
its name may be left out. --list names the reports there are.

-o text is for a terminal, -o markdown is what the report says in Markdown, -o html the
page of its own that is also sent by mail, -o json its inputs and results with the
seal (docs/reports.md). -f FILE writes there instead.

"kubectl sla report verify" says whether a report is as it was made.`

// reportFlags are the flags of report.
type reportFlags struct {
	clusterFlags
	reports.Choice
	output, color, file string
	list                bool
}

func reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [CADENCE]",
		Short: "show the report of a review, and prove it",
		Long:  reportHelp,
		Example: `  kubectl sla report -n revenue --list
  kubectl sla report mid-market -n revenue
  kubectl sla report -n revenue --review weekly -o html -f report.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	f.clusterFlags.add(flags)
	flags.StringVar(&f.Review, "review", "", "name of the review, such as weekly")
	flags.StringVar(&f.Period, "period", "", "period that it is about: 2027-W03, 2027-01 or 2027-Q1")
	flags.StringVarP(&f.output, "output", "o", "text", "text, markdown, json or html")
	flags.StringVarP(&f.file, "file", "f", "", "file to write to")
	flags.BoolVar(&f.list, "list", false, "name the reports there are, the newest first")
	flags.StringVar(&f.color, "color", "auto", paint.Modes)
	cmd.AddCommand(reportVerifyCommand())
	return cmd
}

func (f *reportFlags) run(cmd *cobra.Command, args []string) error {
	palette, err := f.check(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	reader, namespace, err := f.reportReader()
	if err != nil {
		return err
	}
	f.Namespace = namespace
	if len(args) > 0 {
		f.Cadence = args[0]
	}
	text, err := f.text(cmd.Context(), reader, palette)
	if err != nil {
		return err
	}
	if f.file == "" {
		_, err = io.WriteString(cmd.OutOrStdout(), text)
		return err
	}
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.ErrOrStderr(), "written to "+f.file)
	return err
}

func (f *reportFlags) check(out io.Writer) (paint.Palette, error) {
	switch {
	case !slices.Contains([]string{"text", "markdown", "json", "html"}, f.output):
		return paint.Palette{}, fmt.Errorf("--output %q: text, markdown, json or html", f.output)
	case f.list && f.output != "text" && f.output != "json":
		return paint.Palette{}, fmt.Errorf("--output %q: a --list is text or json", f.output)
	case f.file != "" && f.color == "auto":
		return paint.Palette{}, nil
	}
	if err := checkPeriod(f.Period); err != nil {
		return paint.Palette{}, err
	}
	return paint.For(f.color, out, os.Getenv)
}

// reportReader reads cadences and the ConfigMaps of reports.
func (f *clusterFlags) reportReader() (client.Reader, string, error) {
	config, namespace, err := f.config()
	if err != nil {
		return nil, "", err
	}
	scheme, err := target.Scheme()
	if err != nil {
		return nil, "", err
	}
	reader, err := client.New(config, client.Options{Scheme: scheme})
	return reader, namespace, err
}

// text of what was asked for.
func (f *reportFlags) text(ctx context.Context, reader client.Reader, palette paint.Palette) (string, error) {
	if f.list {
		return f.listed(ctx, reader, palette)
	}
	cadence, err := reports.Cadence(ctx, reader, f.Namespace, f.Cadence)
	if err != nil {
		return "", err
	}
	r, err := reports.Newest(ctx, reader, cadence, f.Choice)
	if err != nil {
		return "", err
	}
	return r.As(f.output, palette)
}

func (f *reportFlags) listed(ctx context.Context, reader client.Reader, palette paint.Palette) (string, error) {
	if f.Cadence != "" {
		if _, err := reports.Cadence(ctx, reader, f.Namespace, f.Cadence); err != nil {
			return "", err
		}
	}
	all, err := reports.List(ctx, reader, f.Choice)
	if err != nil {
		return "", err
	}
	if f.output == "json" {
		if all == nil {
			all = []reports.Report{}
		}
		text, err := json.MarshalIndent(map[string]any{"items": all}, "", "  ")
		return string(text) + "\n", err
	}
	if len(all) == 0 {
		return "", fmt.Errorf("no report in namespace %s that fits; a cadence reports each closed period at its schedule", f.Namespace)
	}
	return reports.Table(all, palette), nil
}
