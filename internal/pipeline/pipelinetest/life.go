// SPDX-License-Identifier: Apache-2.0

package pipelinetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Source of the events of a Life.
const Source = "/lives"

// Begin is when the first lives begin: long ago, so that no clock of theirs ends while a test runs.
var Begin = time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)

// Life is what happens to one lead: it comes in, looks around, is worked by sales, and comes to an end or back. Every kind of event but
// `merged`, which is about two leads, may be in it, and rejections without a code, which are refused. Its events are in the order of their times, and no
// two have the same.
func Life(r *rand.Rand, id string) []ledger.Entry {
	l := life{r: r, id: id, at: Begin.Add(time.Duration(r.IntN(60*24)) * time.Hour).Add(time.Duration(r.IntN(3600)) * time.Second)}
	l.add(lead.KindCaptured, ledger.Data{Properties: l.properties()})
	for range r.IntN(5) {
		l.interest()
	}
	if r.IntN(4) > 0 {
		l.add(lead.KindActivity, ledger.Data{Activity: "FormSubmit"})
	}
	for range r.IntN(10) {
		l.sales()
	}
	return l.entries
}

// Lives of several leads, each together.
func Lives(r *rand.Rand, prefix string, leads int) [][]ledger.Entry {
	all := make([][]ledger.Entry, leads)
	for i := range all {
		all[i] = Life(r, fmt.Sprintf("%s-%d", prefix, i+1))
	}
	return all
}

type life struct {
	r       *rand.Rand
	id      string
	at      time.Time
	entries []ledger.Entry
}

func (l *life) add(kind lead.Kind, data ledger.Data) {
	l.entries = append(l.entries, ledger.Entry{
		Source: Source, ID: fmt.Sprintf("%s/%d", l.id, len(l.entries)+1), Lead: l.id, Kind: kind, Time: l.at, Data: data,
	})
	l.at = l.at.Add(time.Duration(1+l.r.IntN(2000)) * time.Minute / 10)
}

func (l *life) chance(oneIn int) bool { return l.r.IntN(oneIn) == 0 }

func pick[T any](l *life, from ...T) T { return from[l.r.IntN(len(from))] }

func (l *life) properties() map[string]any {
	properties := map[string]any{"numberofemployees": float64(l.r.IntN(200))}
	if !l.chance(5) {
		properties["company"] = pick(l, "Acme", "Initech", "Globex")
	}
	return properties
}

func (l *life) interest() {
	switch l.r.IntN(4) {
	case 0:
		l.add(lead.KindUpdated, ledger.Data{Properties: l.properties()})
	case 1:
		l.add(lead.KindActivity, ledger.Data{Activity: "PageView", Properties: map[string]any{"path": "/blog"}})
	default:
		l.add(lead.KindActivity, ledger.Data{Activity: "PageView", Properties: map[string]any{"path": "/pricing/teams"}})
	}
}

func (l *life) sales() {
	const rep = "rep-1@acme.example"
	both := []string{"Marketing", "Sales"}
	switch l.r.IntN(15) {
	case 0:
		l.add(lead.KindAssigned, ledger.Data{Owner: pick(l, rep, "rep-2@acme.example")})
	case 1, 2, 3:
		data := ledger.Data{
			Rep: rep, Channel: pick(l, "Phone", "Email", "Meeting"), Direction: pick(l, "Outbound", "Inbound"),
			Actor: pick(l, "Human", "Human", "Automated"), Answered: l.chance(2), TwoWay: l.chance(3),
		}
		if l.chance(4) {
			data.LoggedAt = new(l.at.Add(time.Duration(l.r.IntN(48)) * time.Hour))
		}
		l.add(lead.KindTouch, data)
	case 4, 5:
		l.add(lead.KindDisposition, ledger.Data{Reason: pick(l, "SQL", "BadTiming", "NoAnswer", "NoFit"), By: rep})
	case 6:
		l.add(lead.KindContested, ledger.Data{Ruling: lead.ContestOpened, Parties: both[:1]})
	case 7:
		l.add(lead.KindContested, ledger.Data{Ruling: pick(l, lead.ContestUpheld, lead.ContestOverturned), Parties: both})
	case 8:
		l.add(lead.KindAccepted, ledger.Data{By: rep})
	case 9:
		l.add(lead.KindQualified, ledger.Data{By: rep, Qualification: map[string]any{"need": "Confirmed"}})
	case 10:
		l.add(lead.KindOpportunity, ledger.Data{
			Opportunity: pick(l, "deal-1", "deal-2"), State: pick(l, lead.DealOpen, lead.DealWon, lead.DealLost), Amount: 5000, Currency: "USD",
		})
	case 11:
		l.add(lead.KindFeedback, ledger.Data{Rating: 1 + l.r.IntN(5), Categories: []string{"Timing"}, By: rep})
	case 12:
		l.add(pick(l, lead.KindOptedOut, lead.KindReinstated), ledger.Data{Scope: lead.ScopeContact})
	case 13:
		l.careless(rep)
	default:
		l.add(lead.KindActivity, ledger.Data{Activity: "FormSubmit"})
	}
}

// careless gives the lead back without a code, perhaps more than once, which is refused; and then, as it should be, with one.
func (l *life) careless(rep string) {
	for range 1 + l.r.IntN(2) {
		l.add(lead.KindDisposition, ledger.Data{Outcome: pick(l, lead.Recycled, lead.Disqualified), By: rep})
		l.entries[len(l.entries)-1].Refused = true // as ingest decides it under these terms
	}
	if !l.chance(4) {
		l.add(lead.KindDisposition, ledger.Data{Reason: pick(l, "BadTiming", "NoFit"), By: rep})
	}
}
