// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// EnforcementMode says what happens at the enforcement points of the agreement.
// +kubebuilder:validation:Enum=Enforce;Observe
type EnforcementMode string

// The modes.
const (
	// Enforce holds a lead without a required field, refuses a rejection without a reason code, and does not take a code before its attempts.
	Enforce EnforcementMode = "Enforce"
	// Observe lets all of that pass and reports it.
	Observe EnforcementMode = "Observe"
)

// Governance is what both sides owe the agreement itself.
// +kubebuilder:validation:MinProperties=1
type Governance struct {
	// reviewsHeld: Required makes each review of the contract's ReviewCadence a commitment of both: it is held by its due date, and `records` of the
	// cadence say so for both parties.
	// +optional
	ReviewsHeld ReviewsHeld `json:"reviewsHeld,omitempty"`

	// definitionRefresh: Quarterly makes it a commitment of both to sign definition and terms again in each quarter; the same text may be signed again
	// with a new date.
	// +optional
	DefinitionRefresh DefinitionRefresh `json:"definitionRefresh,omitempty"`
}

// ReviewsHeld says whether reviews are a commitment.
// +kubebuilder:validation:Enum=Required
type ReviewsHeld string

// DefinitionRefresh is how often definition and terms are signed again.
// +kubebuilder:validation:Enum=Quarterly
type DefinitionRefresh string

// EscalationTerms are what raises an escalation. Level 1 is a clause that was missed in a closed week.
// +kubebuilder:validation:MinProperties=1
type EscalationTerms struct {
	// level2 concerns both owners: marketing's and sales'. A severe miss goes there at once.
	// +optional
	Level2 *EscalationLevel2 `json:"level2,omitempty"`

	// level3 concerns the executive. A dispute goes there at once.
	// +optional
	Level3 *EscalationLevel3 `json:"level3,omitempty"`
}

// EscalationLevel2 is raised by misses in a row.
type EscalationLevel2 struct {
	// consecutiveMisses is how many closed weeks in a row a clause is missed until both owners deal with it. Weeks with too few leads, and waived ones,
	// neither end a row nor belong to it. Default 2.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=26
	ConsecutiveMisses int32 `json:"consecutiveMisses,omitempty"`
}

// EscalationLevel3 is raised by a level 2 that lasts.
type EscalationLevel3 struct {
	// unresolvedWeeks is how many weeks a level 2 lasts until the executive deals with it. Default 2.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=26
	UnresolvedWeeks int32 `json:"unresolvedWeeks,omitempty"`
}

// Dispute is a disagreement about the terms themselves. It is an escalation of level 3 until the executive resolves it.
type Dispute struct {
	// raisedBy is the party that disagrees.
	// +required
	RaisedBy Party `json:"raisedBy,omitempty"`

	// at is when it was raised, RFC 3339.
	// +required
	At metav1.Time `json:"at,omitzero"`

	// clause that it is about; the terms as a whole when absent.
	// +optional
	Clause ClauseName `json:"clause,omitempty"`

	// reason in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// resolution ends it, by the executive.
	// +optional
	Resolution *DisputeResolution `json:"resolution,omitempty"`
}

// DisputeResolution is what the executive decided.
type DisputeResolution struct {
	// by names the executive, for people to read.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	By string `json:"by,omitempty"`

	// at is when it was decided, RFC 3339.
	// +required
	At metav1.Time `json:"at,omitzero"`

	// decision in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Decision string `json:"decision,omitempty"`
}

// ClauseName is a clause of the terms.
// +kubebuilder:validation:Enum=volume;completeness;score;delivery;acceptance;firstContact;followUp;disposition;rejection;feedback;reviewsHeld;definitionRefresh
type ClauseName string

// MissCause is the kind of a cause.
// +kubebuilder:validation:Enum=Resource;Process;Data;People
type MissCause string

// Remediation is the plan for a miss. It is recorded by pull request, and carried from report to report until it is done.
type Remediation struct {
	// name of the plan.
	// +required
	Name Name `json:"name,omitempty"`

	// clause that was missed.
	// +required
	Clause ClauseName `json:"clause,omitempty"`

	// cause, as far as it is known: Resource, Process, Data or People.
	// +optional
	Cause MissCause `json:"cause,omitempty"`

	// owner who carries the plan out.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Owner string `json:"owner,omitempty"`

	// plan in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Plan string `json:"plan,omitempty"`

	// due is the date by which it is done, YYYY-MM-DD in the calendar's time zone.
	// +required
	Due Date `json:"due,omitempty"`

	// done is the date on which it was; open when absent.
	// +optional
	Done Date `json:"done,omitempty"`
}

