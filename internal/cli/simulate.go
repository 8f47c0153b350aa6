// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/cli/simulate"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

const funnelHelp = `Works backwards from bookings to the MQLs a month that marketing has to deliver:

  bookings / deal size = deals, / close rate = opportunities, / MQL-to-opportunity rate = MQLs

It is the arithmetic of a contract's volume target: exact decimals, to the nearest
whole MQL, half up, and at least 1. Money is in whole units of one currency, a
month; rates are percentages above 0 and at most 100, 25 or 10.5.

With --mqls instead of --bookings it works forwards: what that many MQLs a month
are worth. -f takes the funnel of a contract file; flags that are given replace
its numbers. A small table shows the result with each rate 5 points lower and
higher.

-o json prints one object: mqlsPerMonth, mqlsBeforeRounding,
opportunitiesPerMonth, dealsPerMonth, bookingsPerMonth, averageDealSize,
closeRatePercent, mqlToOpportunityPercent, and sensitivity, a list of the same rates
with mqlsPerMonth or bookingsPerMonth.`

type funnelFlags struct {
	bookings, dealSize     int64
	closeRate, opportunity string
	mqls                   int
	contract, name, output string
}

// funnelFields are the flags that stand for the fields that the evaluator names.
var funnelFields = strings.NewReplacer(
	"terms.funnel.bookingsPerMonth", "--bookings", "terms.funnel.averageDealSize", "--deal-size",
	"terms.funnel.closeRatePercent", "--close-rate", "terms.funnel.mqlToOpportunityPercent", "--mql-to-opportunity",
	"mqlsPerMonth", "--mqls", `; write 25 or "10.5"`, "; write 25 or 10.5",
)

func simulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "work out what the numbers of a contract mean",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(simulateFunnelCommand())
	return cmd
}

func simulateFunnelCommand() *cobra.Command {
	var f funnelFlags
	cmd := &cobra.Command{
		Use:   "funnel --bookings N|--mqls N --deal-size N --close-rate PERCENT --mql-to-opportunity PERCENT",
		Short: "bookings, deal size and rates to MQLs a month, and the reverse",
		Long:  funnelHelp,
		Example: `  kubectl sla simulate funnel --bookings 500000 --deal-size 50000 --close-rate 25 --mql-to-opportunity 30
  kubectl sla simulate funnel --mqls 133 --deal-size 50000 --close-rate 25 --mql-to-opportunity 30 -o json
  kubectl sla simulate funnel -f config/samples/slacontract.yaml
  kubectl sla simulate funnel -f config/samples/slacontract.yaml --close-rate 20`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.bookings, "bookings", 0, "new bookings a month")
	flags.IntVar(&f.mqls, "mqls", 0, "MQLs a month, to ask what they are worth, instead of --bookings")
	flags.Int64Var(&f.dealSize, "deal-size", 0, "average value of a deal, in the currency of the bookings")
	flags.StringVar(&f.closeRate, "close-rate", "", "percentage of opportunities that are won")
	flags.StringVar(&f.opportunity, "mql-to-opportunity", "", "percentage of MQLs that become opportunities")
	flags.StringVarP(&f.contract, "filename", "f", "", "file with an SLAContract, for its funnel (- is standard input)")
	flags.StringVar(&f.name, "name", "", "name of the contract, where the file has several")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	cmd.MarkFlagsMutuallyExclusive("bookings", "mqls")
	return cmd
}

func (f *funnelFlags) run(cmd *cobra.Command) error {
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output %q: text or json", f.output)
	}
	funnel, err := f.funnel(cmd)
	if err != nil {
		return err
	}
	var result simulate.Funnel
	if cmd.Flags().Changed("mqls") {
		result, err = simulate.Forwards(funnel, f.mqls)
	} else {
		result, err = simulate.Backwards(funnel)
	}
	if err != nil {
		return errors.New(funnelFields.Replace(err.Error()))
	}
	f.note(cmd.ErrOrStderr())
	if f.output == "json" {
		return result.JSON(cmd.OutOrStdout())
	}
	return result.Text(cmd.OutOrStdout())
}

// note of rates that were meant as shares of 1, very likely: they are percentages.
func (f *funnelFlags) note(out io.Writer) {
	for _, flag := range []struct{ name, rate string }{{"close-rate", f.closeRate}, {"mql-to-opportunity", f.opportunity}} {
		if rate, ok := new(big.Rat).SetString(flag.rate); ok && rate.Cmp(big.NewRat(1, 1)) < 0 {
			percent := new(big.Rat).Mul(rate, big.NewRat(100, 1))
			fmt.Fprintf(out, "note: --%s %s is %s %%, less than one in a hundred; for a share of %s write %s\n",
				flag.name, flag.rate, flag.rate, flag.rate, strings.TrimRight(strings.TrimRight(percent.FloatString(len(flag.rate)), "0"), "."))
		}
	}
}

// funnel of the contract, with what the flags say in place of its numbers.
func (f *funnelFlags) funnel(cmd *cobra.Command) (sla.Funnel, error) {
	var funnel sla.Funnel
	if f.contract != "" {
		var err error
		if funnel, err = f.fromContract(cmd); err != nil {
			return funnel, err
		}
	}
	given := cmd.Flags().Changed
	if given("bookings") {
		funnel.BookingsPerMonth = f.bookings
	}
	if given("deal-size") {
		funnel.AverageDealSize = f.dealSize
	}
	if given("close-rate") {
		funnel.CloseRatePercent = f.closeRate
	}
	if given("mql-to-opportunity") {
		funnel.MQLToOpportunityPercent = f.opportunity
	}
	if f.contract != "" {
		return funnel, nil
	}
	var missing []string
	for _, flag := range []string{"deal-size", "close-rate", "mql-to-opportunity"} {
		if !given(flag) {
			missing = append(missing, "--"+flag)
		}
	}
	if !given("bookings") && !given("mqls") {
		missing = append([]string{"--bookings (or --mqls)"}, missing...)
	}
	if len(missing) > 0 {
		return funnel, fmt.Errorf("not given: %s; or take a contract's funnel with -f FILE", strings.Join(missing, ", "))
	}
	return funnel, nil
}

func (f *funnelFlags) fromContract(cmd *cobra.Command) (sla.Funnel, error) {
	docs, err := manifest.Read(f.contract, cmd.InOrStdin())
	if err != nil {
		return sla.Funnel{}, err
	}
	var found []sla.Funnel
	var names []string
	for _, d := range docs {
		if d.Contract == nil || (f.name != "" && d.Name != f.name) {
			continue
		}
		names = append(names, d.Name)
		terms, err := convert.Terms(d.Contract.Spec)
		if err != nil {
			return sla.Funnel{}, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
		}
		if terms.Funnel != nil {
			found = append(found, *terms.Funnel)
		}
	}
	switch {
	case len(names) == 0 && f.name != "":
		return sla.Funnel{}, fmt.Errorf("%s: no SLAContract named %q", f.contract, f.name)
	case len(names) == 0:
		return sla.Funnel{}, fmt.Errorf("%s: no SLAContract of sla.handoff.dev/v1alpha1", f.contract)
	case len(found) == 0:
		return sla.Funnel{}, fmt.Errorf("%s: SLAContract %s has no terms.funnel; give the numbers with flags instead", f.contract, strings.Join(names, ", "))
	case len(found) > 1:
		return sla.Funnel{}, fmt.Errorf("%s: %d contracts (%s); choose one with --name", f.contract, len(names), strings.Join(names, ", "))
	}
	return found[0], nil
}
