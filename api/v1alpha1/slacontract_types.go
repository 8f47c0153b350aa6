// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SLAContractSpec is the terms, which both teams sign together with `definitionRef`, and the machinery that enforces them, which needs no signature.
type SLAContractSpec struct {
	// definitionRef names the LeadDefinition in the same namespace.
	// +required
	DefinitionRef ObjectReference `json:"definitionRef,omitzero"`

	// terms are what the two teams owe each other. Both sign them: a change takes effect when both parties have signed the
	// digest of what is written (`status.digest`), and until then the terms in force stay in force. Every clause is optional; a clause
	// that is left out is not measured. Windows of first contact count business time, all others the wall clock, and weeks and months
	// begin in the calendar's time zone.
	// +required
	Terms Terms `json:"terms,omitzero"`

	// signOffs of both parties over the digest of `terms` and `definitionRef`.
	// +optional
	// +listType=map
	// +listMapKey=party
	// +kubebuilder:validation:MaxItems=2
	SignOffs []SignOff `json:"signOffs,omitempty"`

	// dispute is a disagreement about the terms themselves: an escalation of level 3 until the executive resolves it.
	// +optional
	Dispute *Dispute `json:"dispute,omitempty"`

	// remediations are the plans for what was missed.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Remediations []Remediation `json:"remediations,omitempty"`

	// waivers take clauses out of judgement for a time, by both parties.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Waivers []Waiver `json:"waivers,omitempty"`

	// routing says who gets a qualified lead.
	// +required
	Routing Routing `json:"routing,omitzero"`

	// ingest is where events come in.
	// +required
	Ingest Ingest `json:"ingest,omitzero"`

	// ledger is the PostgreSQL database that holds the leads.
	// +required
	Ledger Ledger `json:"ledger,omitzero"`

	// crm is the system that is told how leads stand. Nobody is when it is absent.
	// +optional
	CRM *CRM `json:"crm,omitempty"`

	// notify says who is told of what happens to leads, of escalations and of reports. Nobody is when it is absent.
	// +optional
	Notify *Notify `json:"notify,omitempty"`

	// workers that enforce the contract.
	// +optional
	Workers *Workers `json:"workers,omitempty"`

	// retention of what happened to the leads. Everything is kept when absent. It is the platform's, and needs no signature.
	// +optional
	Retention *Retention `json:"retention,omitempty"`
}

// PairInForce is the pair of terms and definition that was checked to fit and is in force.
type PairInForce struct {
	// revision is the ControllerRevision that keeps the ratified terms.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// definition is the ControllerRevision that keeps the ratified definition.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Definition string `json:"definition,omitempty"`

	// bundle is the immutable ConfigMap that hands the pair to the workers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Bundle string `json:"bundle,omitempty"`

	// sequence orders the pairs; the workers never go back to a lower one. It is the Unix time of adoption in seconds, or one more than
	// the last: a contract that is made anew on the ledger tenant of an old one goes on above it.
	// +required
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// since is when the operator adopted the pair, or its effectiveFrom when that is later. The ledger's own record of the switch is what
	// leads are judged by.
	// +required
	Since metav1.Time `json:"since,omitzero"`
}

// ScheduledPair is a pair of terms and definition that was checked to fit and comes into force later. The workers have it already: the
// switch needs neither the operator nor a roll-out.
type ScheduledPair struct {
	// revision is the ControllerRevision that keeps the ratified terms.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// definition is the ControllerRevision that keeps the ratified definition.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Definition string `json:"definition,omitempty"`

	// bundle is the immutable ConfigMap that hands the pair to the workers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Bundle string `json:"bundle,omitempty"`

	// sequence orders the pairs. Of those whose time has come, the highest is in force.
	// +required
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// effectiveFrom is when it comes into force, by the ledger's clock.
	// +required
	EffectiveFrom metav1.Time `json:"effectiveFrom,omitzero"`
}

// LeadCounts are the leads of the contract.
type LeadCounts struct {
	// captured is the number of leads in the ledger.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Captured *int64 `json:"captured,omitempty"`

	// mqls is the number that ever qualified and were handed off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MQLs *int64 `json:"mqls,omitempty"`

	// held is the number that qualified without a required field and wait for it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Held *int64 `json:"held,omitempty"`

	// unrouted is the number of MQLs without an owner.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unrouted *int64 `json:"unrouted,omitempty"`

	// fallback is the number of MQLs whose owner came from `routing.unroutable.pool`, since no pool could take them.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Fallback *int64 `json:"fallback,omitempty"`

	// waiting is the number of leads with events that are not yet worked off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Waiting *int64 `json:"waiting,omitempty"`

	// recycled is the number that sales gave back for later.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Recycled *int64 `json:"recycled,omitempty"`

	// disqualified is the number that sales gave back for good.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Disqualified *int64 `json:"disqualified,omitempty"`

	// suppressed is the number that are not to be contacted, they themselves or their accounts.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Suppressed *int64 `json:"suppressed,omitempty"`

	// duplicates is the number that are the person of a lead that was captured before; they are not handed off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Duplicates *int64 `json:"duplicates,omitempty"`

	// merged is the number that were taken into another lead; they are not among the captured.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Merged *int64 `json:"merged,omitempty"`

	// excluded is the number for which an exclusion of the definition holds, such as customers; they are not handed off.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Excluded *int64 `json:"excluded,omitempty"`

	// beforeGoLive is the number that reached a path before the first terms took effect; nothing is owed of them, and they are not among the MQLs.
	// +optional
	// +kubebuilder:validation:Minimum=0
	BeforeGoLive *int64 `json:"beforeGoLive,omitempty"`
}

