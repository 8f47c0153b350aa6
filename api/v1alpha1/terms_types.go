// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Terms are what the two teams owe each other. Both sign them; a change without both signatures does not take effect.
// Every clause is optional.
type Terms struct {
	// effectiveFrom is when these terms come into force, RFC 3339 in whole seconds, by the ledger's clock: the later of it and the last
	// signature, never before. It is part of what is signed. Until then the terms before stay in force. At once when absent or past.
	// +optional
	EffectiveFrom *metav1.Time `json:"effectiveFrom,omitempty"`

	// parties name who answers for each side; the weekly report says whom to reach.
	// +required
	Parties Parties `json:"parties,omitzero"`

	// calendar of business hours: business windows count only inside them, and weeks and months begin in its time zone.
	// +required
	Calendar Calendar `json:"calendar,omitzero"`

	// funnel derives the volume target from a revenue target.
	// +optional
	Funnel *Funnel `json:"funnel,omitempty"`

	// marketing is what marketing owes sales.
	// +optional
	Marketing *MarketingTerms `json:"marketing,omitempty"`

	// sales is what sales owes marketing.
	// +optional
	Sales *SalesTerms `json:"sales,omitempty"`

	// governance is what both owe the agreement itself.
	// +optional
	Governance *Governance `json:"governance,omitempty"`

	// escalation is what raises one: level 1 after a missed week, level 2 after two or a severe miss, level 3 when that is not resolved in two
	// weeks. These numbers hold when it is absent.
	// +optional
	Escalation *EscalationTerms `json:"escalation,omitempty"`

	// enforcement: Enforce holds back and refuses what breaks the agreement; Observe lets it pass and reports it. Default Enforce.
	// +optional
	Enforcement EnforcementMode `json:"enforcement,omitempty"`

	// minimumSample is the number of leads below which a clause is InsufficientData instead of met or missed. Default 5.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MinimumSample *int32 `json:"minimumSample,omitempty"`

	// yellowWithin is how many percentage points below its target a clause is still Yellow instead of Red. Default 10.
	// +optional
	YellowWithin *Percent `json:"yellowWithin,omitempty"`

	// warnAtPercent is the share of a clock's time after which an open lead counts as at risk. Default 80.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	WarnAtPercent *int32 `json:"warnAtPercent,omitempty"`
}

// Parties are the two sides.
type Parties struct {
	// marketing answers for volume and quality.
	// +required
	Marketing PartyContact `json:"marketing,omitzero"`

	// sales answers for speed and persistence.
	// +required
	Sales PartyContact `json:"sales,omitzero"`

	// executive decides at level 3 of an escalation, and disputes. The owners of both sides do when it is absent.
	// +optional
	Executive *PartyContact `json:"executive,omitempty"`
}

// PartyContact is who answers for a party.
type PartyContact struct {
	// owner is the role that answers, such as "VP Marketing".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Owner string `json:"owner,omitempty"`

	// contact is where to reach the owner. The weekly report shows it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Contact string `json:"contact,omitempty"`
}

// Funnel works backwards from a revenue target to a number of MQLs a month:
// bookings / deal size / close rate / MQL-to-opportunity rate, rounded to the nearest whole lead.
type Funnel struct {
	// bookingsPerMonth is the revenue target, in any currency.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000000
	BookingsPerMonth int64 `json:"bookingsPerMonth,omitempty"`

	// averageDealSize in the same currency.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000000
	AverageDealSize int64 `json:"averageDealSize,omitempty"`

	// closeRatePercent is the share of opportunities that are won: 25 or "10.5".
	// +required
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^(100|[0-9]{1,2}(\.[0-9]{1,3})?)$`
	// +kubebuilder:validation:XValidation:rule="type(self) != int || (self >= 1 && self <= 100)",message="a percentage above 0 and at most 100"
	CloseRatePercent *intstr.IntOrString `json:"closeRatePercent,omitempty"`

	// mqlToOpportunityPercent is the share of MQLs that become opportunities: 30 or "12.5".
	// +required
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^(100|[0-9]{1,2}(\.[0-9]{1,3})?)$`
	// +kubebuilder:validation:XValidation:rule="type(self) != int || (self >= 1 && self <= 100)",message="a percentage above 0 and at most 100"
	MQLToOpportunityPercent *intstr.IntOrString `json:"mqlToOpportunityPercent,omitempty"`
}

