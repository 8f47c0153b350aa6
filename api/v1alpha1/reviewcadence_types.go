// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReviewType says what a review covers.
// +kubebuilder:validation:Enum=Operational;Performance;Strategic
type ReviewType string

// The types.
const (
	// ReviewOperational covers ISO weeks: the scorecard of each closed week.
	ReviewOperational ReviewType = "Operational"
	// ReviewPerformance covers months: trends, outcomes, misses that persist.
	ReviewPerformance ReviewType = "Performance"
	// ReviewStrategic covers quarters: the questions of the quarter, the funnel as it was, and a proposal for the next.
	ReviewStrategic ReviewType = "Strategic"
)

// PublishMode says to whom reports are sent.
// +kubebuilder:validation:Enum=All;None
type PublishMode string

// The modes.
const (
	// PublishAll sends each report to marketing, sales and, from a quarterly one or with an open escalation of level 3, the executive.
	PublishAll PublishMode = "All"
	// PublishNone sends it to nobody.
	PublishNone PublishMode = "None"
)

// Publish says who gets the reports besides those who read the cluster.
type Publish struct {
	// notify: All sends each report through `notify` of the contract: mail with the report attached, chat with its summary. Default None.
	// +required
	Notify PublishMode `json:"notify,omitempty"`
}

// ReviewAction is something that was agreed to be done.
type ReviewAction struct {
	// what is to be done.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	What string `json:"what,omitempty"`

	// owner who does it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Owner string `json:"owner,omitempty"`

	// due is the date by which it is done.
	// +optional
	Due Date `json:"due,omitempty"`

	// done is the date on which it was; open when absent. Open ones are carried into the next reports.
	// +optional
	Done Date `json:"done,omitempty"`
}

// ReviewRecord says that a review was held, and what came of it.
// +kubebuilder:validation:XValidation:rule="self.by.all(p, self.by.filter(q, q == p).size() == 1)",message="each party once"
type ReviewRecord struct {
	// review that was held, by its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Review string `json:"review,omitempty"`

	// period that was reviewed: 2027-W03, 2027-01 or 2027-Q1.
	// +required
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(W(0[1-9]|[1-4][0-9]|5[0-3])|0[1-9]|1[0-2]|Q[1-4])$`
	Period string `json:"period,omitempty"`

	// held is the date on which it was.
	// +required
	Held Date `json:"held,omitempty"`

	// by are the parties that took part; a review is held when both did.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	By []Party `json:"by,omitempty"`

	// decisions that were taken. The next reports carry them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Decisions []string `json:"decisions,omitempty"`

	// actions that were agreed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Actions []ReviewAction `json:"actions,omitempty"`
}

// Review is one recurring review.
type Review struct {
	// name of the review, such as weekly.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// type: Operational reports closed ISO weeks, Performance closed months, Strategic closed quarters.
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

	// heldWithin is how long after its schedule the review is held at the latest. Default 4d for Operational, 10d for Performance, 21d for Strategic.
	// +optional
	HeldWithin WallWindow `json:"heldWithin,omitempty"`
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

	// publish says who gets the reports besides those who read the cluster. Nobody when absent.
	// +optional
	Publish *Publish `json:"publish,omitempty"`

	// records of the reviews that were held, by pull request: the minutes are in git.
	// +optional
	// +listType=map
	// +listMapKey=review
	// +listMapKey=period
	// +kubebuilder:validation:MaxItems=200
	Records []ReviewRecord `json:"records,omitempty"`

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

	// next is when the job of the review runs next.
	// +optional
	Next *metav1.Time `json:"next,omitempty"`

	// lastRun is when its job last started.
	// +optional
	LastRun *metav1.Time `json:"lastRun,omitempty"`

	// last is the newest report.
	// +optional
	Last *ReviewReport `json:"last,omitempty"`

	// heldBy is when the review of `last` is to be held at the latest; absent once it was, or when nothing was reported yet.
	// +optional
	HeldBy *metav1.Time `json:"heldBy,omitempty"`

	// held is the newest period whose review both parties held.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Held string `json:"held,omitempty"`

	// missed are the newest periods, at most 10, whose review was not held by its date and is not held yet.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=16
	Missed []string `json:"missed,omitempty"`

	// openActions is the number of agreed actions that are not done.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OpenActions *int32 `json:"openActions,omitempty"`
}

// ReviewCadenceStatus is what the operator observed.
type ReviewCadenceStatus struct {
	// conditions: Ready (every review is scheduled), ReviewsHeld (each review that was due was held by both), RatificationCurrent (definition and
	// terms were signed again in time: Current, Due, Overdue, Lapsed), Stalled (needs an edit).
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
