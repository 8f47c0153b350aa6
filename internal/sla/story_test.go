// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

// matrix is the disposition matrix that the definition's documentation gives.
var matrix = []lead.Disposition{
	{Name: "AcceptAsSQL", Outcome: lead.Accepted, Status: "Sales Accepted Lead"},
	{Name: "BadTiming", Outcome: lead.Recycled, MinAttempts: 5, Status: "Nurture", Reentry: &lead.Reentry{After: 90 * 24 * time.Hour}},
	{
		Name: "NoResponse", Outcome: lead.Recycled, FullCadence: lead.FullCadenceRequired, Status: "Nurture",
		Reentry: &lead.Reentry{After: 30 * 24 * time.Hour, ScoreDelta: -20},
	},
	{Name: "StakeholderChange", Outcome: lead.Recycled, Status: "Re-map", Reentry: &lead.Reentry{NewContact: lead.NewContactRequired}},
	{Name: "NotICP", Outcome: lead.Disqualified, Status: "Disqualified", Suppress: lead.ScopeAccount},
	{Name: "InvalidContact", Outcome: lead.Disqualified, Status: "Disqualified", Suppress: lead.ScopeContact},
}

// persistentTerms ask sales for everything.
func persistentTerms() Terms {
	terms := fullTerms()
	terms.Sales.Acceptance = &Acceptance{Within: 24 * time.Hour, TargetPercent: 90}
	terms.Sales.FollowUp = &FollowUp{Attempts: 6, MinSpan: 10 * 24 * time.Hour, Within: 14 * 24 * time.Hour, Channels: 2, TargetPercent: 90}
	terms.Sales.Feedback = &Share{TargetPercent: 50}
	return terms
}

// told is one event of a story: "02-03 10:00 call", in New York in 2027.
func told(t *testing.T, line string) lead.Event {
	t.Helper()
	stamp, what := line[:11], line[12:]
	at := local(t, newYork, "2027-"+stamp)
	touch := func(channel, direction, actor string) lead.Event {
		return lead.Event{Kind: lead.KindTouch, Time: at, Touch: &lead.Touch{Channel: channel, Direction: direction, Actor: actor}}
	}
	code, coded := strings.CutPrefix(what, "code ")
	bare, uncoded := strings.CutPrefix(what, "outcome ")
	switch {
	case coded:
		return disposedAt(at, "", code)
	case uncoded:
		return disposedAt(at, lead.Outcome(bare), "")
	}
	switch what {
	case "owned":
		return lead.Event{Kind: lead.KindAssigned, Time: at, Owner: "rep-1"}
	case "call":
		return touch("Phone", "Outbound", "Human")
	case "mail":
		return touch("Email", "Outbound", "Human")
	case "step":
		return touch("Email", "Outbound", "Automated")
	case "social":
		return touch("Social", "Outbound", "Human")
	case "reply":
		e := touch("Email", "Inbound", "Human")
		e.Touch.TwoWay = true
		return e
	case "meeting":
		return touch("Meeting", "Outbound", "Human")
	case "mail logged late":
		return loggedAt(touch("Email", "Outbound", "Human"), at.Add(25*time.Hour))
	case "accepted":
		return lead.Event{Kind: lead.KindAccepted, Time: at}
	case "bant":
		return lead.Event{Kind: lead.KindQualified, Time: at, Qualification: map[string]any{"budget": true}}
	case "deal":
		return lead.Event{Kind: lead.KindOpportunity, Time: at, Opportunity: &lead.Opportunity{ID: "deal-1", State: lead.DealOpen}}
	case "feedback":
		return lead.Event{Kind: lead.KindFeedback, Time: at, Feedback: &lead.Feedback{Rating: 2, Categories: []string{"Fit"}}}
	case "comment":
		return lead.Event{Kind: lead.KindFeedback, Time: at, Feedback: &lead.Feedback{Comment: "bad"}}
	case "opt-out":
		return optedOut(at, "")
	case "reinstated":
		return reinstated(at, "")
	case "opened":
		return contested(at, lead.ContestOpened)
	case "upheld":
		return contested(at, lead.ContestUpheld)
	case "overturned":
		return contested(at, lead.ContestOverturned)
	}
	t.Fatalf("nobody knows what %q is", what)
	return lead.Event{}
}

// cadence is six attempts over ten days and two channels, complete on 30 January at 10:30.
func cadence() []string {
	return []string{"01-20 10:30 call", "01-21 10:30 step", "01-22 10:30 call", "01-25 10:30 call", "01-28 10:30 mail", "01-30 10:30 call"}
}

