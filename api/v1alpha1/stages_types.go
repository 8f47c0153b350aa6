// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Criterion must hold for a path to qualify a lead.
type Criterion struct {
	// expression in CEL over `lead` and `signals`. It does not hold when it reads a value the lead does not have.
	// +required
	Expression Expression `json:"expression,omitempty"`

	// message says in words what is missing when it does not hold. It names the criterion in error messages.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Message string `json:"message,omitempty"`
}

// Account names the company that a lead is a contact of.
type Account struct {
	// field is the name of the String field that names the account. Leads whose values are equal, but for white space around them
	// and upper and lower case, have the same account; a lead without a value has none.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Field string `json:"field,omitempty"`
}

// AccountPath is what the contacts of a lead's account must reach together.
type AccountPath struct {
	// minContacts is how many leads of the account there must be, this one included.
	// +required
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=1000
	MinContacts int32 `json:"minContacts,omitempty"`

	// threshold is what their scores must sum to, each as of that lead's own last event.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Threshold int32 `json:"threshold,omitempty"`
}

// Path is one way to become a marketing qualified lead (MQL).
// +kubebuilder:validation:XValidation:rule="has(self.threshold) || has(self.criteria) || has(self.account)",message="a path needs a threshold, criteria or both, or `account`"
// +kubebuilder:validation:XValidation:rule="!has(self.threshold) || !has(self.account)",message="a path has either a `threshold` (of this lead) or an `account` (of all its contacts)"
type Path struct {
	// name of the path.
	// +required
	Name Name `json:"name,omitempty"`

	// threshold is the score that the lead must reach. No score is demanded when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Threshold *int32 `json:"threshold,omitempty"`

	// account qualifies the buying group: the contacts of this lead's account together. The lead whose event tips it is the one handed over;
	// others qualify at their own next event. Criteria beside it are about this lead.
	// +optional
	Account *AccountPath `json:"account,omitempty"`

	// criteria must all hold.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Criteria []Criterion `json:"criteria,omitempty"`
}

// MQLStage says when a lead is a marketing qualified lead.
type MQLStage struct {
	// paths are tried in order; the first that holds qualifies the lead.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q.name == p.name))",message="path names must be unique"
	Paths []Path `json:"paths,omitempty"`
}

// SQLCriterion must hold for an MQL to become a sales qualified lead (SQL).
type SQLCriterion struct {
	// name of the criterion, such as budget. Those that do not hold are named in the ledger.
	// +required
	Name Name `json:"name,omitempty"`

	// expression in CEL over `qualification`, `lead` and `signals`. `qualification` is what sales found out in a conversation: budget,
	// businessCase, authority and decisionMakerAccess (true or false), need (a text) and timelineDays (a whole number). The criterion does
	// not hold when it reads a value that nobody told.
	// +required
	Expression Expression `json:"expression,omitempty"`

	// message says in words what is missing when it does not hold. `kubectl sla explain` shows it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Message string `json:"message,omitempty"`
}

// SQLStage says when an MQL is a sales qualified lead.
type SQLStage struct {
	// criteria must all hold, such as budget, authority, need and timeline.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Criteria []SQLCriterion `json:"criteria,omitempty"`
}

// Stages of a lead's life that the definition decides.
type Stages struct {
	// mql says when a lead is a marketing qualified lead.
	// +required
	MQL MQLStage `json:"mql,omitzero"`

	// sql says when an MQL is a sales qualified lead, by the qualified events that sales sends after a conversation. Without it, the first
	// such event makes the lead one.
	// +optional
	SQL *SQLStage `json:"sql,omitempty"`

	// exclusions are who is never handed off, such as existing customers: while one of them holds, a lead has the stage Excluded and is counted
	// by its name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Exclusions []Exclusion `json:"exclusions,omitempty"`
}

// Exclusion keeps leads out.
type Exclusion struct {
	// name of the exclusion, such as customer.
	// +required
	Name Name `json:"name,omitempty"`

	// when is a CEL expression over `lead` and `signals`. It does not hold when it reads a value the lead does not have.
	// +required
	When Expression `json:"when,omitempty"`
}
