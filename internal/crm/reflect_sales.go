// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// What of a record may be against the agreement.
const (
	apartStage  = SeenStage
	apartStatus = SeenStatus
)

// oneSave is how far apart the fields of a form may get their times.
const oneSave = time.Second

// save is what somebody did to status and reason at once.
type save struct {
	at, last       time.Time
	status, reason string // after it
	was            map[string]string
	told, first    bool
}

func (s save) changed(name string) bool {
	_, did := s.was[name]
	return did
}

// said is what status and reason say.
type said struct {
	outcome lead.Outcome // empty: nothing
	code    string       // empty: none that there is
}

// disposition tells of each that somebody gave the lead, and says whether the CRM holds a rejection that the agreement does not take.
func (x *reflecting) disposition() (apart []string) {
	status, reason := x.mapping.Fields.Status, x.mapping.Fields.Reason
	value := map[string]string{}
	var all []change
	for name, field := range map[string]string{SeenStatus: status, SeenReason: reason} {
		text, read := x.value(field)
		if !read {
			x.keep(name)
			text = x.now.Seen[name]
		} else {
			all = append(all, x.changes(name, field, text)...)
		}
		value[name] = text
	}
	uncoded := x.apart(apartStatus)
	for _, s := range x.saves(all, value) {
		told := x.says(s)
		if told.outcome == "" {
			continue
		}
		bare := lead.Uncoded(x.codes, lead.Disposed{Outcome: told.outcome, Reason: told.code})
		if bare && !s.first && !uncoded {
			uncoded = true
			for name, was := range s.was {
				x.now.Seen[notedBefore+name] = was
			}
		}
		if !s.told && x.agrees(told) {
			continue
		}
		data := map[string]any{"outcome": string(told.outcome)}
		if told.code != "" {
			data["reason"] = told.code
		}
		x.tell(lead.KindDisposition, s.at, data)
	}
	if uncoded && x.rejects(value[SeenStatus], value[SeenReason]) {
		apart = append(apart, apartStatus)
	}
	return apart
}

// apart says whether the record was against the agreement in stage or status, of the fields that are read now.
func (x *reflecting) apart(what string) bool {
	return !x.renamed(what) && strings.Contains(x.old.Seen[notedApart], what)
}

// saves puts together what was done to status and reason at once, oldest first.
func (x *reflecting) saves(all []change, now map[string]string) []save {
	slices.SortStableFunc(all, func(a, b change) int { // what has one time stays in the order in which it was done
		if order := a.at.Compare(b.at); order != 0 {
			return order
		}
		return strings.Compare(a.name, b.name)
	})
	var saves []save
	for _, c := range all {
		n := len(saves)
		if n == 0 || !c.first && c.at.Sub(saves[n-1].at) > oneSave {
			saves = append(saves, save{at: c.at, was: map[string]string{}, told: c.told, first: c.first})
			n++
		}
		s := &saves[n-1]
		s.last = c.at
		if c.first { // what is there was complete with the later of the two
			s.at = c.at
		}
		if !s.changed(c.name) {
			s.was[c.name] = c.from
		}
		if c.name == SeenStatus {
			s.status = c.to
		} else {
			s.reason = c.to
		}
	}
	for i := range saves {
		s := &saves[i]
		if !s.changed(SeenStatus) {
			s.status = x.held(SeenStatus, s.last, now)
		}
		if !s.changed(SeenReason) {
			s.reason = x.held(SeenReason, s.last, now)
		}
	}
	return saves
}

// held is what a field held at a time, as far as the CRM remembers.
func (x *reflecting) held(name string, at time.Time, now map[string]string) string {
	field := x.mapping.Fields.Status
	if name == SeenReason {
		field = x.mapping.Fields.Reason
	}
	history := x.history(field)
	for _, c := range slices.Backward(history) {
		if !c.At.After(at) {
			return c.Value
		}
	}
	if len(history) > 0 {
		return ""
	}
	return now[name]
}

// says what a save says. The reason field holds the code. The status speaks where it changed: with the code that is there if that fits it, else
// without one. Who changes neither into something that the definition knows says nothing: a code that stays is no news.
func (r *Reflector) says(s save) said {
	code, known := r.code(s.reason)
	bearers := r.bearers(s.status)
	silent := len(bearers) == 0 && !s.changed(SeenReason) // a status that tells nothing, beside a code that stays
	switch {
	case known && !s.changed(SeenStatus), known && !silent && r.fits(code, s.status): // of two, one changed at least
		return said{code.Outcome, code.Name}
	case !s.changed(SeenStatus) || len(bearers) == 0:
		return said{}
	}
	outcome, is := meant(bearers)
	switch {
	case !is:
		return said{}
	case len(bearers) == 1 && (outcome == lead.Accepted || r.mapping.Fields.Reason == ""):
		return said{outcome, bearers[0].Name}
	case known && s.changed(SeenReason): // a code, but for something else
		return said{outcome, code.Name}
	default:
		return said{outcome: outcome}
	}
}

