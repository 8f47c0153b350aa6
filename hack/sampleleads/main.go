// SPDX-License-Identifier: Apache-2.0

// Command sampleleads prints the project's sample leads as CloudEvents, one a line. They are synthetic, and labelled so.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
)

const help = `sampleleads prints sample leads for config/samples as CloudEvents, one a line.
They are synthetic: ids begin with sample-, the source is urn:handoff:sample-leads,
companies, people and addresses are invented. The same flags give the same events.

Usage: go run ./hack/sampleleads [flags]

  --now TIME      RFC 3339; no event is later (the present when absent)
  --weeks N       weeks that the leads are spread over (4)
  --leads N       leads in all; one in twenty is today's (240)
  --seed N        another seed, another set (1)
  --part PART     history  leads with owner, contacts, outcome and deal, or kept from sales
                  today    leads of the last seconds, for Handoff to route
                  touches  the first contacts of today's urgent leads, at --now
                  all      history and today (when absent)
  --expect        print, as JSON, what Handoff should count for the history

Examples:
  go run ./hack/sampleleads --now 2027-01-20T15:00:00Z >leads.ndjson
  kubectl sla replay mid-market -n revenue --events leads.ndjson
  go run ./hack/sampleleads --now 2027-01-20T15:00:00Z --expect
`

func main() {
	if err := run(os.Args[1:], os.Stdout, time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "sampleleads:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer, now time.Time) error {
	flags := flag.NewFlagSet("sampleleads", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	at := flags.String("now", now.UTC().Format(time.RFC3339), "")
	weeks := flags.Int("weeks", 4, "")
	leads := flags.Int("leads", 240, "")
	seed := flags.Uint64("seed", 1, "")
	part := flags.String("part", "all", "")
	expect := flags.Bool("expect", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, help)
		return nil
	case err != nil:
		return err
	}
	when, err := time.Parse(time.RFC3339, *at)
	if err != nil {
		return fmt.Errorf("--now %q: not RFC 3339", *at)
	}
	set, err := sample.Generate(sample.Options{Now: when, Weeks: *weeks, Leads: *leads, Seed: *seed})
	if err != nil {
		return err
	}
	if *expect {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(set.Expect())
	}
	return printPart(out, set, *part, when)
}

func printPart(out io.Writer, set *sample.Set, part string, now time.Time) error {
	var events []sample.Event
	switch part {
	case "history":
		events = set.History()
	case "today":
		events = set.Today()
	case "touches":
		events = set.Touches(now)
	case "all":
		events = append(set.History(), set.Today()...)
	default:
		return fmt.Errorf("--part %q: history, today, touches or all", part)
	}
	text, err := sample.NDJSON(events)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