// SLAContractStatus is what the operator observed and judged.
type SLAContractStatus struct {
	// conditions: Ready (the operator did its job), Ratified (both signed what is written), WorkersAvailable, Measured (counts are
	// current), Compliant (the business outcome), RecordsAccepted (waivers, plans and dispute count as they are written), EffectsAvailable (the
	// Secrets of notify and crm.events are there), CRMAvailable (the CRM that the leads live in answers, and the mapping fits it), Stalled (needs an
	// edit).
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation that the rest of the status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// digest of the terms that are written now; sign this.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// terms in force: the ratified revision of the terms.
	// +optional
	Terms *InForce `json:"terms,omitempty"`

	// inForce is the checked pair of terms and definition that the workers enforce.
	// +optional
	InForce *PairInForce `json:"inForce,omitempty"`

	// pending is there while terms are written that are not in force.
	// +optional
	Pending *Pending `json:"pending,omitempty"`

	// scheduled are the checked pairs that come into force later, the next one first, at most 10. An edit that is not signed changes nothing
	// about them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Scheduled []ScheduledPair `json:"scheduled,omitempty"`

	// ingestAddress is where events are sent inside the cluster.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	IngestAddress string `json:"ingestAddress,omitempty"`

	// volumeTarget is the number of MQLs a month that marketing owes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	VolumeTarget *int32 `json:"volumeTarget,omitempty"`

	// mqls of the month against the target, such as "118/133".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	MQLs string `json:"mqls,omitempty"`

	// firstContact is the share contacted in time in the worst tier, such as "81%".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	FirstContact string `json:"firstContact,omitempty"`

	// leads of the contract, by where they are.
	// +optional
	Leads *LeadCounts `json:"leads,omitempty"`

	// scorecard has a row a clause (and tier), worst first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Scorecard []ScorecardRow `json:"scorecard,omitempty"`

	// escalation is the highest level that is open, and of which clause, such as "2 firstContact"; absent when none is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Escalation string `json:"escalation,omitempty"`

	// escalations that are open, the highest first, at most one a clause.
	// +optional
	// +listType=map
	// +listMapKey=clause
	// +kubebuilder:validation:MaxItems=20
	Escalations []EscalationStatus `json:"escalations,omitempty"`

	// history are the closed weeks as they were judged, the newest first, at most 26.
	// +optional
	// +listType=map
	// +listMapKey=period
	// +kubebuilder:validation:MaxItems=26
	History []ClosedWeek `json:"history,omitempty"`

	// advice in words that follows from more than one week, such as to renegotiate after two escalations of level 3 in a quarter.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Advice []string `json:"advice,omitempty"`
}

// SLAContract is the agreement between marketing and sales: what each owes the other, and how it is enforced.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=slac,categories=sla
// +kubebuilder:printcolumn:name="Compliant",type=string,JSONPath=`.status.conditions[?(@.type=="Compliant")].status`
// +kubebuilder:printcolumn:name="Escalation",type=string,JSONPath=`.status.escalation`
// +kubebuilder:printcolumn:name="MQLs",type=string,JSONPath=`.status.mqls`
// +kubebuilder:printcolumn:name="First-contact",type=string,JSONPath=`.status.firstContact`
// +kubebuilder:printcolumn:name="Ratified",type=string,JSONPath=`.status.conditions[?(@.type=="Ratified")].status`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="In force",type=string,JSONPath=`.status.inForce.revision`,priority=1
// +kubebuilder:printcolumn:name="Definition",type=string,JSONPath=`.status.inForce.definition`,priority=1
// +kubebuilder:printcolumn:name="Next from",type=string,JSONPath=`.status.scheduled[0].effectiveFrom`,priority=1
// +kubebuilder:printcolumn:name="Leads",type=integer,JSONPath=`.status.leads.captured`,priority=1
// +kubebuilder:printcolumn:name="Unrouted",type=integer,JSONPath=`.status.leads.unrouted`,priority=1
// +kubebuilder:printcolumn:name="Outcome",type=string,JSONPath=`.status.conditions[?(@.type=="Compliant")].message`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40",message="metadata.name must have at most 40 characters: child objects are named after it"
type SLAContract struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the terms and the machinery.
	// +required
	Spec SLAContractSpec `json:"spec,omitzero"`

	// status is what the operator observed and judged.
	// +optional
	Status SLAContractStatus `json:"status,omitzero"`
}

// SLAContractList is a list of SLAContracts.
// +kubebuilder:object:root=true
type SLAContractList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SLAContract `json:"items"`
}
