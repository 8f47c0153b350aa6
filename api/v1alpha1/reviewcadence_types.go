// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReviewType says what a review covers.
// +kubebuilder:validation:Enum=Operational
type ReviewType string

// ReviewOperational covers ISO weeks: the scorecard of each closed week.
const ReviewOperational ReviewType = "Operational"

// Review is one recurring review.
type Review struct {
	// name of the review, such as weekly.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// type: Operational reports closed ISO weeks.
	// +required
	Type ReviewType `json:"type,omitempty"`

	// schedule in cron form (minute hour day month weekday) in the contract's time zone, such as "0 9 * * MON".
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	Schedule string `json:"schedule,omitempty"`

	// owner of the review, named in the report.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Owner string `json:"owner,omitempty"`
}

// ReviewCadenceSpec is the governance of a contract.
type ReviewCadenceSpec struct {
	// contractRef names the SLAContract in the same namespace. One cadence a contract.
	// +required
	ContractRef ObjectReference `json:"contractRef,omitzero"`

	// reviews of the contract. Each becomes a CronJob that reports every closed period not yet reported.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Reviews []Review `json:"reviews,omitempty"`

	// historyLimit is the number of reports kept for each review; older ones are deleted, and periods further back are not reported.
	// +optional
	// +default=26
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=260
	HistoryLimit *int32 `json:"historyLimit,omitempty"`
}

// ReviewReport is the outcome of the last report of a review.
type ReviewReport struct {
	// period that the report covers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Period string `json:"period,omitempty"`

	// result in words, such as "8 green, 1 yellow, 1 red".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Result string `json:"result,omitempty"`

	// report is the ConfigMap that holds the report.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Report string `json:"report,omitempty"`
}

// ReviewStatus is the state of one review.
type ReviewStatus struct {
	// name of the review.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name,omitempty"`

	// next is when the review is due next.
	// +optional
	Next *metav1.Time `json:"next,omitempty"`

	// lastRun is when its job last started.
	// +optional
	LastRun *metav1.Time `json:"lastRun,omitempty"`

	// last is the newest report.
	// +optional
	Last *ReviewReport `json:"last,omitempty"`
}

// ReviewCadenceStatus is what the operator observed.
type ReviewCadenceStatus struct {
	// conditions: Ready (every review is scheduled), Stalled (needs an edit).
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation that the rest of the status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// timeZone that the schedules are read in: the contract's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`

	// reviews in the order of the spec.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Reviews []ReviewStatus `json:"reviews,omitempty"`
}

// ReviewCadence schedules the reviews that keep an SLAContract honest.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=cadence,categories=sla
// +kubebuilder:printcolumn:name="Contract",type=string,JSONPath=`.spec.contractRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Last",type=string,JSONPath=`.status.reviews[0].last.period`
// +kubebuilder:printcolumn:name="Result",type=string,JSONPath=`.status.reviews[0].last.result`
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.reviews[0].next`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.spec.reviews.all(r, size(self.metadata.name) + 1 + size(r.name) <= 52)",message="metadata.name and a review's name together must have at most 51 characters: CronJobs are named after both"
type ReviewCadence struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the governance.
	// +required
	Spec ReviewCadenceSpec `json:"spec,omitzero"`

	// status is what the operator observed.
	// +optional
	Status ReviewCadenceStatus `json:"status,omitzero"`
}

// ReviewCadenceList is a list of ReviewCadences.
// +kubebuilder:object:root=true
type ReviewCadenceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []ReviewCadence `json:"items"`
}