// meant is the outcome that a status stands for; not clear where it stands for taking a lead on and for giving it back.
func meant(bearers []lead.Disposition) (outcome lead.Outcome, is bool) {
	for _, b := range bearers {
		if (b.Outcome == lead.Accepted) != (bearers[0].Outcome == lead.Accepted) {
			return "", false
		}
	}
	return bearers[0].Outcome, true
}

// agrees says whether the ledger has the lead so, too.
func (x *reflecting) agrees(s said) bool {
	d := x.in.Standing.Disposition
	return d != nil && d.Outcome == string(s.outcome) && d.Code == s.code
}

// rejects says whether status and reason, as they stand, give a lead back without a code that is one.
func (r *Reflector) rejects(status, reason string) bool {
	for _, b := range r.bearers(status) {
		if b.Outcome == lead.Accepted {
			return false
		}
	}
	code, known := r.code(reason)
	bearers := r.bearers(status)
	if len(bearers) == 0 || len(bearers) == 1 && r.mapping.Fields.Reason == "" {
		return false
	}
	return !known || !r.fits(code, status)
}

func (r *Reflector) code(name string) (lead.Disposition, bool) {
	i := slices.IndexFunc(r.codes, func(d lead.Disposition) bool { return d.Name == name && name != "" })
	if i < 0 {
		return lead.Disposition{}, false
	}
	return r.codes[i], true
}

// bearers are the codes whose status the CRM shows by a value; none where it tells nothing of a disposition.
func (r *Reflector) bearers(status string) []lead.Disposition {
	var all []lead.Disposition
	for _, d := range r.codes {
		if status != "" && d.Status != "" && r.mapping.StatusOf(d.Status) == status {
			all = append(all, d)
		}
	}
	return all
}

// fits says whether a code goes with a status: it is one of its own, or has none and the same outcome; and any goes with one that tells nothing.
func (r *Reflector) fits(code lead.Disposition, status string) bool {
	bearers := r.bearers(status)
	return len(bearers) == 0 || slices.ContainsFunc(bearers, func(d lead.Disposition) bool {
		return d.Name == code.Name || code.Status == "" && d.Outcome == code.Outcome
	})
}

// moved tells that sales accepted the lead by moving it, and says whether somebody moved it elsewhere than where the ledger has it.
func (x *reflecting) moved() (apart []string) {
	field := x.mapping.Fields.Stage
	value, read := x.value(field)
	if !read {
		x.keep(SeenStage)
		value = x.now.Seen[SeenStage]
	}
	var all []change
	if read {
		all = x.changes(SeenStage, field, value)
	}
	was := x.apart(apartStage)
	for _, c := range all {
		switch {
		case c.first:
			continue
		case x.stage == lead.StageMQL && x.accepts(c.to):
			x.tell(lead.KindAccepted, c.at, map[string]any{})
			x.stage = lead.StageSAL
		}
		was = true
	}
	if ours, mapped := x.mapping.Stages[string(x.stage)]; was && mapped && value != ours && !x.ours(field, value) {
		apart = append(apart, apartStage)
	}
	return apart
}

// accepts says whether a value of the stage field says SAL and nothing else.
func (r *Reflector) accepts(value string) bool {
	sal, mapped := r.mapping.Stages[string(lead.StageSAL)]
	for stage, other := range r.mapping.Stages {
		if stage != string(lead.StageSAL) && other == sal {
			return false
		}
	}
	return mapped && value == sal
}

// ours says whether the stage that the CRM shows is one that we wrote, if not the ledger's of now.
func (x *reflecting) ours(field, value string) bool {
	if history := x.history(field); len(history) > 0 {
		return history[len(history)-1].Ours
	}
	wrote, did := x.old.wroteInto(SeenStage, field)
	return did && wrote == value && x.now.Seen[notedOver+SeenStage] != wrote
}

// settle notes since when the record is against the agreement. Where that observes, and of a record that cannot be written, nothing is.
func (x *reflecting) settle(apart []string) {
	if !x.in.Standing.Enforced || x.now.Gone != "" {
		apart = nil
	}
	for _, name := range []string{SeenStatus, SeenReason} {
		key := notedBefore + name
		if was, had := x.old.Seen[key]; had && x.apart(apartStatus) {
			x.now.Seen[key] = was
		}
		if !slices.Contains(apart, apartStatus) {
			delete(x.now.Seen, key)
		}
	}
	if len(apart) == 0 {
		x.now.Diverged, x.now.Stopped = time.Time{}, time.Time{}
		return
	}
	x.now.Seen[notedApart] = strings.Join(apart, " ")
	if x.now.Diverged.IsZero() || x.again() {
		x.now.Diverged = x.in.Now.UTC().Truncate(time.Microsecond)
	}
}

// again says whether what was set back is as it was before: whoever did it again has the same time to mend it as before.
func (x *reflecting) again() bool {
	return len(x.old.Restore) == 0 && len(x.old.SetBacks) > 0 && slices.MaxFunc(x.old.SetBacks, time.Time.Compare).After(x.old.Diverged)
}
