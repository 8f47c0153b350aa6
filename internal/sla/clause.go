// SPDX-License-Identifier: Apache-2.0

package sla

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
)

// Party that owes the clause; empty for a clause that is none.
func (c Clause) Party() Party {
	switch c {
	case ClauseVolume, ClauseCompleteness, ClauseScore, ClauseDelivery:
		return PartyMarketing
	case ClauseFirstContact, ClauseDisposition, ClauseRejection:
		return PartySales
	default:
		return ""
	}
}

// EnforcedBy says in plain words what is compared with what; empty for a clause that is none.
func (c Clause) EnforcedBy() string {
	switch c {
	case ClauseVolume:
		return "leads that became MQL in the month against the target; until the month is over, against its share by business time"
	case ClauseCompleteness:
		return "required fields of the lead record when the lead first reached a path to MQL"
	case ClauseScore:
		return "score at hand-off against the threshold of the path that qualified the lead"
	case ClauseDelivery:
		return "time of the first owner against time of qualification"
	case ClauseFirstContact:
		return "first genuine contact against time of ownership, in business time"
	case ClauseDisposition:
		return "first disposition against time of ownership"
	case ClauseRejection:
		return "reason code of the first disposition that recycled or disqualified the lead, after the attempts that it demands"
	default:
		return ""
	}
}

// demand is one row that the terms ask for: a clause, its tier where it has tiers, and the target.
type demand struct {
	clause Clause
	tier   string
	target int // percent; for volume MQLs a month
}

// demands are the clauses and tiers that the terms name, in the order in which they are shown.
func (c *Compiled) demands() []demand {
	var all []demand
	share := func(clause Clause, s *Share) {
		if s != nil {
			all = append(all, demand{clause: clause, target: s.TargetPercent})
		}
	}
	m, s := c.marketing(), c.sales()
	if m.Volume != nil {
		all = append(all, demand{clause: ClauseVolume, target: c.volumeTarget})
	}
	share(ClauseCompleteness, m.Completeness)
	share(ClauseScore, m.Score)
	if m.Delivery != nil {
		all = append(all, demand{clause: ClauseDelivery, target: m.Delivery.TargetPercent})
	}
	if s.FirstContact != nil {
		for _, tier := range s.FirstContact.Tiers {
			all = append(all, demand{clause: ClauseFirstContact, tier: tier.Intent, target: s.FirstContact.TargetPercent})
		}
	}
	if s.Disposition != nil {
		all = append(all, demand{clause: ClauseDisposition, target: s.Disposition.TargetPercent})
	}
	share(ClauseRejection, s.Rejection)
	return all
}