// MarketingTerms are what marketing owes sales.
type MarketingTerms struct {
	// volume of qualified leads a month.
	// +optional
	Volume *VolumeClause `json:"volume,omitempty"`

	// completeness: the share of leads that had every required field when they first reached a path to MQL.
	// +optional
	Completeness *ShareClause `json:"completeness,omitempty"`

	// score: the share of MQLs whose score at hand-off was at or above what their path demands.
	// +optional
	Score *ShareClause `json:"score,omitempty"`

	// delivery: the share of MQLs that a rep owned within the window after they qualified.
	// +optional
	Delivery *DeliveryClause `json:"delivery,omitempty"`
}

// VolumeSource says where the volume target comes from.
// +kubebuilder:validation:Enum=Funnel
type VolumeSource string

// VolumeClause is the number of distinct leads that first become MQL in a calendar month. During the month it is judged by the
// pace: target times elapsed business time of the month.
// +kubebuilder:validation:XValidation:rule="has(self.from) != has(self.mqlsPerMonth)",message="either `from: Funnel` or `mqlsPerMonth`"
type VolumeClause struct {
	// from: Funnel takes the target from `terms.funnel`.
	// +optional
	From VolumeSource `json:"from,omitempty"`

	// mqlsPerMonth states the target.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	MQLsPerMonth *int32 `json:"mqlsPerMonth,omitempty"`

	// severeBelowPercent of the target is a severe miss, which escalates to level 2 at once. During the month it is judged by the pace, once half
	// of the month's business time is over. Default 70.
	// +optional
	SevereBelowPercent *Percent `json:"severeBelowPercent,omitempty"`
}

// ShareClause is met when at least targetPercent of the leads meet it.
type ShareClause struct {
	// targetPercent of leads.
	// +required
	TargetPercent *Percent `json:"targetPercent,omitempty"`
}

// DeliveryMechanism says who gives a qualified lead its owner.
// +kubebuilder:validation:Enum=Automatic;CRM
type DeliveryMechanism string

// DeliveryClause is the time from qualification to an owner, on the wall clock.
type DeliveryClause struct {
	// within is the window.
	// +required
	Within WallWindow `json:"within,omitempty"`

	// mechanism: Automatic, the routing worker picks the owner from `routing.pools`; CRM, another system does and reports it with
	// an assigned event, which is timed. Default Automatic.
	// +optional
	Mechanism DeliveryMechanism `json:"mechanism,omitempty"`

	// targetPercent of leads.
	// +required
	TargetPercent *Percent `json:"targetPercent,omitempty"`
}

// SalesTerms are what sales owes marketing.
type SalesTerms struct {
	// firstContact: the share of MQLs with a genuine contact within their intent's window, from the moment a rep owns the lead.
	// +optional
	FirstContact *FirstContactClause `json:"firstContact,omitempty"`

	// disposition: the share of MQLs that were accepted, recycled or disqualified within the window, from the moment a rep owns the lead.
	// +optional
	Disposition *DispositionClause `json:"disposition,omitempty"`

	// rejection: the share of recycled and disqualified leads that carry a reason code of the definition at the first attempt.
	// +optional
	Rejection *ShareClause `json:"rejection,omitempty"`

	// acceptance: the share of MQLs that sales took on, or gave back with a reason code, within the window, from the moment a rep owns the
	// lead.
	// +optional
	Acceptance *AcceptanceClause `json:"acceptance,omitempty"`

	// followUp: the share of MQLs that sales tried to reach as agreed, or spoke with, before it gave them up. Dispositions with
	// `fullCadence: Required` need it.
	// +optional
	FollowUp *FollowUpClause `json:"followUp,omitempty"`

	// feedback: the share of recycled and disqualified leads with structured feedback: a rating or categories, by a feedback event. It counts
	// in the week of the rejection and may come until the week after it is over.
	// +optional
	Feedback *ShareClause `json:"feedback,omitempty"`
}

