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
	// +kubebuilder:validation:MaxItems=1000
	Members []Member `json:"members,omitempty"`
}

// OwnerFirst says whether a lead goes to somebody who has to do with it already.
// +kubebuilder:validation:Enum=Prefer;Ignore
type OwnerFirst string

// The values.
const (
	OwnerFirstPrefer OwnerFirst = "Prefer"
	OwnerFirstIgnore OwnerFirst = "Ignore"
)

// UnroutablePolicy says what becomes of a lead that no pool can take.
// +kubebuilder:validation:Enum=Hold;Pool
type UnroutablePolicy string

// The policies.
const (
	UnroutableHold UnroutablePolicy = "Hold"
	UnroutablePool UnroutablePolicy = "Pool"
)

// Unroutable is about leads that no pool can take: no `when` holds, or nobody is available. None is ever dropped.
// +kubebuilder:validation:XValidation:rule="(has(self.policy) && self.policy == 'Pool') == has(self.pool)",message="policy Pool needs `pool`, the name of one of the pools; no other policy takes one"
type Unroutable struct {
	// policy: Hold, the lead waits until somebody can take it; Pool, a member of `pool` takes it whatever that pool's `when` says, and it
	// waits only where none of them is available either. Default Hold.
	// +optional
	Policy UnroutablePolicy `json:"policy,omitempty"`

	// pool is the name of the pool that takes it under the policy Pool.
	// +optional
	Pool Name `json:"pool,omitempty"`
}

// OnBreach says what becomes of a lead that nobody has contacted in time.
// +kubebuilder:validation:Enum=Keep;Reassign
type OnBreach string

// The values.
const (
	OnBreachKeep     OnBreach = "Keep"
	OnBreachReassign OnBreach = "Reassign"
)

// Routing says who gets a qualified lead. It needs no signature. A lead that no available member can take is held, counted
// in `status.leads.unrouted`, and routed as soon as somebody can. The open leads of a rep who is taken out of every pool go back to the pools.
// +kubebuilder:validation:XValidation:rule="!has(self.unroutable) || !has(self.unroutable.pool) || self.pools.exists(p, p.name == self.unroutable.pool)",message="unroutable.pool must be the name of one of the pools"
type Routing struct {
	// ownerFirst: Prefer, a lead goes to who owned it in its last cycle, or else to who last became owner of another open or won lead of its
	// account, if he is a member of a pool and available; it costs him no turn. Ignore: always to the pools. Default Ignore.
	// +optional
	OwnerFirst OwnerFirst `json:"ownerFirst,omitempty"`

	// pools are tried in order.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q.name == p.name))",message="pool names must be unique"
	Pools []Pool `json:"pools,omitempty"`

	// unroutable says what becomes of a lead that no pool can take. It is held when absent.
	// +optional
	Unroutable *Unroutable `json:"unroutable,omitempty"`

	// onBreach: Reassign, a lead that we routed and nobody has touched goes to another rep when its first contact is overdue, once for each
	// breach; its clocks go on. Keep: it stays with its owner. Default Keep.
	// +optional
	OnBreach OnBreach `json:"onBreach,omitempty"`
}
