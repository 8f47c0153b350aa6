// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Pace of retention: it is in no hurry, and takes little from those who are.
const (
	retireBatch   = 500 // events that one transaction looks at
	betweenSteps  = 100 * time.Millisecond
	betweenPasses = time.Hour
	restateEvery  = 24 // passes: who looks whether sealed counts still hold counts everything that is kept
)

// RetentionLedger is what retention needs of the ledger.
type RetentionLedger interface {
	Archive
	InForce(ctx context.Context) (int64, time.Time, error)
	Sealable(ctx context.Context, zone *time.Location) (unsealed, sealed []sla.Period, err error)
	SealPeriod(ctx context.Context, period sla.Period, zone *time.Location) (*ledger.Seal, error)
	Retire(ctx context.Context, keep time.Duration, after int64, limit int) (ledger.Retired, error)
	SweepTraces(ctx context.Context) (int64, error)
	SweepHints(ctx context.Context) error
}

// Retention seals the counts of periods that are over, restates those that were corrected since, and retires history that is older than is
// kept. Any number of replicas may do it; the ledger lets one at a time.
type Retention struct {
	Pairs   *Pairs
	Ledger  func() (RetentionLedger, error)
	Keep    time.Duration // 0: for ever
	Metrics *Metrics
	Log     *slog.Logger

	pass   *pass // that is under way; nil between two
	passes int   // so far
}

// pass over everything that there may be to do.
type pass struct {
	zone    *time.Location
	periods []sla.Period // still to be looked at
	after   int64        // event up to which was looked
}

// Step does a little, and sleeps for long after the last of a pass. A pass that an error broke off goes on where it was.
func (r *Retention) Step(ctx context.Context) (time.Duration, error) {
	l, err := r.Ledger()
	if err != nil {
		return 0, ErrNotReady
	}
	if r.pass == nil {
		if r.pass, err = r.begin(ctx, l); err != nil {
			return 0, err
		}
	}
	if len(r.pass.periods) > 0 {
		if err := r.seal(ctx, l, r.pass.periods[0]); err != nil {
			return 0, err
		}
		r.pass.periods = r.pass.periods[1:]
		return betweenSteps, nil
	}
	if r.Keep == 0 {
		r.pass = nil
		return betweenPasses, nil
	}
	retired, err := l.Retire(ctx, r.Keep, r.pass.after, retireBatch)
	if err != nil {
		return 0, err
	}
	r.Metrics.RetiredLeads.Add(float64(retired.Leads))
	r.Metrics.RetiredEvents.Add(float64(retired.Events))
	if retired.Leads > 0 {
		r.Log.Info("history retired", "leads", retired.Leads, "events", retired.Events)
	}
	r.pass.after = retired.Next
	if retired.More {
		return betweenSteps, nil
	}
	r.pass = nil
	return betweenPasses, nil
}

func (r *Retention) begin(ctx context.Context, l RetentionLedger) (*pass, error) {
	sequence, _, err := l.InForce(ctx)
	if err != nil {
		return nil, err
	}
	zone := r.Pairs.Mounted.Zone()
	if sequence != 0 {
		pair, err := r.Pairs.Of(ctx, l, sequence)
		if err != nil {
			return nil, err
		}
		zone = pair.Zone()
	}
	if _, err := l.SweepTraces(ctx); err != nil {
		return nil, err
	}
	if err := l.SweepHints(ctx); err != nil {
		return nil, err
	}
	periods, sealed, err := l.Sealable(ctx, zone)
	if err != nil {
		return nil, err
	}
	if r.passes%restateEvery == 0 {
		periods = append(periods, sealed...)
	}
	r.passes++
	return &pass{zone: zone, periods: periods}, nil
}

// seal a period, unless whoever counts has: he sees those of the last half year.
func (r *Retention) seal(ctx context.Context, l RetentionLedger, period sla.Period) error {
	s, err := l.SealPeriod(ctx, period, r.pass.zone)
	if err == nil && s != nil {
		noteSeal(r.Metrics, r.Log, *s)
	}
	return err
}

// noteSeal has the digest go into the log, which is kept elsewhere: a chain that somebody makes anew is told by it.
func noteSeal(metrics *Metrics, log *slog.Logger, s ledger.Seal) {
	kind := "first"
	if s.Version > 1 {
		kind = "restated"
	}
	metrics.Seals.WithLabelValues(kind).Inc()
	log.Info("period sealed", "period", string(s.Period), "version", s.Version, "number", s.Number, "digest", hex.EncodeToString(s.Digest))
}

// ParseKeep reads how long events are kept: a number of days, such as 400d; 0 for ever when it is empty.
func ParseKeep(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	days, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || !strings.HasSuffix(text, "d") || days < 90 || days > 9999 {
		return 0, fmt.Errorf("%q: a number of days from 90d to 9999d", text)
	}
	return time.Duration(days) * 24 * time.Hour, nil
}