// AcceptanceClause is the time from ownership until sales takes the lead on or rejects it with a reason code, on the wall clock.
type AcceptanceClause struct {
	// within is the window.
	// +required
	Within WallWindow `json:"within,omitempty"`

	// targetPercent of leads.
	// +required
	TargetPercent *Percent `json:"targetPercent,omitempty"`
}

// FollowUpClause is how persistent sales is. Attempts are outbound touches since the hand-off, by a person or automated. A conversation, which is
// a two-way touch by a person, a meeting or an answered call, satisfies it; so does a qualified event or an opportunity. A lead that is
// given back before, without a reason code that counts, misses it. One that is accepted by a disposition, or given back with a code, is
// out of it.
// +kubebuilder:validation:XValidation:rule="!has(self.channels) || self.channels <= self.attempts",message="`channels` cannot be more than `attempts`"
// +kubebuilder:validation:XValidation:rule="!has(self.minSpan) || self.attempts > 1",message="`minSpan` is the time from the first attempt to the last: it needs at least two"
type FollowUpClause struct {
	// attempts to reach the lead, at least.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	Attempts int32 `json:"attempts,omitempty"`

	// minSpan is how long, on the wall clock, the first attempt and the last must be apart: shorter than within. No time when absent.
	// +optional
	MinSpan WallWindow `json:"minSpan,omitempty"`

	// within is the window for all of them, on the wall clock from the moment a rep owns the lead.
	// +required
	Within WallWindow `json:"within,omitempty"`

	// channels is how many different ones, such as Phone and Email, must be among them. One when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	Channels *int32 `json:"channels,omitempty"`

	// targetPercent of leads.
	// +required
	TargetPercent *Percent `json:"targetPercent,omitempty"`
}

// FirstContactClause is speed to lead. A genuine contact is an outbound touch by a person, an answered inbound call or a
// meeting; a status change, an inbound or an automated mail is none.
type FirstContactClause struct {
	// targetPercent of leads, in each tier.
	// +required
	TargetPercent *Percent `json:"targetPercent,omitempty"`

	// severeBelowContactedPercent: a week in which fewer of the leads, over all tiers, were contacted at all is a severe miss, which escalates to
	// level 2 at once. Default 50.
	// +optional
	SevereBelowContactedPercent *Percent `json:"severeBelowContactedPercent,omitempty"`

	// tiers by intent. A lead with an intent that no tier names has no first-contact clock; the contract does not adopt a definition
	// without the intents named here.
	// +required
	// +listType=map
	// +listMapKey=intent
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	Tiers []FirstContactTier `json:"tiers,omitempty"`
}

// FirstContactTier is the window of one intent.
type FirstContactTier struct {
	// intent of the definition.
	// +required
	Intent Name `json:"intent,omitempty"`

	// within is the window in business time.
	// +required
	Within BusinessWindow `json:"within,omitempty"`

	// outsideHours is a second window on the wall clock, which ends the wait earlier when it ends outside business hours.
	// +optional
	OutsideHours WallWindow `json:"outsideHours,omitempty"`
}

// DispositionClause is the time from ownership to an outcome, on the wall clock.
type DispositionClause struct {
	// within is the window.
	// +required
	Within WallWindow `json:"within,omitempty"`

	// targetPercent of leads.
	// +required
	TargetPercent *Percent `json:"targetPercent,omitempty"`
}
