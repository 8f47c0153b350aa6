// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MeasurementRow counts the leads of one clause, tier, period and revision.
type MeasurementRow struct {
	// clause that is counted.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Clause string `json:"clause,omitempty"`

	// tier of the clause, where it has tiers.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tier string `json:"tier,omitempty"`

	// period: an ISO week such as 2027-W03 or a month such as 2027-01, in the contract's time zone.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Period string `json:"period,omitempty"`

	// revision of the terms that the leads are judged by.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// met is the number of leads that met the clause.
	// +required
	// +kubebuilder:validation:Minimum=0
	Met *int64 `json:"met,omitempty"`

	// missed is the number that missed it.
	// +required
	// +kubebuilder:validation:Minimum=0
	Missed *int64 `json:"missed,omitempty"`

	// open is the number whose clock still runs.
	// +required
	// +kubebuilder:validation:Minimum=0
	Open *int64 `json:"open,omitempty"`

	// atRisk is the number of open ones past the warning mark.
	// +required
	// +kubebuilder:validation:Minimum=0
	AtRisk *int64 `json:"atRisk,omitempty"`

	// excused is the number taken out of the clause.
	// +required
	// +kubebuilder:validation:Minimum=0
	Excused *int64 `json:"excused,omitempty"`

	// contacted is the number of those that met or missed it that were contacted at all; of firstContact only.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Contacted *int64 `json:"contacted,omitempty"`

	// times are how long the leads waited, where the clause has a clock and any lead was done.
	// +optional
	Times *ResponseTimes `json:"times,omitempty"`
}

// MeasuredPace is how many leads had become MQL in a month by the end of a week, or by the end of the month within that week.
type MeasuredPace struct {
	// week: an ISO week.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Week string `json:"week,omitempty"`

	// month whose leads are counted. A week in which a month ends has a row for that month and one for the next.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Month string `json:"month,omitempty"`

	// mqls is the number of distinct leads that became MQL in the month up to then.
	// +required
	// +kubebuilder:validation:Minimum=0
	MQLs *int64 `json:"mqls,omitempty"`

	// revision of the terms that were in force when the month began, or came into force first in it: their target is the month's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// from is when the month began for the contract, where it went live within it: the target is prorated.
	// +optional
	From *metav1.Time `json:"from,omitempty"`
}

// MeasuredSpell is a time during which terms are in force, by the ledger's record: until the next one begins.
type MeasuredSpell struct {
	// revision of the terms.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// from is when they came into force.
	// +required
	From metav1.Time `json:"from,omitzero"`
}

// Restatement is a count of a closed week or month that changed after it was frozen.
type Restatement struct {
	// clause that was counted again.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Clause string `json:"clause,omitempty"`

	// tier of the clause, where it has tiers.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tier string `json:"tier,omitempty"`

	// period that was closed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Period string `json:"period,omitempty"`

	// at is when the change was noticed, by the ledger's clock.
	// +required
	At metav1.Time `json:"at,omitzero"`

	// was is the count before, in words such as "81% (97 of 120)".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Was string `json:"was,omitempty"`

	// is the count now.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Is string `json:"is,omitempty"`
}

// SLAMeasurementStatus is what the workers counted. The manager judges it.
type SLAMeasurementStatus struct {
	// conditions of the workers: LedgerAvailable and, with `notify` or `crm`, EffectsAvailable and CRMAvailable from the routing worker, IngestAvailable
	// from the scoring worker; ClockSteady, False, while the ledger's clock is behind a time that it showed before.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// asOf is the ledger's time at which these counts were last seen to change. It never goes back.
	// +optional
	AsOf *metav1.Time `json:"asOf,omitempty"`

	// closedThrough is the last ISO week that is over by the ledger's clock. The manager judges the week after it as the current one,
	// whatever its own clock says. A week that was closed stays so.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	ClosedThrough string `json:"closedThrough,omitempty"`

	// sequence of the pair that is in force by the ledger's record.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// leads of the contract, by where they are.
	// +optional
	Leads *LeadCounts `json:"leads,omitempty"`

	// rows for the open periods and the closed ones that are still judged.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2000
	Rows []MeasurementRow `json:"rows,omitempty"`

	// paces of the open week and the closed ones that are still judged, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=80
	Paces []MeasuredPace `json:"paces,omitempty"`

	// spells during which terms were in force, the oldest first: the first is the go-live. Of more than 50, the oldest after it are left out.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Spells []MeasuredSpell `json:"spells,omitempty"`

	// restatements of frozen weeks and months, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Restatements []Restatement `json:"restatements,omitempty"`
}

// SLAMeasurement is what the workers counted for the SLAContract of the same name. Internal: the manager makes it, only that
// contract's workers write its status.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=slam,categories=sla
// +kubebuilder:printcolumn:name="Leads",type=integer,JSONPath=`.status.leads.captured`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.leads.waiting`
// +kubebuilder:printcolumn:name="Ledger",type=string,JSONPath=`.status.conditions[?(@.type=="LedgerAvailable")].status`
// +kubebuilder:printcolumn:name="Ingest",type=string,JSONPath=`.status.conditions[?(@.type=="IngestAvailable")].status`
// +kubebuilder:printcolumn:name="As of",type=date,JSONPath=`.status.asOf`
type SLAMeasurement struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// status is what the workers counted.
	// +optional
	Status SLAMeasurementStatus `json:"status,omitzero"`
}

// SLAMeasurementList is a list of SLAMeasurements.
// +kubebuilder:object:root=true
type SLAMeasurementList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SLAMeasurement `json:"items"`
}
