// SPDX-License-Identifier: Apache-2.0

package events

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// What members with a closed set of values may hold. docs/events/*.schema.json publish the same.
var (
	channels   = []string{"Phone", "Email", "Meeting", "Social", "Message"}
	directions = []string{"Outbound", "Inbound"}
	actors     = []string{"Human", "Automated"}
	outcomes   = []string{string(lead.Accepted), string(lead.Recycled), string(lead.Disqualified)}
	rulings    = []string{string(lead.ContestOpened), string(lead.ContestUpheld), string(lead.ContestOverturned)}
	parties    = []string{"Marketing", "Sales"}
	dealStates = []string{string(lead.DealOpen), string(lead.DealWon), string(lead.DealLost)}
	categories = []string{"Timing", "Budget", "Authority", "Need", "Fit", "Data", "Intent", "Competitor", "Other"}
	scopes     = []string{string(lead.ScopeContact), string(lead.ScopeAccount)}
)

// maxAmount of a deal, in whole units of its currency: what is larger is a slip.
const maxAmount = 1e12

// take reads the members of one kind into the data.
type take func(c *Checker, r *reader, d *ledger.Data)

// takers of the kinds. A kind without one is not taken.
var takers = map[lead.Kind]take{
	lead.KindCaptured: takeProperties,
	lead.KindUpdated:  takeProperties,
	lead.KindActivity: func(_ *Checker, r *reader, d *ledger.Data) {
		d.Activity = r.text("activity", true)
		d.Properties = r.object("properties", false)
	},
	lead.KindAssigned:    func(_ *Checker, r *reader, d *ledger.Data) { d.Owner = r.text("owner", true) },
	lead.KindTouch:       takeTouch,
	lead.KindDisposition: takeDisposition,
	lead.KindQualified: func(_ *Checker, r *reader, d *ledger.Data) {
		d.By = r.text("by", false)
		d.Qualification = r.object("qualification", true)
		r.note(qualification(d.Qualification))
	},
	lead.KindAccepted:    func(_ *Checker, r *reader, d *ledger.Data) { d.By = r.text("by", false) },
	lead.KindContested:   takeContest,
	lead.KindOpportunity: takeOpportunity,
	lead.KindFeedback:    takeFeedback,
	lead.KindOptedOut:    takeScope,
	lead.KindReinstated:  takeScope,
	lead.KindMerged:      takeMerged,
}

// data checks the data of an event, and keeps the members that its kind has; others are ignored.
func (c *Checker) data(e ledger.Entry, text json.RawMessage, now time.Time) (ledger.Data, error) {
	taker, known := takers[e.Kind]
	if !known {
		return ledger.Data{}, wrong("type", "unknown; it should be %s and one of %s", TypePrefix, strings.Join(kinds(), ", "))
	}
	if len(text) > maxData {
		return ledger.Data{}, wrong("data", "has %d bytes; at most %d are allowed", len(text), maxData)
	}
	members, err := object(text)
	if err != nil {
		return ledger.Data{}, err
	}
	r := &reader{members: members, lead: e.Lead, now: now}
	var d ledger.Data
	taker(c, r, &d)
	return d, r.err
}

func takeProperties(c *Checker, r *reader, d *ledger.Data) {
	d.Properties = r.object("properties", true)
	r.note(c.coerce(d.Properties))
}

func takeTouch(_ *Checker, r *reader, d *ledger.Data) {
	d.Rep = r.text("rep", false)
	d.Channel = r.oneOf("channel", true, channels)
	d.Direction = r.oneOf("direction", true, directions)
	d.Actor = r.oneOf("actor", true, actors)
	d.Answered = r.boolean("answered")
	d.TwoWay = r.boolean("twoWay")
	d.LoggedAt = r.time("loggedAt")
}

func takeDisposition(c *Checker, r *reader, d *ledger.Data) {
	d.Outcome = lead.Outcome(r.oneOf("outcome", false, outcomes))
	d.Reason = r.text("reason", false)
	d.By = r.text("by", false)
	if _, known := c.codes[d.Reason]; d.Outcome == "" && !known {
		r.note(wrong("data.outcome", "missing: it may be left out only when reason is a code of the definition; it should be one of %s",
			strings.Join(outcomes, ", ")))
	}
}

// takeContest holds to the agreement: marketing disputes, and what becomes of it is for both.
func takeContest(_ *Checker, r *reader, d *ledger.Data) {
	d.Ruling = lead.Ruling(r.oneOf("ruling", true, rulings))
	d.Parties = r.texts("parties", parties)
	d.Reason = r.text("reason", false)
	switch {
	case r.err != nil:
	case d.Ruling == lead.ContestOpened && !slices.Equal(d.Parties, parties[:1]):
		r.note(wrong("data.parties", `should be ["Marketing"]: it is marketing that disputes a rejection`))
	case d.Ruling != lead.ContestOpened && len(d.Parties) != len(parties):
		r.note(wrong("data.parties", `should be ["Marketing", "Sales"]: both resolve a dispute`))
	}
}

func takeOpportunity(_ *Checker, r *reader, d *ledger.Data) {
	d.Opportunity = r.text("opportunity", true)
	d.State = lead.DealState(r.oneOf("state", true, dealStates))
	d.Amount = r.number("amount", 0, maxAmount)
	d.Currency = r.text("currency", false)
	upper := !strings.ContainsFunc(d.Currency, func(c rune) bool { return c < 'A' || c > 'Z' })
	if d.Currency != "" && (len(d.Currency) != 3 || !upper) {
		r.note(wrong("data.currency", "should be the three letters of ISO 4217, such as USD"))
	}
}

// takeFeedback asks for something that can be counted: a comment alone is an anecdote.
func takeFeedback(_ *Checker, r *reader, d *ledger.Data) {
	rating := r.number("rating", 1, 5)
	d.Rating = int(rating)
	if float64(d.Rating) != rating {
		r.note(wrong("data.rating", "should be a whole number from 1 to 5"))
	}
	d.Categories = r.texts("categories", categories)
	d.Comment = r.longText("comment")
	d.By = r.text("by", false)
	if r.err == nil && d.Rating == 0 && len(d.Categories) == 0 {
		r.note(wrong("data.categories", "missing: feedback has a rating or at least one category; it should be one of %s",
			strings.Join(categories, ", ")))
	}
}

func takeScope(_ *Checker, r *reader, d *ledger.Data) {
	d.Scope = lead.Scope(r.oneOf("scope", false, scopes))
	d.Reason = r.text("reason", false)
	d.By = r.text("by", false)
}

func takeMerged(_ *Checker, r *reader, d *ledger.Data) {
	d.Merged = r.text("merged", true)
	switch {
	case r.err != nil:
	case utf8.RuneCountInString(d.Merged) > maxSubject || strings.ContainsFunc(d.Merged, unicode.IsSpace):
		r.note(wrong("data.merged", "should be a lead's id: 1 to %d characters without white space", maxSubject))
	case d.Merged == r.lead:
		r.note(wrong("data.merged", "is the lead itself; the subject is the lead that stays, `merged` the one that it takes in"))
	}
}
