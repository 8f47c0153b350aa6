// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// setBackWithin is how long a set-back counts against the limit.
const setBackWithin = 24 * time.Hour

// Undoing says whether a record that holds what the agreement does not allow is to be set back, to what, and why. Where that was done as often as limit
// says, it is not done again: stop, and people are told.
func Undoing(known Known, standing Standing, m Mapping, codes []lead.Disposition, limit int, now time.Time) (u Undo, stop, needed bool) {
	apart := strings.Fields(known.Seen[notedApart])
	if known.Diverged.IsZero() || !known.Stopped.IsZero() || len(known.Restore) > 0 || known.Gone != "" || !standing.Enforced {
		return Undo{}, false, false
	}
	since, times := known.Diverged, 0
	for _, at := range known.SetBacks {
		since = latest(since, at)
		if now.Sub(at) < setBackWithin {
			times++
		}
	}
	u = Undo{
		Record: known.Record, Lead: known.Lead, Restore: map[string]string{}, Rep: standing.Owner,
		Key: fmt.Sprintf("handoff-%s-%d", known.Record, since.UnixMilli()),
	}
	var done, cure []string
	if slices.Contains(apart, apartStatus) {
		done, cure = u.status(known, standing, m, codes)
	}
	if slices.Contains(apart, apartStage) {
		what, how := u.stage(known, standing, m, codes)
		done, cure = append(done, what...), append(cure, how...)
	}
	if len(done) == 0 {
		return Undo{}, false, false
	}
	if stop = times >= limit; stop {
		u.Key += "-stopped"
		done = append(done, fmt.Sprintf("Handoff has set this lead back %d times in 24 hours, and leaves it as it is now: somebody, or another program, keeps "+
			"undoing it. Marketing and sales have been told.", times))
	} else {
		done = append(done, "Handoff has set it back.")
	}
	u.Why = strings.Join(append(done, cure...), "\n")
	return u, stop, true
}

// CalledOff says whether what was to be set back was mended otherwise first, or the ledger agrees by now: nothing is set back, and nothing explained.
// Where the record holds what it was to be set back to, that may be our doing.
func CalledOff(before, after Known, m Mapping) bool {
	if !after.Diverged.IsZero() {
		return false
	}
	for field, to := range before.Restore {
		if after.Seen[m.seenAs(field)] != to {
			return true
		}
	}
	return false
}

// status sets back a rejection without a reason code: to what the ledger has, or else to what was there before.
func (u *Undo) status(known Known, s Standing, m Mapping, codes []lead.Disposition) (done, cure []string) {
	before := func(name string) string { return known.Seen[notedBefore+name] }
	status, reason := before(SeenStatus), known.Seen[SeenReason]
	if was, changed := known.Seen[notedBefore+SeenReason]; changed {
		reason = was
	}
	if of, code := counting(s.Disposition, codes); of != "" {
		status, reason = m.StatusOf(of), cmp.Or(code, reason)
	}
	if status == known.Seen[SeenStatus] && reason == known.Seen[SeenReason] {
		return nil, nil
	}
	set := func(field, to, is string) {
		if field != "" && to != is {
			u.Restore[field] = to
		}
	}
	set(m.Fields.Status, status, known.Seen[SeenStatus])
	set(m.Fields.Reason, reason, known.Seen[SeenReason])
	r := &Reflector{mapping: m, codes: codes}
	outcome := lead.Recycled
	if bearers := r.bearers(known.Seen[SeenStatus]); len(bearers) > 0 {
		outcome = bearers[0].Outcome
	}
	done = []string{fmt.Sprintf("The lead was given back in the CRM by its status (%s), without a reason code that goes with it (%s).", m.Fields.Status, m.Fields.Reason)}
	return done, []string{
		"The agreement between marketing and sales asks for a reason code with every rejection.", giveBack(m, lead.RejectionCodes(codes, outcome)),
	}
}

// giveBack says how a lead is given back.
func giveBack(m Mapping, codes []string) string {
	if m.Fields.Reason == "" || len(codes) == 0 {
		return fmt.Sprintf("To give the lead back, set %s to a status of its own for the reason.", m.Fields.Status)
	}
	return fmt.Sprintf("To give the lead back, set %s and %s together: one of %s.", m.Fields.Status, m.Fields.Reason, strings.Join(codes, ", "))
}

// stage sets back a stage that the lead is not in.
func (u *Undo) stage(known Known, s Standing, m Mapping, codes []lead.Disposition) (done, cure []string) {
	ours, mapped := m.Stages[string(s.Stage)]
	is := known.Seen[SeenStage]
	if !mapped || ours == is {
		return nil, nil
	}
	u.Restore[m.Fields.Stage] = ours
	to := "was emptied"
	if is != "" {
		to = "was moved to " + is
	}
	done = []string{fmt.Sprintf("The stage of the lead (%s) %s in the CRM. By the agreement between marketing and sales the lead is %s, which is %s there.",
		m.Fields.Stage, to, s.Stage, ours)}
	return done, []string{wayTo(stageOf(is, m), m, codes)}
}

// stageOf a value of the stage field: the first on the way that has it; empty for none.
func stageOf(value string, m Mapping) lead.Stage {
	for _, stage := range lead.Stages() {
		if at, mapped := m.Stages[string(stage)]; mapped && at == value {
			return stage
		}
	}
	return ""
}

// wayTo a stage, as a rep can go it.
func wayTo(stage lead.Stage, m Mapping, codes []lead.Disposition) string {
	switch stage {
	case lead.StageMQL, lead.StageHeld:
		return "A lead becomes an MQL when it meets the definition that both teams signed: complete its fields, or tell marketing what is wrong with the definition."
	case lead.StageSAL:
		return "Sales accepts a lead once it is an MQL, and as long as it is one: by this stage, or by the status that says so."
	case lead.StageSQL:
		return "A lead becomes an SQL when sales has noted what the agreement asks for: fill in what you found out in the conversation."
	case lead.StageOpportunity, lead.StageWon, lead.StageLost:
		return "The stage follows from the deals of the lead: open a deal for it, or update the one it has."
	case lead.StageRecycled, lead.StageDisqualified:
		return giveBack(m, lead.RejectionCodes(codes, lead.Outcome(stage)))
	default:
		return "The stage follows from what happens to the lead: log the conversation, accept it, open a deal, or give it back with a reason code."
	}
}
