// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// marketing in two sentences. definition may be nil.
func marketing(m sla.Marketing, volume int, definition *lead.Definition) *Sentence {
	if m == (sla.Marketing{}) {
		return nothing("Marketing")
	}
	does, kept := "Marketing hands over qualified leads", []string(nil)
	if m.Volume != nil {
		does = fmt.Sprintf("Marketing hands over %s qualified %s a month", thousands(volume), noun(volume, "lead"))
		kept = append(kept, "the month brings "+thousands(volume))
	}
	var each []string
	if m.Completeness != nil {
		each = append(each, "with "+required(definition))
		kept = append(kept, share(m.Completeness.TargetPercent)+" are complete")
	}
	if m.Score != nil {
		each = append(each, "at the score that its path asks for")
		kept = append(kept, share(m.Score.TargetPercent)+" have their score")
	}
	if d := m.Delivery; d != nil {
		through := ""
		if d.Mechanism == sla.CRM {
			through = " through the CRM"
		}
		each = append(each, "in a rep's hands"+through+" within "+window(d.Within))
		kept = append(kept, share(d.TargetPercent)+" arrive in time")
	}
	if len(each) > 0 {
		does += ", each " + list(each)
	}
	return &Sentence{does + ".", "Its word is kept when " + list(kept) + "."}
}

// sales in two sentences. definition may be nil.
func sales(s sla.Sales, definition *lead.Definition) *Sentence {
	if s == (sla.Sales{}) {
		return nothing("Sales")
	}
	var does, kept []string
	if a := s.Acceptance; a != nil {
		does = append(does, "takes each lead on, or gives it back with a reason code, within "+window(a.Within))
		kept = append(kept, share(a.TargetPercent)+" are taken on or given back in time")
	}
	if f := s.FirstContact; f != nil {
		does = append(does, "contacts "+tiers(f.Tiers, definition))
		in := ""
		if len(f.Tiers) > 1 {
			in = " of each kind"
		}
		kept = append(kept, share(f.TargetPercent)+in+" are contacted in time")
	}
	if f := s.FollowUp; f != nil {
		does = append(does, "tries to reach a lead "+cadence(*f)+" before it gives it up")
		kept = append(kept, share(f.TargetPercent)+" are followed up")
	}
	var gives []string
	if d := s.Disposition; d != nil {
		gives = append(gives, "every lead an outcome within "+window(d.Within))
		kept = append(kept, share(d.TargetPercent)+" get their outcome in time")
	}
	if r := s.Rejection; r != nil {
		gives = append(gives, "every rejection a reason code")
		if kept = append(kept, "all rejections have their code"); r.TargetPercent < 100 {
			kept[len(kept)-1] = share(r.TargetPercent) + " of the rejections have their code"
		}
	}
	if f := s.Feedback; f != nil {
		gives = append(gives, "marketing feedback on every rejection")
		if kept = append(kept, "all rejections come with feedback"); f.TargetPercent < 100 {
			kept[len(kept)-1] = share(f.TargetPercent) + " of the rejections come with feedback"
		}
	}
	if len(gives) > 0 {
		does = append(does, "gives "+list(gives))
	}
	return &Sentence{"Sales " + list(does) + ".", "Its word is kept when " + list(kept) + "."}
}

// cadence of a follow-up: 6 times in 14 days, over 10 days and 2 channels.
func cadence(f sla.FollowUp) string {
	text := fmt.Sprintf("%d times within %s", f.Attempts, window(f.Within))
	if f.Attempts == 1 {
		text = "once within " + window(f.Within)
	}
	var over []string
	if f.MinSpan > 0 {
		over = append(over, "at least "+window(f.MinSpan))
	}
	if f.Channels > 1 {
		over = append(over, fmt.Sprintf("%d channels", f.Channels))
	}
	if len(over) > 0 {
		text += ", over " + list(over) + ","
	}
	return text
}

func nothing(side string) *Sentence {
	return &Sentence{side + " owes nothing under these terms.", "Nothing that it does is measured."}
}

// required fields in words.
func required(definition *lead.Definition) string {
	var names []string
	if definition != nil {
		for _, f := range definition.Fields {
			if f.Required {
				names = append(names, words(f.Name))
			}
		}
	}
	if len(names) == 0 {
		return "every required field"
	}
	return list(names)
}

// tiers of first contact, in the order of the definition's intents.
func tiers(all []sla.Tier, definition *lead.Definition) string {
	last, only := lead.DefaultIntent, false
	if definition != nil {
		only = len(definition.Intents) <= 1
		if n := len(definition.Intents); n > 0 {
			last = definition.Intents[n-1].Name
		}
	}
	parts := make([]string, 0, len(all))
	rest := ""
	for _, t := range all {
		who := article(strings.ToLower(words(t.Intent))) + "-intent lead"
		switch {
		case t.Intent == last && only && len(all) == 1:
			who = "every lead"
		case t.Intent == last && len(all) > 1 && (definition == nil || len(all) == len(definition.Intents)):
			rest = "any other within " + tier(t)
			continue
		}
		parts = append(parts, who+" within "+tier(t))
	}
	if rest != "" {
		parts = append(parts, rest)
	}
	return list(parts)
}

func tier(t sla.Tier) string {
	text := business(t.Within)
	if t.OutsideHours > 0 {
		text += " (" + window(t.OutsideHours) + " outside hours)"
	}
	return text
}

// qualified says in one sentence what a qualified lead is.
func qualified(d lead.Definition) string {
	paths := make([]string, len(d.Paths))
	for i, p := range d.Paths {
		paths[i] = words(p.Name) + asks(p, d.Scoring)
	}
	text := "A lead is qualified by " + either(paths)
	if len(d.Exclusions) > 0 {
		names := make([]string, len(d.Exclusions))
		for i, x := range d.Exclusions {
			names[i] = words(x.Name)
		}
		text += ", unless it is kept out as " + either(names)
	}
	if len(d.Identity) > 0 {
		names := make([]string, len(d.Identity))
		for i, name := range d.Identity {
			names[i] = words(name)
		}
		text += ", and only the first of those with the same " + list(names)
	}
	return text + "."
}

// asks is what a path demands, in brackets.
func asks(p lead.Path, scoring *lead.Scoring) string {
	var parts []string
	if p.Threshold != nil {
		most := lead.DefaultMax
		if scoring != nil && scoring.Max != nil {
			most = *scoring.Max
		}
		parts = append(parts, fmt.Sprintf("a score of %d of %d", *p.Threshold, most))
	}
	if a := p.Account; a != nil {
		parts = append(parts, fmt.Sprintf("%d contacts of one account with %d points together", a.MinContacts, a.Threshold))
	}
	if n := len(p.Criteria); n > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", n, noun(n, "criterion")))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + list(parts) + ")"
}
