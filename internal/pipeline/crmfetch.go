// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// hints fetches what webhooks told of. One that names no record is about something in another stream: the next round is due at once.
func (i *crmIntake) hints(ctx context.Context) (found bool, err error) {
	hints, err := i.ledger.CRMHints(ctx, hintBatch)
	if err != nil || len(hints) == 0 {
		return false, err
	}
	var records []string
	in := ledger.CRMIntake{}
	for _, h := range hints {
		if in.Hints = append(in.Hints, h.ID); h.Record != "" {
			records = append(records, h.Record)
		}
	}
	slices.Sort(records)
	unnamed := len(records) < len(hints)
	var page crm.Page
	if len(records) > 0 {
		page, err = i.system.Fetch(ctx, slices.Compact(records))
	}
	var refused *crm.RefusedError
	if errors.As(err, &refused) { // hints are not worth more: the streams bring what they were about
		i.Metrics.CRMErrors.WithLabelValues("refused").Inc()
		i.Log.Warn("records that webhooks told of could not be fetched", "hints", len(hints), "error", refused.Error())
		page, err = crm.Page{}, nil
	}
	if err != nil {
		return false, err
	}
	if err := i.take(ctx, page, "hints", in); err != nil {
		return false, err
	}
	if p := i.reading; unnamed {
		p.soon, p.due = p.due.IsZero(), time.Time{}
	}
	return true, nil
}

// mend has set back what somebody did against the agreement, and did not mend in time. Each record is fetched first: what an index shows may be old.
// All streams are read first, too: a deal that nobody has read of yet may be why the stage was moved, as after hours in which the CRM was away.
func (i *crmIntake) mend(ctx context.Context) error {
	due, err := i.ledger.CRMDiverged(ctx, i.settings.SetBack.After, mendLimit)
	if err != nil {
		return err
	}
	i.Metrics.CRMDiverged.Set(float64(len(due)))
	if fresh := len(due) != i.diverged; i.settings.DryRun && fresh {
		i.Log.Info("leads that are to be set back in the CRM are left as they are: it is a dry run", "leads", len(due))
	}
	i.diverged = len(due)
	due = slices.DeleteFunc(due, func(k crm.Known) bool { return k.Diverged.Add(i.settings.SetBack.After).After(i.reading.whole) })
	if i.settings.DryRun || len(due) == 0 {
		return nil
	}
	due = i.reading.turn(due)
	var records, leads []string
	for _, k := range due {
		records, leads = append(records, k.Record), append(leads, k.Lead)
	}
	page, err := i.system.Fetch(ctx, records)
	if err != nil {
		return err
	}
	if err := i.take(ctx, page, "setBack", ledger.CRMIntake{}); err != nil {
		return err
	}
	in, err := i.undoing(ctx, page, leads)
	if err != nil {
		return err
	}
	if err := i.write(ctx, in); err != nil {
		return err
	}
	i.Metrics.CRMSetBacks.WithLabelValues("setBack").Add(float64(len(in.Undo)))
	for _, u := range in.Undo {
		i.Log.Info("a lead is set back in the CRM", "lead", u.Lead, "record", u.Record)
	}
	i.Metrics.CRMSetBacks.WithLabelValues("stopped").Add(float64(len(in.Stopped)))
	for _, u := range in.Stopped {
		i.Log.Warn("a lead is not set back any more: something keeps undoing it; then kubectl sla crm resume", "lead", u.Lead, "record", u.Record)
	}
	return nil
}

// turn is those whose turn it is, of what is due: some may stay so for long, as those that cannot be fetched, and hold up no other.
func (p *crmProgress) turn(due []crm.Known) []crm.Known {
	from := slices.IndexFunc(due, func(k crm.Known) bool { return k.Record == p.looked.Record }) + 1
	if from == 0 {
		from = slices.IndexFunc(due, func(k crm.Known) bool { return k.Diverged.After(p.looked.Diverged) })
	}
	if from < 0 || from >= len(due) {
		from = 0
	}
	due = due[from:min(from+mendBatch, len(due))]
	p.looked = due[len(due)-1]
	return due
}

