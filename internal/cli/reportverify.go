// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/internal/cli/paint"
	"github.com/handoff-sla/handoff/internal/cli/reports"
	"github.com/handoff-sla/handoff/internal/sla"
)

const reportVerifyHelp = `Says whether a report is as it was made: that its seal is the digest of its inputs, that
its text is what the inputs give, that it is the copy that the ledger keeps, and whether
the ledger counts its periods today as it did then.

  Verified  it is as it was made, and its numbers are today's
  Restated  it is as it was made; what it counted was corrected since, by late events,
            and the numbers before and now are named
  Sealed    its seal fits, and the ledger was not asked: whoever changes a report can
            seal it anew, which only the ledger's copy tells
  Tampered  it is not as it was made; the exit code is 1

Reports are named as "kubectl sla report --list" names them, or chosen by --review and
--period, or read from a report.json (--file, "-" for standard input). The ledger is
that of the report's contract; --seal-only asks none.

` + ledgerHelp

// reportVerifyFlags are the flags of report verify.
type reportVerifyFlags struct {
	ledgerFlags
	reports.Choice
	reportFile, output string
	sealOnly           bool
}

func reportVerifyCommand() *cobra.Command {
	var f reportVerifyFlags
	cmd := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "say whether a report is as it was made",
		Long:  reportVerifyHelp,
		Example: `  kubectl sla report verify -n revenue --review weekly
  kubectl sla report -n revenue -o json | kubectl sla report verify --seal-only --file -`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	f.ledgerFlags.add(flags)
	flags.Lookup("contract").Usage = "SLAContract whose ledger it is (the report's own when absent)"
	flags.StringVar(&f.Cadence, "cadence", "", "ReviewCadence of --review, where the namespace has several")
	flags.StringVar(&f.Review, "review", "", "name of the review, such as weekly: its newest report, or that of --period")
	flags.StringVar(&f.Period, "period", "", "period that it is about: 2027-W03, 2027-01 or 2027-Q1")
	flags.StringVar(&f.reportFile, "file", "", "file with a report.json, - for standard input")
	flags.BoolVar(&f.sealOnly, "seal-only", false, "ask no ledger")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	return cmd
}

func (f *reportVerifyFlags) check(names []string) error {
	given := 0
	for _, is := range []bool{len(names) > 0, f.Choice != (reports.Choice{}), f.reportFile != ""} {
		if is {
			given++
		}
	}
	switch {
	case f.output != "text" && f.output != "json":
		return fmt.Errorf("--output %q: text or json", f.output)
	case given == 0:
		return errors.New("which report: a NAME of `kubectl sla report --list`, --review and --period, or --file report.json")
	case given > 1:
		return errors.New("NAME, --review with --period, or --file: give one of them")
	}
	if err := f.checkLedger(); err != nil {
		return err
	}
	return checkPeriod(f.Period)
}

// checkLedger says whether it is clear which ledger is asked, if any.
func (f *reportVerifyFlags) checkLedger() error {
	asked := f.contract != "" || f.env != "" || f.ledgerFlags.file != ""
	switch {
	case f.sealOnly && asked:
		return errors.New("--seal-only asks no ledger: leave --contract, --ledger-env and --ledger-file out")
	case f.reportFile != "" && !f.sealOnly && !asked:
		return errors.New("--file names no cluster: --contract NAME (and -n NAMESPACE) or --ledger-env NAME for the ledger's copy, or --seal-only")
	}
	return nil
}

// checkPeriod is a period, where one is named.
func checkPeriod(text string) error {
	if text == "" {
		return nil
	}
	if _, _, err := sla.Period(text).Bounds(time.UTC); err != nil {
		return fmt.Errorf("--period: %w", err)
	}
	return nil
}

func (f *reportVerifyFlags) run(cmd *cobra.Command, names []string) error {
	if err := f.check(names); err != nil {
		return err
	}
	found, err := f.find(cmd.Context(), names, cmd.InOrStdin())
	if err != nil {
		return err
	}
	verdicts := []reports.Verdict{}
	bad := 0
	for _, r := range found {
		v, err := f.verify(cmd.Context(), r)
		if err != nil {
			return err
		}
		if v.Standing == reports.Tampered {
			bad++
		}
		verdicts = append(verdicts, v)
	}
	if err := printReportVerdicts(cmd.OutOrStdout(), f.output, verdicts); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d reports are not as they were made", bad, len(found))
	}
	return nil
}

// find the reports that are meant.
func (f *reportVerifyFlags) find(ctx context.Context, names []string, stdin io.Reader) ([]reports.Report, error) {
	if f.reportFile != "" {
		text, err := readAll(f.reportFile, stdin)
		return []reports.Report{{Name: f.reportFile, JSON: string(text)}}, err
	}
	reader, namespace, err := f.reportReader()
	if err != nil {
		return nil, err
	}
	return findReports(ctx, reader, namespace, f.Choice, names)
}

func findReports(ctx context.Context, reader client.Reader, namespace string, choice reports.Choice, names []string) ([]reports.Report, error) {
	var found []reports.Report
	for _, name := range names {
		r, err := reports.Named(ctx, reader, namespace, name)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	if len(names) > 0 {
		return found, nil
	}
	cadence, err := reports.Cadence(ctx, reader, namespace, choice.Cadence)
	if err != nil {
		return nil, err
	}
	r, err := reports.Newest(ctx, reader, cadence, choice)
	return []reports.Report{r}, err
}

func readAll(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

// verify a report against its seal and the ledger.
func (f *reportVerifyFlags) verify(ctx context.Context, r reports.Report) (reports.Verdict, error) {
	if f.sealOnly {
		return reports.Check(r, nil, false), nil
	}
	of := f.ledgerFlags
	if of.contract == "" && of.env == "" && of.file == "" {
		of.contract = r.Contract
	}
	l, err := of.open(ctx)
	if err != nil {
		return reports.Verdict{}, err
	}
	defer l.close()
	return reports.Prove(ctx, l.Ledger, r)
}

func printReportVerdicts(out io.Writer, output string, all []reports.Verdict) error {
	if output == "json" {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"items": all})
	}
	out = paint.Safe(out)
	for _, v := range all {
		fmt.Fprintf(out, "%s  %s\n", v.Standing, v.Title())
		for _, line := range v.Lines() {
			fmt.Fprintln(out, "  "+line)
		}
	}
	return nil
}
