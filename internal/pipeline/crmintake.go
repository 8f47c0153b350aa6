// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// crmIntake is what one step reads with.
type crmIntake struct {
	*CRMReader
	ledger    CRMLedger
	system    crm.System
	settings  crm.Settings
	pair      *Pair
	checker   CRMChecker
	reflector *crm.Reflector
}

func newCRMIntake(c *CRMReader, l CRMLedger, system crm.System, settings crm.Settings, account string) *crmIntake {
	pair := c.Pairs.Current()
	return &crmIntake{
		CRMReader: c, ledger: l, system: system, settings: settings, pair: pair, checker: c.Checker(pair),
		reflector: crm.NewReflector(account, settings, pair.Bundle.Lead),
	}
}

// unit is what follows from one thing that was read: it goes into the ledger as a whole.
type unit struct {
	entries []ledger.Entry
	known   *crm.Known // nil where nothing is known but what was
	off     bool       // it is not to be set back any more
}

func (u unit) ids() (ids []string) {
	for _, e := range u.entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// take writes what follows from a page. The position of its stream moves with the last of it; where there is nothing to write and it stays, nothing is.
func (i *crmIntake) take(ctx context.Context, page crm.Page, what string, in ledger.CRMIntake) error {
	i.Metrics.CRMRead.WithLabelValues(what).Add(float64(len(page.Records) + len(page.Touches) + len(page.Deals)))
	units, err := i.units(ctx, page)
	if err != nil {
		return err
	}
	for {
		n, events := 0, 0
		for n < len(units) && (n == 0 || events+len(units[n].entries) <= intakeBatch) && n < intakeBatch {
			events += len(units[n].entries)
			n++
		}
		part := ledger.CRMIntake{Stream: in.Stream, From: in.From, To: in.From}
		if n == len(units) {
			part.To, part.Hints = in.To, in.Hints
		}
		for _, u := range units[:n] {
			part.Entries = append(part.Entries, u.entries...)
			if u.known != nil { // the latest counts of a record that comes twice
				if u.off {
					part.Off = append(part.Off, u.known.Record)
				}
				part.Known = append(slices.DeleteFunc(part.Known, func(k crm.Known) bool { return k.Record == u.known.Record }), *u.known)
			}
		}
		if err := i.write(ctx, part); err != nil {
			return err
		}
		for _, u := range units[:n] {
			if u.known == nil {
				i.reading.taken.add(u.ids())
			}
		}
		if units = units[n:]; len(units) == 0 {
			return nil
		}
	}
}

func (i *crmIntake) write(ctx context.Context, in ledger.CRMIntake) error {
	if len(in.Entries)+len(in.Known)+len(in.Hints)+len(in.Undo)+len(in.Stopped) == 0 && in.From == in.To {
		return nil
	}
	outcomes, err := i.ledger.TakeIn(ctx, in)
	if err != nil {
		return err
	}
	for n, outcome := range outcomes {
		i.Metrics.CRMEvents.WithLabelValues(string(in.Entries[n].Kind), strings.ToLower(string(outcome))).Inc()
	}
	return nil
}

// units of what was read, in the order in which it was.
func (i *crmIntake) units(ctx context.Context, page crm.Page) ([]unit, error) {
	known, err := i.ledger.CRMKnown(ctx, recordsOf(page))
	if err != nil {
		return nil, err
	}
	var units []unit
	for _, d := range page.Deals {
		told, problems := i.reflector.Deal(d, known, i.Now())
		i.unfit(problems)
		units = i.append(units, told, crm.Known{}, nil)
	}
	for _, t := range page.Touches {
		units = i.append(units, i.reflector.Touch(t, known, i.Now()), crm.Known{}, nil)
	}
	standings, err := i.standings(ctx, page.Records, known)
	if err != nil {
		return nil, err
	}
	for _, r := range page.Records {
		in := crm.ReflectInput{Record: r, Standing: standings[crm.HolderOf(r.ID, known).Lead], Merged: map[string]string{}, Now: i.Now()}
		if k, is := known[r.ID]; is {
			in.Known = &k
		}
		for _, other := range r.Merged {
			if k, is := known[other]; is {
				in.Merged[other] = k.Lead
			}
		}
		out := i.reflector.Reflect(in)
		i.unfit(out.Problems)
		if !out.News && len(out.Events) == 0 {
			continue
		}
		units = i.append(units, out.Events, known[r.ID], &out.Known)
		units[len(units)-1].off = crm.CalledOff(known[r.ID], out.Known, i.settings.Mapping)
		known[r.ID] = out.Known // the same record may come twice
	}
	for id, gone := range page.Gone {
		if k, is := known[id]; is && k.Gone != gone {
			vanished := k.Vanished(gone)
			units = append(units, unit{known: &vanished})
		}
	}
	return units, nil
}

// append what was told, as far as the ledger takes it, and what is known of its record now.
func (i *crmIntake) append(units []unit, told []crm.Told, before crm.Known, known *crm.Known) []unit {
	u := unit{known: known}
	for _, t := range told {
		if known == nil && i.reading.taken.has(t.ID) {
			continue
		}
		entries, left, err := i.fit(t)
		if err != nil {
			i.Metrics.CRMEvents.WithLabelValues(string(t.Kind), "invalid").Inc()
			i.Log.Warn("what the CRM shows makes no event", "kind", string(t.Kind), "id", t.ID, "error", err.Error())
			continue
		}
		i.leftOut(t, left, before, known)
		u.entries = append(u.entries, entries...)
	}
	if u.known == nil && len(u.entries) == 0 {
		return units
	}
	return append(units, u)
}

func (i *crmIntake) unfit(problems []crm.Unfit) {
	for _, p := range problems {
		i.Metrics.CRMUnfit.WithLabelValues(p.Field).Inc()
	}
}

// standings of the leads of records, as the pair sees them that judges each.
func (i *crmIntake) standings(ctx context.Context, records []crm.Record, known map[string]crm.Known) (map[string]crm.Standing, error) {
	var leads []string
	for _, r := range records {
		leads = append(leads, crm.HolderOf(r.ID, known).Lead)
	}
	return i.standingsOf(ctx, leads)
}

func (i *crmIntake) standingsOf(ctx context.Context, leads []string) (map[string]crm.Standing, error) {
	if len(leads) == 0 {
		return nil, nil
	}
	all, err := i.ledger.CRMStandings(ctx, leads)
	if err != nil {
		return nil, err
	}
	standings := make(map[string]crm.Standing, len(all))
	for id, s := range all {
		pair := i.pair
		if s.JudgedBy != 0 {
			if pair, err = i.Pairs.Of(ctx, i.ledger, s.JudgedBy); err != nil {
				return nil, err
			}
		}
		s.Enforced = !pair.Bundle.SLA.Observes()
		if s.Disposition != nil {
			codes := pair.Bundle.Lead.Dispositions
			if n := slices.IndexFunc(codes, func(d lead.Disposition) bool { return d.Name == s.Disposition.Code }); n >= 0 {
				s.Disposition.Status = codes[n].Status
			}
		}
		standings[id] = s.Standing
	}
	return standings, nil
}

// recordsOf are the ids that a page names.
func recordsOf(page crm.Page) []string {
	ids := map[string]bool{}
	for _, r := range page.Records {
		ids[r.ID] = true
		for _, other := range r.Merged {
			ids[other] = true
		}
	}
	for _, t := range page.Touches {
		for _, id := range t.Records {
			ids[id] = true
		}
	}
	for _, d := range page.Deals {
		for _, id := range d.Records {
			ids[id] = true
		}
	}
	for id := range page.Gone {
		ids[id] = true
	}
	return slices.Sorted(maps.Keys(ids))
}