// undoing decides about records that were fetched just now. Leads of which the ledger has news wait: it may be about to agree.
func (i *crmIntake) undoing(ctx context.Context, page crm.Page, leads []string) (in ledger.CRMIntake, err error) {
	waiting, err := i.ledger.Waiting(ctx, leads)
	if err != nil {
		return in, err
	}
	known, err := i.ledger.CRMKnown(ctx, recordsOf(crm.Page{Records: page.Records}))
	if err != nil {
		return in, err
	}
	standings, err := i.standings(ctx, page.Records, known)
	if err != nil {
		return in, err
	}
	for _, r := range page.Records {
		k, is := known[r.ID]
		// What is older than what is known says nothing; what is newer could not be taken, or comes.
		if !is || !k.Modified.Equal(r.Modified.Truncate(time.Microsecond)) || k.Modified.Before(k.WroteAt) || slices.Contains(waiting, k.Lead) {
			continue
		}
		u, stop, needed := crm.Undoing(k, standings[k.Lead], i.settings.Mapping, i.pair.Bundle.Lead.Dispositions, i.settings.SetBack.Limit, i.Now())
		switch {
		case !needed || k.Diverged.After(i.Now().Add(-i.settings.SetBack.After)):
		case stop:
			in.Stopped = append(in.Stopped, u)
		default:
			in.Undo = append(in.Undo, u)
		}
	}
	return in, nil
}

// fieldsStream is the position of reading everything again, for fields that are new. Its id begins with a digest of them.
const fieldsStream crm.Stream = "fields"

// fieldsDone stands for the id of a record once all were read.
const fieldsDone = "*"

// crmFields is where this replica is in it.
type crmFields struct {
	digest string
	stored crm.Position
	from   crm.Position
	done   bool
	read   int
}

// fields reads all leads again, a page at a time and beside the changes, once the definition or the mapping has a field that was not read before.
func (i *crmIntake) fields(ctx context.Context) (more bool, err error) {
	digest := digestOf(i.settings, i.pair)
	f := i.reading.fields
	if f == nil || f.digest != digest {
		if f, err = i.beginFields(ctx, digest); err != nil {
			return false, err
		}
		i.reading.fields = f
	}
	if f.done {
		return false, nil
	}
	page, err := i.system.Read(ctx, crm.Leads, f.from)
	if err != nil {
		return false, err
	}
	to := crm.Position{Time: page.Next.Time, ID: digest + ":" + page.Next.ID}
	over := !page.More || !after(page.Next, f.from)
	if over {
		to.ID = digest + ":" + fieldsDone
	}
	if err := i.take(ctx, page, string(fieldsStream), ledger.CRMIntake{Stream: fieldsStream, From: f.stored, To: to}); err != nil {
		return false, err
	}
	f.stored, f.from, f.done, f.read = to, page.Next, over, f.read+len(page.Records)
	if over {
		i.Log.Info("the CRM was read again for other fields", "read", f.read)
	}
	return !over, nil
}

// beginFields goes on where it was, or begins anew. Of a CRM that nothing was read of, everything is read with these fields anyway.
func (i *crmIntake) beginFields(ctx context.Context, digest string) (*crmFields, error) {
	f := &crmFields{digest: digest}
	var err error
	if f.stored, err = i.ledger.CRMPosition(ctx, fieldsStream); err != nil {
		return nil, err
	}
	if of, id, _ := strings.Cut(f.stored.ID, ":"); of == digest {
		f.done = id == fieldsDone
		f.from = crm.Position{Time: f.stored.Time, ID: id}
		return f, nil
	}
	leads, err := i.ledger.CRMPosition(ctx, crm.Leads)
	if err != nil || leads != (crm.Position{}) {
		return f, err
	}
	done := crm.Position{ID: digest + ":" + fieldsDone}
	err = i.write(ctx, ledger.CRMIntake{Stream: fieldsStream, From: f.stored, To: done})
	f.stored, f.done = done, true
	return f, err
}

// digestOf the fields that are read.
func digestOf(s crm.Settings, pair *Pair) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(crm.ReadFields(s, pair.Bundle.Lead))), " ")))
	return hex.EncodeToString(sum[:8])
}
