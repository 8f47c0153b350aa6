// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Terms are what both teams sign of an SLAContract: `terms` and the name in `definitionRef`. The error names a window
// that is no length of time; the CRD's pattern refuses those already.
func Terms(spec slav1alpha1.SLAContractSpec) (sla.Terms, error) {
	t := spec.Terms
	out := sla.Terms{
		EffectiveFrom: moment(t.EffectiveFrom),

		Definition: spec.DefinitionRef.Name,
		Parties: sla.Parties{
			Marketing: sla.Contact{Owner: t.Parties.Marketing.Owner, Contact: t.Parties.Marketing.Contact},
			Sales:     sla.Contact{Owner: t.Parties.Sales.Owner, Contact: t.Parties.Sales.Contact},
			Executive: executive(t.Parties.Executive),
		},
		Calendar:      calendar(t.Calendar),
		Funnel:        funnel(t.Funnel),
		Governance:    governance(t.Governance),
		Escalation:    escalation(t.Escalation),
		Enforcement:   sla.Mode(t.Enforcement),
		MinimumSample: number(t.MinimumSample),
		YellowWithin:  number(t.YellowWithin),
		WarnAtPercent: number(t.WarnAtPercent),
	}
	var err error
	if out.Marketing, err = marketing(t.Marketing); err != nil {
		return sla.Terms{}, fmt.Errorf("terms.marketing.%w", err)
	}
	if out.Sales, err = sales(t.Sales); err != nil {
		return sla.Terms{}, fmt.Errorf("terms.sales.%w", err)
	}
	return out, nil
}

func executive(p *slav1alpha1.PartyContact) *sla.Contact {
	if p == nil {
		return nil
	}
	return &sla.Contact{Owner: p.Owner, Contact: p.Contact}
}

func governance(g *slav1alpha1.Governance) sla.Governance {
	if g == nil {
		return sla.Governance{}
	}
	return sla.Governance{ReviewsHeld: string(g.ReviewsHeld), DefinitionRefresh: string(g.DefinitionRefresh)}
}

func escalation(e *slav1alpha1.EscalationTerms) sla.Escalation {
	var out sla.Escalation
	if e == nil {
		return out
	}
	if e.Level2 != nil {
		out.ConsecutiveMisses = int(e.Level2.ConsecutiveMisses)
	}
	if e.Level3 != nil {
		out.UnresolvedWeeks = int(e.Level3.UnresolvedWeeks)
	}
	return out
}

func calendar(c slav1alpha1.Calendar) sla.Calendar {
	out := sla.Calendar{TimeZone: c.TimeZone, Holidays: c.Holidays}
	for _, h := range c.Hours {
		hours := sla.WeekHours{Shifts: shifts(h.Shifts)}
		for _, d := range h.Days {
			hours.Days = append(hours.Days, string(d))
		}
		out.Hours = append(out.Hours, hours)
	}
	for _, e := range c.Exceptions {
		out.Exceptions = append(out.Exceptions, sla.Exception{Date: e.Date, Shifts: shifts(e.Shifts), Name: e.Name})
	}
	return out
}

func shifts(in []slav1alpha1.Shift) []sla.Shift {
	var out []sla.Shift
	for _, s := range in {
		out = append(out, sla.Shift{From: string(s.From), To: string(s.To)})
	}
	return out
}

func funnel(f *slav1alpha1.Funnel) *sla.Funnel {
	if f == nil {
		return nil
	}
	return &sla.Funnel{
		BookingsPerMonth: f.BookingsPerMonth, AverageDealSize: f.AverageDealSize,
		CloseRatePercent: rate(f.CloseRatePercent), MQLToOpportunityPercent: rate(f.MQLToOpportunityPercent),
	}
}

// rate is 25 or "10.5" as a decimal.
func rate(v *intstr.IntOrString) string {
	if v == nil {
		return ""
	}
	return v.String()
}

