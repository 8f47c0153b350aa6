// SPDX-License-Identifier: Apache-2.0

package sla

import "cmp"

// Clause of the agreement.
type Clause string

// The clauses, in the order in which they are shown.
const (
	ClauseVolume       Clause = "volume"
	ClauseCompleteness Clause = "completeness"
	ClauseScore        Clause = "score"
	ClauseDelivery     Clause = "delivery"
	ClauseAcceptance   Clause = "acceptance"
	ClauseFirstContact Clause = "firstContact"
	ClauseFollowUp     Clause = "followUp"
	ClauseDisposition  Clause = "disposition"
	ClauseRejection    Clause = "rejection"
	ClauseFeedback     Clause = "feedback"

	ClauseReviewsHeld       Clause = "reviewsHeld"
	ClauseDefinitionRefresh Clause = "definitionRefresh"
)

// Party that owes the clause; empty for a clause that is none.
func (c Clause) Party() Party {
	switch c {
	case ClauseVolume, ClauseCompleteness, ClauseScore, ClauseDelivery:
		return PartyMarketing
	case ClauseAcceptance, ClauseFirstContact, ClauseFollowUp, ClauseDisposition, ClauseRejection, ClauseFeedback:
		return PartySales
	case ClauseReviewsHeld, ClauseDefinitionRefresh:
		return PartyBoth
	default:
		return ""
	}
}

// The reviews in which clauses are looked at.
const (
	ReviewWeekly    = "Weekly"
	ReviewMonthly   = "Monthly"
	ReviewQuarterly = "Quarterly"
)

// Review in which the clause is looked at; empty for a clause that is none.
func (c Clause) Review() string {
	switch {
	case c == ClauseVolume || c == ClauseScore:
		return ReviewMonthly
	case c == ClauseDefinitionRefresh:
		return ReviewQuarterly
	case c.Party() == "":
		return ""
	default:
		return ReviewWeekly
	}
}

// EnforcedBy says in plain words what is compared with what, and which field of a change tells the CRM; empty for a clause that is none.
func (c Clause) EnforcedBy() string {
	switch c {
	case ClauseVolume:
		return "leads that became MQL in the month against the target; until the month is over, against its share by business time (crm: stage)"
	case ClauseCompleteness:
		return "required fields of the lead record when the lead first reached a path to MQL (crm: missing)"
	case ClauseScore:
		return "score at hand-off against the threshold of the path that qualified the lead (crm: score)"
	case ClauseDelivery:
		return "time of the first owner, as the CRM has acknowledged him where the leads live in one, against time of qualification (crm: owner)"
	case ClauseAcceptance:
		return "acceptance by sales, or its first rejection with a reason code, against time of ownership (crm: stage)"
	case ClauseFirstContact:
		return "first genuine contact against time of ownership, in business time (crm: firstTouchAt)"
	case ClauseFollowUp:
		return "attempts to reach the lead, their span and channels, or a conversation, before it was given up and within the window from ownership (crm: attempts)"
	case ClauseDisposition:
		return "first disposition against time of ownership (crm: disposition.time)"
	case ClauseRejection:
		return "reason code of the first disposition that recycled or disqualified the lead, after the attempts that it demands (crm: disposition.code)"
	case ClauseFeedback:
		return "structured feedback on a recycled or disqualified lead, until the week after that of its rejection is over"
	case ClauseReviewsHeld:
		return "records of the ReviewCadence, by both parties, against the date by which each review is to be held"
	case ClauseDefinitionRefresh:
		return "sign-offs of both parties over definition and terms against the quarter (crm: definition)"
	default:
		return ""
	}
}

// Clauses in the order in which they are shown.
var Clauses = []Clause{
	ClauseVolume, ClauseCompleteness, ClauseScore, ClauseDelivery,
	ClauseAcceptance, ClauseFirstContact, ClauseFollowUp, ClauseDisposition, ClauseRejection, ClauseFeedback,
	ClauseReviewsHeld, ClauseDefinitionRefresh,
}

// Demand is what the terms ask of the leads of a clause, and of its tier where it has tiers.
type Demand struct {
	Clause Clause
	Tier   string
	Target int // percent; for volume MQLs a month
}

// Demands are the clauses and tiers of leads that the terms name, in the order in which they are shown.
func (c *Compiled) Demands() []Demand {
	var all []Demand
	share := func(clause Clause, s *Share) {
		if s != nil {
			all = append(all, Demand{Clause: clause, Target: s.TargetPercent})
		}
	}
	m, s := c.marketing(), c.sales()
	if m.Volume != nil {
		all = append(all, Demand{Clause: ClauseVolume, Target: c.volumeTarget})
	}
	share(ClauseCompleteness, m.Completeness)
	share(ClauseScore, m.Score)
	if m.Delivery != nil {
		all = append(all, Demand{Clause: ClauseDelivery, Target: m.Delivery.TargetPercent})
	}
	if s.Acceptance != nil {
		all = append(all, Demand{Clause: ClauseAcceptance, Target: s.Acceptance.TargetPercent})
	}
	if s.FirstContact != nil {
		for _, tier := range s.FirstContact.Tiers {
			all = append(all, Demand{Clause: ClauseFirstContact, Tier: tier.Intent, Target: s.FirstContact.TargetPercent})
		}
	}
	if s.FollowUp != nil {
		all = append(all, Demand{Clause: ClauseFollowUp, Target: s.FollowUp.TargetPercent})
	}
	if s.Disposition != nil {
		all = append(all, Demand{Clause: ClauseDisposition, Target: s.Disposition.TargetPercent})
	}
	share(ClauseRejection, s.Rejection)
	share(ClauseFeedback, s.Feedback)
	return all
}

// Enforcement of a clause: whether what breaks it is held back or only reported; empty where nothing could be held back, since it is a matter
// of time or of people. A lead becomes MQL by a path alone, whatever the mode.
func (c *Compiled) Enforcement(clause Clause) Mode {
	switch clause {
	case ClauseScore:
		return Enforce
	case ClauseCompleteness, ClauseFollowUp, ClauseRejection:
		return cmp.Or(c.terms.Enforcement, Enforce)
	default:
		return ""
	}
}
