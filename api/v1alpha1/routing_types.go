// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Strategy is how a pool picks the owner of a lead.
// +kubebuilder:validation:Enum=RoundRobin;Weighted;LeastLoaded
type Strategy string

// TimeAway is a stretch of time in which a member takes no leads.
// +kubebuilder:validation:XValidation:rule="self.from < self.to",message="`from` must be before `to`"
type TimeAway struct {
	// from is the first instant away.
	// +required
	From metav1.Time `json:"from,omitzero"`

	// to is the first instant back.
	// +required
	To metav1.Time `json:"to,omitzero"`
}

// Member of a pool.
type Member struct {
	// rep is the id of the sales rep, as touches and the CRM name it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Rep string `json:"rep,omitempty"`

	// weight of the member under the strategy Weighted. Default 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight *int32 `json:"weight,omitempty"`

	// capacity is the most open leads that the member may own. No limit when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Capacity *int32 `json:"capacity,omitempty"`

	// away lists the times in which the member takes no leads.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Away []TimeAway `json:"away,omitempty"`
}

// Pool of reps. A lead goes to the first pool that takes it.
type Pool struct {
	// name of the pool.
	// +required
	Name Name `json:"name,omitempty"`

	// when is a CEL expression over `lead` and `signals`. A pool without one takes every lead.
	// +optional
	When Expression `json:"when,omitempty"`

	// strategy: RoundRobin gives each available member a turn; Weighted gives turns by weight; LeastLoaded takes the member with the
	// fewest open leads. Default RoundRobin.
	// +optional
	// +default="RoundRobin"
	Strategy Strategy `json:"strategy,omitempty"`

	// members of the pool.
	// +required
	// +listType=map
	// +listMapKey=rep
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	Members []Member `json:"members,omitempty"`
}

// Routing says who gets a qualified lead. It needs no signature. A lead that no available member can take is held, counted
// in `status.leads.unrouted`, and routed as soon as somebody can.
type Routing struct {
	// pools are tried in order.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q.name == p.name))",message="pool names must be unique"
	Pools []Pool `json:"pools,omitempty"`
}
