// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/measurement"
)

// Keys of the mounted Secrets.
const (
	KeyDSN   = "dsn"
	KeyToken = "token"
	// KeyClientSecret is what HubSpot signs its webhooks with.
	KeyClientSecret = "clientSecret"
)

// Options that the scoring and the routing worker share.
type Options struct {
	BundleDir, LedgerDir, LedgerSecret string
	Tenant                             string
	Measurement, Namespace             string
	Health                             string
	Pairs                              Sequences
}

// Sequences of pairs, as a flag with commas.
type Sequences []int64

// String is the flag's value.
func (s *Sequences) String() string {
	var parts []string
	for _, sequence := range *s {
		parts = append(parts, strconv.FormatInt(sequence, 10))
	}
	return strings.Join(parts, ",")
}

// Set reads the flag's value.
func (s *Sequences) Set(text string) error {
	*s = nil
	for part := range strings.SplitSeq(text, ",") {
		sequence, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no sequence; write them as 8,9", part)
		}
		*s = append(*s, sequence)
	}
	return nil
}

// Register declares the flags.
func (o *Options) Register(flags *flag.FlagSet) {
	flags.StringVar(&o.BundleDir, "bundle-dir", "/etc/handoff/bundle", "folder with bundle.json: the pair of definition and terms, and bundle-N.json: those to come")
	flags.StringVar(&o.LedgerDir, "ledger-dir", "/etc/handoff/ledger", "folder with dsn: the connection string of PostgreSQL; it may appear later")
	flags.StringVar(&o.LedgerSecret, "ledger-secret", "handoff-ledger", "name of the Secret behind --ledger-dir, for messages")
	flags.StringVar(&o.Tenant, "tenant", "", "whose rows of the ledger these are (required)")
	flags.StringVar(&o.Measurement, "measurement", "", "name of the SLAMeasurement to write (required)")
	flags.StringVar(&o.Namespace, "namespace", "", "namespace of the SLAMeasurement (required)")
	flags.Var(&o.Pairs, "pairs", "sequences of the pairs to come that --bundle-dir should have, such as 8,9; which of them is missing is said")
	flags.StringVar(&o.Health, "health", ":8081", "address of /healthz, /readyz and /metrics")
}

// Validate says which required flags are missing.
func (o *Options) Validate() error {
	return errors.Join(Required("tenant", o.Tenant), Required("measurement", o.Measurement), Required("namespace", o.Namespace))
}

// Required is an error when a flag has no value.
func Required(name, value string) error {
	if value == "" {
		return fmt.Errorf("--%s is required", name)
	}
	return nil
}

// Usage explains a command in full.
func Usage(flags *flag.FlagSet, text string) func() {
	return func() {
		fmt.Fprintf(flags.Output(), "%s\nFlags:\n", text)
		flags.PrintDefaults()
	}
}

// Writer makes the writer of the SLAMeasurement, with the credentials of the pod.
func (o *Options) Writer(now func() time.Time) (*measurement.Writer, error) {
	c, err := measurement.Client()
	if err != nil {
		return nil, err
	}
	return &measurement.Writer{Client: c, Namespace: o.Namespace, Name: o.Measurement, Now: now}, nil
}

// Keeper makes the keeper of the ledger.
func (o *Options) Keeper(bundles []bundle.Bundle, now func() time.Time, log *slog.Logger) *Keeper {
	missing := slices.DeleteFunc(slices.Clone(o.Pairs), func(sequence int64) bool {
		return slices.ContainsFunc(bundles, func(b bundle.Bundle) bool { return b.Sequence == sequence })
	})
	return &Keeper{
		Secret: Secret{Dir: o.LedgerDir, Key: KeyDSN, Name: o.LedgerSecret},
		Tenant: o.Tenant, Bundles: bundles, Missing: missing, Every: time.Second, Now: now, Log: log,
	}
}

// Log makes the process's log: JSON on stderr.
func Log(name string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("worker", name)
}