func story(parts ...[]string) []string { return slices.Concat(parts...) }

// standings of clauses in a story about a lead that was handed off and owned on Wednesday 20 January 2027 at ten.
func standings(t *testing.T, c *Compiled, stamps Stamps, events []lead.Event, now string, about ...Clause) []string {
	t.Helper()
	var all []string
	for _, o := range Obligations(c, FactsOf(stamps, matrix, events), local(t, newYork, now)) {
		if !slices.Contains(about, o.Clause) {
			continue
		}
		text := fmt.Sprintf("%s %s", o.Clause, o.State)
		if !o.Stop.IsZero() {
			text += " " + o.Stop.In(c.Hours().Location()).Format("01-02 15:04")
		}
		all = append(all, text)
	}
	return all
}

func handedOff(t *testing.T) Stamps {
	t.Helper()
	at := local(t, newYork, "2027-01-20 10:00")
	return Stamps{Reached: &Reached{At: at}, Qualified: &Qualified{At: at, Intent: "Standard", MetThreshold: true}}
}

func TestStories(t *testing.T) {
	const early, late = "2027-01-21 09:59", "2027-04-01 10:00"
	owned := []string{"01-20 10:00 owned"}
	cases := map[string]struct {
		clause Clause
		story  []string // after the lead was handed off
		now    string   // long after all of it when empty
		want   string   // nothing when the clause does not apply
	}{
		"nobody owns it":                     {ClauseAcceptance, nil, "", ""},
		"it waits to be taken":               {ClauseAcceptance, owned, early, "acceptance Open"},
		"nobody takes it":                    {ClauseAcceptance, owned, "", "acceptance Missed"},
		"taken in time":                      {ClauseAcceptance, story(owned, []string{"01-21 10:00 accepted"}), "", "acceptance Met 01-21 10:00"},
		"taken late":                         {ClauseAcceptance, story(owned, []string{"01-21 10:01 accepted"}), "", "acceptance Missed 01-21 10:01"},
		"taken by its disposition":           {ClauseAcceptance, story(owned, []string{"01-20 11:00 code AcceptAsSQL"}), "", "acceptance Met 01-20 11:00"},
		"taken without a code":               {ClauseAcceptance, story(owned, []string{"01-20 11:00 outcome Accepted"}), "", "acceptance Met 01-20 11:00"},
		"rejected with a code":               {ClauseAcceptance, story(owned, []string{"01-20 11:00 code NotICP"}), "", "acceptance Met 01-20 11:00"},
		"rejected without a code":            {ClauseAcceptance, story(owned, []string{"01-20 11:00 outcome Disqualified"}), "", "acceptance Missed"},
		"rejected, the code came afterwards": {ClauseAcceptance, story(owned, []string{"01-20 11:00 outcome Recycled", "01-20 12:00 code StakeholderChange"}), "", "acceptance Met 01-20 12:00"},
		"too few attempts for the code":      {ClauseAcceptance, story(owned, []string{"01-20 11:00 call", "01-20 12:00 code BadTiming"}), "", "acceptance Missed"},
		"no cadence for the code":            {ClauseAcceptance, story(owned, []string{"01-20 11:00 call", "01-20 12:00 code NoResponse"}), "", "acceptance Missed"},
		"rejected and overturned":            {ClauseAcceptance, story(owned, []string{"01-20 11:00 code NotICP", "01-20 12:00 overturned"}), "", "acceptance Missed"},
		"rejected and upheld":                {ClauseAcceptance, story(owned, []string{"01-20 11:00 code NotICP", "01-20 12:00 opened", "01-20 13:00 upheld"}), "", "acceptance Met 01-20 11:00"},
		"it opts out":                        {ClauseAcceptance, story(owned, []string{"01-20 11:00 opt-out"}), "", "acceptance Excused 01-20 11:00"},
		"it opts out, and is taken":          {ClauseAcceptance, story(owned, []string{"01-20 11:00 opt-out", "01-20 12:00 accepted"}), "", "acceptance Met 01-20 12:00"},
		"it opts out too late":               {ClauseAcceptance, story(owned, []string{"01-21 10:00 opt-out"}), "", "acceptance Missed"},
		"it opts out before it is owned":     {ClauseAcceptance, []string{"01-20 10:00 opt-out", "01-20 10:30 owned"}, "", "acceptance Excused 01-20 10:30"},
		"taken before it is owned":           {ClauseAcceptance, []string{"01-20 10:10 accepted", "01-20 10:30 owned"}, "", "acceptance Met 01-20 10:10"},

		"nothing was tried yet":             {ClauseFollowUp, owned, early, "followUp Open"},
		"nothing was tried":                 {ClauseFollowUp, owned, "", "followUp Missed"},
		"the whole cadence":                 {ClauseFollowUp, story(owned, cadence()), "", "followUp Met 01-30 10:30"},
		"the cadence, then no response":     {ClauseFollowUp, story(owned, cadence(), []string{"02-01 10:00 code NoResponse"}), "", "followUp Met 01-30 10:30"},
		"no response at its last step":      {ClauseFollowUp, story(owned, cadence(), []string{"01-30 10:30 code NoResponse"}), "", "followUp Met 01-30 10:30"},
		"no response a day early":           {ClauseFollowUp, story(owned, cadence(), []string{"01-29 10:30 code NoResponse"}), "", "followUp Missed 01-29 10:30"},
		"given up, then tried all the same": {ClauseFollowUp, story(owned, []string{"01-21 09:00 code NoResponse"}, cadence()), "", "followUp Missed 01-21 09:00"},
		"given up without a code":           {ClauseFollowUp, story(owned, cadence()[:3], []string{"01-23 09:00 outcome Recycled"}), "", "followUp Missed 01-23 09:00"},
		"dropped without a code":            {ClauseFollowUp, story(owned, []string{"01-23 09:00 outcome Disqualified"}), "", "followUp Missed 01-23 09:00"},
		"given up after the window":         {ClauseFollowUp, story(owned, cadence()[:2], []string{"02-05 09:00 code NoResponse"}), "", "followUp Missed 02-05 09:00"},
		"six attempts in a week":            {ClauseFollowUp, story(owned, cadence()[:5], []string{"01-27 10:30 call"}), "", "followUp Missed"},
		"one channel only": {
			ClauseFollowUp, story(owned, []string{"01-20 10:30 call", "01-21 10:30 call", "01-22 10:30 call", "01-25 10:30 call", "01-28 10:30 call", "01-30 10:30 call"}), "", "followUp Missed",
		},
		"the second channel comes last": {
			ClauseFollowUp, story(owned, []string{
				"01-20 10:30 call", "01-21 10:30 call", "01-22 10:30 call", "01-25 10:30 call", "01-28 10:30 call", "01-30 10:30 call", "02-02 10:30 social",
			}), "", "followUp Met 02-02 10:30",
		},
		"the cadence took too long":       {ClauseFollowUp, story(owned, cadence()[:5], []string{"02-03 10:01 call"}), "", "followUp Missed 02-03 10:01"},
		"the last attempt at the end":     {ClauseFollowUp, story(owned, cadence()[:5], []string{"02-03 10:00 call"}), "", "followUp Met 02-03 10:00"},
		"attempts before the hand-off":    {ClauseFollowUp, story([]string{"01-10 10:30 call", "01-12 10:30 mail"}, owned, cadence()[1:]), "", "followUp Missed"},
		"before it was owned they count":  {ClauseFollowUp, story([]string{"01-20 10:01 mail"}, cadence()[1:], []string{"01-20 11:00 owned"}), "", "followUp Met 01-30 10:30"},
		"by machines alone":               {ClauseFollowUp, story(owned, []string{"01-20 10:30 call", "01-21 10:30 step", "01-22 10:30 step", "01-25 10:30 step", "01-28 10:30 step", "01-30 10:30 step"}), "", "followUp Met 01-30 10:30"},
		"logged late they count":          {ClauseFollowUp, story(owned, cadence()[:5], []string{"01-30 10:30 mail logged late"}), "", "followUp Met 01-30 10:30"},
		"a conversation":                  {ClauseFollowUp, story(owned, []string{"01-20 10:30 call", "01-22 09:00 reply"}), "", "followUp Met 01-22 09:00"},
		"a meeting":                       {ClauseFollowUp, story(owned, []string{"01-22 09:00 meeting"}), "", "followUp Met 01-22 09:00"},
		"what only a conversation tells":  {ClauseFollowUp, story(owned, []string{"01-22 09:00 bant"}), "", "followUp Met 01-22 09:00"},
		"a deal":                          {ClauseFollowUp, story(owned, []string{"01-22 09:00 deal"}), "", "followUp Met 01-22 09:00"},
		"talked, then no response":        {ClauseFollowUp, story(owned, []string{"01-22 09:00 reply", "01-23 09:00 code NoResponse"}), "", "followUp Met 01-22 09:00"},
		"talked after it was given up":    {ClauseFollowUp, story(owned, []string{"01-22 09:00 outcome Recycled", "01-23 09:00 reply"}), "", "followUp Missed 01-22 09:00"},
		"a conversation too late":         {ClauseFollowUp, story(owned, []string{"02-03 10:01 reply"}), "", "followUp Missed 02-03 10:01"},
		"taken on as an SAL it goes on":   {ClauseFollowUp, story(owned, []string{"01-20 11:00 accepted"}), "", "followUp Missed"},
		"accepted as SQL":                 {ClauseFollowUp, story(owned, []string{"01-20 11:00 code AcceptAsSQL"}), "", "followUp Excused 01-20 11:00"},
		"accepted, then given up":         {ClauseFollowUp, story(owned, []string{"01-20 11:00 code AcceptAsSQL", "01-25 09:00 code NoResponse"}), "", "followUp Missed 01-25 09:00"},
		"accepted late":                   {ClauseFollowUp, story(owned, []string{"02-03 10:00 code AcceptAsSQL"}), "", "followUp Missed"},
		"disqualified with a code":        {ClauseFollowUp, story(owned, []string{"01-20 11:00 code InvalidContact"}), "", "followUp Excused 01-20 11:00"},
		"found to have left":              {ClauseFollowUp, story(owned, []string{"01-20 11:00 call", "01-20 12:00 code StakeholderChange"}), "", "followUp Excused 01-20 12:00"},
		"bad timing after five attempts":  {ClauseFollowUp, story(owned, cadence()[:5], []string{"01-28 12:00 code BadTiming"}), "", "followUp Excused 01-28 12:00"},
		"bad timing after two":            {ClauseFollowUp, story(owned, cadence()[:2], []string{"01-22 12:00 code BadTiming"}), "", "followUp Missed 01-22 12:00"},
		"disqualified, and overturned":    {ClauseFollowUp, story(owned, []string{"01-20 11:00 code NotICP", "01-22 11:00 overturned"}), "", "followUp Missed"},
		"given up, and overturned":        {ClauseFollowUp, story(owned, []string{"01-21 09:00 code NoResponse", "01-21 10:00 overturned"}, cadence()), "", "followUp Met 01-30 10:30"},
		"it opts out while it is tried":   {ClauseFollowUp, story(owned, cadence()[:3], []string{"01-22 11:00 opt-out"}), "", "followUp Excused 01-22 11:00"},
		"it opts out, then is given up":   {ClauseFollowUp, story(owned, []string{"01-22 11:00 opt-out", "01-22 12:00 outcome Recycled"}), "", "followUp Excused 01-22 11:00"},
		"given up, then it opts out":      {ClauseFollowUp, story(owned, []string{"01-22 11:00 outcome Recycled", "01-22 12:00 opt-out"}), "", "followUp Missed 01-22 11:00"},
		"it opts out after the cadence":   {ClauseFollowUp, story(owned, cadence(), []string{"01-31 11:00 opt-out"}), "", "followUp Met 01-30 10:30"},
		"opted out, talked with after it": {ClauseFollowUp, story(owned, []string{"01-22 11:00 opt-out", "01-23 11:00 reply"}), "", "followUp Excused 01-22 11:00"},

		"not rejected":                    {ClauseFeedback, story(owned, []string{"01-20 11:00 code AcceptAsSQL", "01-20 11:00 feedback"}), "", ""},
		"rejected, feedback is open":      {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP"}), "2027-01-31 23:59", "feedback Open"},
		"at the last instant":             {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP"}), "2027-02-01 00:00", "feedback Open"},
		"no feedback":                     {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP"}), "2027-02-01 00:01", "feedback Missed"},
		"with feedback":                   {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP", "01-22 11:00 feedback"}), "", "feedback Met 01-22 11:00"},
		"a comment is none":               {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP", "01-22 11:00 comment"}), "", "feedback Missed"},
		"feedback before the rejection":   {ClauseFeedback, story(owned, []string{"01-20 10:30 feedback", "01-20 11:00 code NotICP"}), "", "feedback Met 01-20 11:00"},
		"feedback when the week is over":  {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP", "02-01 00:01 feedback"}), "", "feedback Missed 02-01 00:01"},
		"without a code it is owed too":   {ClauseFeedback, story(owned, []string{"01-20 11:00 outcome Recycled"}), "", "feedback Missed"},
		"not about an overturned one":     {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP", "01-20 12:00 overturned"}), "", ""},
		"about the one that stands":       {ClauseFeedback, story(owned, []string{"01-20 11:00 code NotICP", "01-20 12:00 overturned", "01-26 12:00 code NotICP", "01-27 12:00 feedback"}), "", "feedback Met 01-27 12:00"},
		"rejected before anybody owns it": {ClauseFeedback, []string{"01-20 11:00 code NotICP"}, "", "feedback Missed"},

		"disposed of, and overturned":      {ClauseDisposition, story(owned, []string{"01-21 10:00 code NotICP", "01-22 10:00 overturned"}), "", "disposition Missed"},
		"disposed of anew in time":         {ClauseDisposition, story(owned, []string{"01-21 10:00 code NotICP", "01-22 10:00 overturned", "01-25 10:00 code AcceptAsSQL"}), "", "disposition Met 01-25 10:00"},
		"it opts out before an outcome":    {ClauseDisposition, story(owned, []string{"01-22 10:00 opt-out", "01-23 10:00 reinstated"}), "", "disposition Excused 01-22 10:00"},
		"opted out, disposed of":           {ClauseDisposition, story(owned, []string{"01-22 10:00 opt-out", "01-23 10:00 code InvalidContact"}), "", "disposition Met 01-23 10:00"},
		"opted out, disposed of late":      {ClauseDisposition, story(owned, []string{"01-22 10:00 opt-out", "02-23 10:00 code InvalidContact"}), "", "disposition Excused 01-22 10:00"},
		"no cadence, no code":              {ClauseRejection, story(owned, cadence()[:5], []string{"01-29 10:30 code NoResponse"}), "", "rejection Missed 01-29 10:30"},
		"the code after the cadence":       {ClauseRejection, story(owned, cadence(), []string{"01-30 10:30 code NoResponse"}), "", "rejection Met 01-30 10:30"},
		"the code after a late cadence":    {ClauseRejection, story(owned, cadence()[:5], []string{"02-10 10:00 call", "02-11 10:00 code NoResponse"}), "", "rejection Met 02-11 10:00"},
		"the code after a conversation":    {ClauseRejection, story(owned, []string{"01-22 09:00 reply", "01-23 10:00 code NoResponse"}), "", "rejection Met 01-23 10:00"},
		"an overturned one is none":        {ClauseRejection, story(owned, []string{"01-22 09:00 outcome Recycled", "01-23 10:00 overturned"}), "", ""},
		"the next one is the first":        {ClauseRejection, story(owned, []string{"01-22 09:00 outcome Recycled", "01-23 10:00 overturned", "01-24 10:00 code NotICP"}), "", "rejection Met 01-24 10:00"},
		"overturned by an earlier ruling":  {ClauseRejection, story(owned, []string{"01-22 09:00 overturned", "01-23 10:00 outcome Recycled"}), "", "rejection Missed 01-23 10:00"},
		"contact put on record too late":   {ClauseFirstContact, story(owned, []string{"01-20 11:00 mail logged late"}), "", "firstContact Missed"},
		"the next contact counts":          {ClauseFirstContact, story(owned, []string{"01-20 11:00 mail logged late", "01-20 12:00 call"}), "", "firstContact Met 01-20 12:00"},
		"it opts out before a contact":     {ClauseFirstContact, story(owned, []string{"01-20 12:00 opt-out"}), "", "firstContact Excused 01-20 12:00"},
		"contacted, then it opts out":      {ClauseFirstContact, story(owned, []string{"01-20 11:00 call", "01-20 12:00 opt-out"}), "", "firstContact Met 01-20 11:00"},
		"it opts out, contacted after it":  {ClauseFirstContact, story(owned, []string{"01-20 12:00 opt-out", "01-20 13:00 call"}), "", "firstContact Excused 01-20 12:00"},
		"it opts out after the deadline":   {ClauseFirstContact, story(owned, []string{"01-20 18:00 opt-out"}), "", "firstContact Missed"},
		"opted out when it was handed off": {ClauseFirstContact, story([]string{"01-19 12:00 opt-out"}, owned), "", "firstContact Excused 01-20 10:00"},
		"disqualified, and overturned too": {ClauseFirstContact, story(owned, []string{"01-20 12:00 code NotICP", "01-25 12:00 overturned"}), "", "firstContact Missed"},
	}
	c := compiled(t, persistentTerms())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var events []lead.Event
			for i, line := range tc.story {
				e := told(t, line)
				e.Sequence = int64(i)
				events = append(events, e)
			}
			now := tc.now
			if now == "" {
				now = late
			}
			var want []string
			if tc.want != "" {
				want = []string{tc.want}
			}
			if diff := cmp.Diff(want, standings(t, c, handedOff(t), events, now, tc.clause)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
