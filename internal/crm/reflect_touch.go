// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Holder is whose an engagement or a deal is: a record, as far as it is known.
type Holder struct {
	Lead  string
	Known *Known // nil while the record was never read
}

// HolderOf a record of which the ledger knows something, or nothing yet: then it is a lead by its own id, which comes in when it is read.
func HolderOf(record string, known map[string]Known) Holder {
	if k, is := known[record]; is {
		return Holder{Lead: k.Lead, Known: &k}
	}
	return Holder{Lead: record}
}

// mergeMargin before a merge was noticed is when an engagement may not have been read under its old record yet.
const mergeMargin = 10 * time.Minute

// Touch tells of an engagement, once for each lead that it belongs to. When records are merged, the CRM moves their engagements: those that were on
// record long before have been told of the old one, whose events are the survivor's.
func (r *Reflector) Touch(t Touch, known map[string]Known, now time.Time) []Told {
	var all []Told
	for _, record := range distinct(t.Records) {
		h := HolderOf(record, known)
		if h.Known != nil && h.Known.tookInAfter(latest(t.Time, t.Logged)) {
			continue
		}
		data := map[string]any{
			"channel": t.Channel, "direction": t.Direction, "actor": t.Actor, "answered": t.Answered, "twoWay": t.TwoWay,
		}
		if t.Rep != "" {
			data["rep"] = t.Rep
		}
		if t.Logged.After(t.Time) {
			data["loggedAt"] = stamp(within(t.Logged, now))
		}
		all = append(all, Told{
			Source: r.source, ID: string(t.Stream) + "/" + t.ID + "/" + record, Kind: lead.KindTouch, Lead: h.Lead, Time: within(t.Time, now), Data: data,
		})
	}
	return all
}

// Deal tells how a deal stands, once for each lead that it came of.
func (r *Reflector) Deal(d Deal, known map[string]Known, now time.Time) ([]Told, []Unfit) {
	var all []Told
	var problems []Unfit
	for _, record := range distinct(d.Records) {
		data := map[string]any{"opportunity": d.ID, "state": d.State}
		switch {
		case d.Amount < 0 || d.Amount > maxAmount:
			problems = append(problems, Unfit{"amount", "holds an amount below 0 or above 10^12"})
		case d.Amount > 0:
			data["amount"] = d.Amount
		}
		if d.Currency != "" {
			data["currency"] = d.Currency
		}
		all = append(all, r.told(string(Deals)+"/"+d.ID+"/"+record, lead.KindOpportunity, HolderOf(record, known).Lead, d.Modified, data, now))
	}
	return all, problems
}

// maxAmount of a deal that the ledger takes.
const maxAmount = 1e12

// tookInAfter says whether a record took in another one well after a time.
func (k Known) tookInAfter(at time.Time) bool {
	for key, noticed := range k.Hashes {
		if len(key) <= len(hashMerged) || key[:len(hashMerged)] != hashMerged || noticed == longGone {
			continue
		}
		if when, err := time.Parse(time.RFC3339Nano, noticed); err == nil && at.Before(when.Add(-mergeMargin)) {
			return true
		}
	}
	return false
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// distinct ids, in order.
func distinct(ids []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// Vanished is what is known of a record that the CRM has no more, or does not let anybody write.
func (k Known) Vanished(gone Gone) Known {
	k.Gone, k.Diverged, k.Stopped = gone, time.Time{}, time.Time{}
	return k
}