func marketing(m *slav1alpha1.MarketingTerms) (*sla.Marketing, error) {
	if m == nil {
		return nil, nil
	}
	out := &sla.Marketing{Completeness: share(m.Completeness), Score: share(m.Score)}
	if m.Volume != nil {
		out.Volume = &sla.Volume{FromFunnel: m.Volume.From != "", MQLsPerMonth: int(value(m.Volume.MQLsPerMonth)), SevereBelowPercent: number(m.Volume.SevereBelowPercent)}
	}
	if m.Delivery == nil {
		return out, nil
	}
	within, err := window(m.Delivery.Within)
	if err != nil {
		return nil, fmt.Errorf("delivery.within: %w", err)
	}
	out.Delivery = &sla.Delivery{
		Within: within, Mechanism: sla.Mechanism(m.Delivery.Mechanism), TargetPercent: int(value(m.Delivery.TargetPercent)),
	}
	return out, nil
}

func sales(s *slav1alpha1.SalesTerms) (*sla.Sales, error) {
	if s == nil {
		return nil, nil
	}
	out := &sla.Sales{Rejection: share(s.Rejection), Feedback: share(s.Feedback)}
	if f := s.FirstContact; f != nil {
		out.FirstContact = &sla.FirstContact{
			TargetPercent: int(value(f.TargetPercent)), SevereBelowContactedPercent: number(f.SevereBelowContactedPercent),
		}
		for _, t := range f.Tiers {
			tier, err := tier(t)
			if err != nil {
				return nil, fmt.Errorf("firstContact.tiers[%s].%w", t.Intent, err)
			}
			out.FirstContact.Tiers = append(out.FirstContact.Tiers, tier)
		}
	}
	if d := s.Disposition; d != nil {
		within, err := window(d.Within)
		if err != nil {
			return nil, fmt.Errorf("disposition.within: %w", err)
		}
		out.Disposition = &sla.Disposition{Within: within, TargetPercent: int(value(d.TargetPercent))}
	}
	if a := s.Acceptance; a != nil {
		within, err := window(a.Within)
		if err != nil {
			return nil, fmt.Errorf("acceptance.within: %w", err)
		}
		out.Acceptance = &sla.Acceptance{Within: within, TargetPercent: int(value(a.TargetPercent))}
	}
	if s.FollowUp != nil {
		followUp, err := followUp(*s.FollowUp)
		if err != nil {
			return nil, fmt.Errorf("followUp.%w", err)
		}
		out.FollowUp = &followUp
	}
	return out, nil
}

func followUp(f slav1alpha1.FollowUpClause) (sla.FollowUp, error) {
	out := sla.FollowUp{Attempts: int(f.Attempts), Channels: int(value(f.Channels)), TargetPercent: int(value(f.TargetPercent))}
	var err error
	if out.MinSpan, err = window(f.MinSpan); err != nil {
		return sla.FollowUp{}, fmt.Errorf("minSpan: %w", err)
	}
	if out.Within, err = window(f.Within); err != nil {
		return sla.FollowUp{}, fmt.Errorf("within: %w", err)
	}
	return out, nil
}

func tier(t slav1alpha1.FirstContactTier) (sla.Tier, error) {
	within, err := window(t.Within)
	if err != nil {
		return sla.Tier{}, fmt.Errorf("within: %w", err)
	}
	outside, err := window(t.OutsideHours)
	if err != nil {
		return sla.Tier{}, fmt.Errorf("outsideHours: %w", err)
	}
	return sla.Tier{Intent: string(t.Intent), Within: within, OutsideHours: outside}, nil
}

func share(s *slav1alpha1.ShareClause) *sla.Share {
	if s == nil {
		return nil
	}
	return &sla.Share{TargetPercent: int(value(s.TargetPercent))}
}

// window is the length of time, or 0 when it is absent.
func window[T ~string](w T) (time.Duration, error) {
	if w == "" {
		return 0, nil
	}
	return sla.ParseWindow(string(w))
}