// Date is a day as YYYY-MM-DD in the calendar's time zone.
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
type Date string

// Waiver takes a clause out of judgement for the weeks that it touches, by agreement of both parties. It changes no terms and ends by itself. It
// holds for a week when both signed it within 7 days of the week's end.
// +kubebuilder:validation:XValidation:rule="self.from <= self.to",message="a waiver ends on or after the day on which it begins"
// +kubebuilder:validation:XValidation:rule="timestamp(self.to + 'T00:00:00Z') - timestamp(self.from + 'T00:00:00Z') <= duration('2184h')",message="a waiver lasts at most a quarter (92 days)"
type Waiver struct {
	// name of the waiver.
	// +required
	Name Name `json:"name,omitempty"`

	// clause that is not judged.
	// +required
	Clause ClauseName `json:"clause,omitempty"`

	// from is its first day.
	// +required
	From Date `json:"from,omitempty"`

	// to is its last day.
	// +required
	To Date `json:"to,omitempty"`

	// reason in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// signOffs of both parties over the digest of the waiver; `kubectl sla sign --waiver NAME` writes them.
	// +optional
	// +listType=map
	// +listMapKey=party
	// +kubebuilder:validation:MaxItems=2
	SignOffs []SignOff `json:"signOffs,omitempty"`
}

// EscalationStatus is a clause that was missed, or is disputed, and is not yet resolved. There is at most one a clause.
type EscalationStatus struct {
	// clause that was missed or is disputed; `terms` is a dispute about the agreement itself.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Clause string `json:"clause,omitempty"`

	// level: 1 is for the weekly meeting, 2 for both owners, 3 for the executive.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3
	Level int32 `json:"level,omitempty"`

	// since is when it was raised: the end of the first week that was missed, or when a dispute was put forward before that.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// levelSince is when it reached its level.
	// +required
	LevelSince metav1.Time `json:"levelSince,omitzero"`

	// owners who deal with it.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	Owners []string `json:"owners,omitempty"`

	// reason in words, with the numbers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// due is when it goes up a level unless it is resolved; absent at level 3.
	// +optional
	Due *metav1.Time `json:"due,omitempty"`

	// clears in words: what ends it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Clears string `json:"clears,omitempty"`

	// remediations are the names of the plans for it that are not yet done.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Remediations []string `json:"remediations,omitempty"`
}

// ClosedWeek is how the clauses of a closed week were judged. A clause with tiers is as bad as its worst tier.
type ClosedWeek struct {
	// period is the ISO week.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Period string `json:"period,omitempty"`

	// met clauses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Met []ClauseName `json:"met,omitempty"`

	// atRisk clauses: behind a pace that is not over.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	AtRisk []ClauseName `json:"atRisk,omitempty"`

	// missed clauses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Missed []ClauseName `json:"missed,omitempty"`

	// severe are those of the missed that were missed by far.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Severe []ClauseName `json:"severe,omitempty"`

	// insufficient are clauses with too few leads to be judged.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Insufficient []ClauseName `json:"insufficient,omitempty"`

	// waived clauses.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Waived []ClauseName `json:"waived,omitempty"`
}

// WaitedFor is a measured length of time in hours, minutes and seconds, such as `2h15m0s` or `0s`.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:Pattern=`^([0-9]+h)?([0-9]+m)?[0-9]+s$`
type WaitedFor string

// ResponseTimes are how long leads waited in a period, in the time that the clause counts.
type ResponseTimes struct {
	// leads that these are of: those that were done.
	// +required
	// +kubebuilder:validation:Minimum=0
	Leads *int64 `json:"leads,omitempty"`

	// median: half of the leads waited no longer, such as `4m10s`.
	// +required
	Median WaitedFor `json:"median,omitempty"`

	// p90: nine in ten waited no longer.
	// +required
	P90 WaitedFor `json:"p90,omitempty"`

	// within5m is the number that waited at most five minutes.
	// +required
	// +kubebuilder:validation:Minimum=0
	Within5m *int64 `json:"within5m,omitempty"`

	// within15m is the number that waited at most fifteen.
	// +required
	// +kubebuilder:validation:Minimum=0
	Within15m *int64 `json:"within15m,omitempty"`
}
