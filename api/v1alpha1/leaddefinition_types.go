// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FieldType is the type of a lead's field.
// +kubebuilder:validation:Enum=String;StringList;Integer;Number;Boolean;Timestamp
type FieldType string

// Field is one field of the lead record. Expressions read it as `lead.<name>`.
type Field struct {
	// name in expressions: `lead.<name>`.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z][A-Za-z0-9]*$`
	Name string `json:"name,omitempty"`

	// type of the value. An event whose value does not fit is refused with the field's name.
	// +required
	Type FieldType `json:"type,omitempty"`

	// property is the name that the source (an event, an export, a CRM) uses for this field; the field's own name when
	// absent. It is not part of what is signed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Property string `json:"property,omitempty"`

	// required fields must be present when a lead is handed to sales. A lead that qualifies without one is held and
	// counts against the completeness clause. Default false.
	// +optional
	Required *bool `json:"required,omitempty"`
}

// Signal names a kind of behaviour. Expressions read `signals.<name>.count` and `signals.<name>.within("90d")`.
type Signal struct {
	// name in expressions and in `scoring.groups[].rules[].signal`.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z][A-Za-z0-9]*$`
	Name string `json:"name,omitempty"`

	// activity is the type of activity event that counts, such as PageView, Download or FormSubmit.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Activity string `json:"activity,omitempty"`

	// when narrows it to activities for which this CEL expression over `activity` (a map of the event's properties) is true.
	// An activity without a property that the expression reads does not count. All activities of the type count when absent.
	// +optional
	When Expression `json:"when,omitempty"`
}

// Rule gives points. A fit rule has `when` and gives its points once; a behaviour rule has `signal` and gives them for
// each occurrence.
// +kubebuilder:validation:XValidation:rule="has(self.when) != has(self.signal)",message="a rule has either `when` (fit) or `signal` (behaviour)"
// +kubebuilder:validation:XValidation:rule="has(self.signal) || (!has(self.max) && !has(self.halfLife))",message="`max` and `halfLife` need `signal`"
type Rule struct {
	// name of the rule, unique in the definition.
	// +required
	Name Name `json:"name,omitempty"`

	// when is a CEL expression over `lead`. It does not match when it reads a value the lead does not have.
	// +optional
	When Expression `json:"when,omitempty"`

	// signal is the name of one. (Not `on`, as one might expect: YAML reads that key as true.)
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Signal string `json:"signal,omitempty"`

	// points for a match, or for each occurrence. Negative points take away.
	// +required
	// +kubebuilder:validation:Minimum=-1000
	// +kubebuilder:validation:Maximum=1000
	Points *int32 `json:"points,omitempty"`

	// max caps what all occurrences together give. No cap when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Max *int32 `json:"max,omitempty"`

	// halfLife halves an occurrence's points for each such time since the occurrence itself. No decay when absent.
	// +optional
	HalfLife WallWindow `json:"halfLife,omitempty"`
}

// RuleGroup sums rules and clamps the sum to 0..max.
type RuleGroup struct {
	// name of the group.
	// +required
	Name Name `json:"name,omitempty"`

	// max is the most that the group gives. No limit when absent; the least is always 0.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Max *int32 `json:"max,omitempty"`

	// rules of the group.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	Rules []Rule `json:"rules,omitempty"`
}

// Scoring is the lead score: the groups summed, rounded half up, clamped to 0..max.
type Scoring struct {
	// max is the highest score. Default 100.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Max *int32 `json:"max,omitempty"`

	// groups of rules.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Groups []RuleGroup `json:"groups,omitempty"`
}

// Intent is a tier of urgency. The contract's first-contact windows are tiered by it.
type Intent struct {
	// name of the intent, such as High.
	// +required
	Name Name `json:"name,omitempty"`

	// when is a CEL expression over `lead` and `signals`, evaluated when the lead qualifies. The last intent has none: it takes the rest.
	// +optional
	When Expression `json:"when,omitempty"`
}

// DispositionOutcome is what becomes of a lead.
// +kubebuilder:validation:Enum=Accepted;Recycled;Disqualified
type DispositionOutcome string

// NewContact says whether the account may come back only by somebody else.
// +kubebuilder:validation:Enum=Required
type NewContact string

// NewContactRequired means that this lead does not come back.
const NewContactRequired NewContact = "Required"

// Reentry says how a recycled lead may become MQL again, in a cycle of its own.
// +kubebuilder:validation:XValidation:rule="has(self.after) != has(self.newContact)",message="write either `after` or `newContact: Required`"
// +kubebuilder:validation:XValidation:rule="!has(self.scoreDelta) || has(self.after)",message="`scoreDelta` needs `after`: with `newContact` this lead does not come back"
type Reentry struct {
	// after is how long after the disposition the lead may take any path again, by an event that follows a newer signal. A path without
	// threshold and account, a hand raised, is open at once: signals that are newer than the disposition must meet its criteria.
	// +optional
	After WallWindow `json:"after,omitempty"`

	// scoreDelta is added to the lead's score in that cycle, before it is rounded. Nothing is added when absent.
	// +optional
	// +kubebuilder:validation:Minimum=-1000
	// +kubebuilder:validation:Maximum=1000
	ScoreDelta *int32 `json:"scoreDelta,omitempty"`

	// newContact Required keeps this lead out: its account comes back by another contact, who is a lead of its own.
	// +optional
	NewContact NewContact `json:"newContact,omitempty"`
}

// FullCadence says whether a reason code takes the contract's whole follow-up.
// +kubebuilder:validation:Enum=Required
type FullCadence string

// FullCadenceRequired makes a code none before that.
const FullCadenceRequired FullCadence = "Required"

// SuppressionScope says who is kept out.
// +kubebuilder:validation:Enum=Contact;Account
type SuppressionScope string

// The scopes of a suppression.
const (
	SuppressContact SuppressionScope = "Contact"
	SuppressAccount SuppressionScope = "Account"
)

// Disposition is one entry of the closed set of outcomes and reason codes.
// +kubebuilder:validation:XValidation:rule="!has(self.fullCadence) || self.outcome == 'Recycled'",message="`fullCadence` needs the outcome Recycled"
// +kubebuilder:validation:XValidation:rule="!has(self.suppress) || self.outcome == 'Disqualified'",message="`suppress` needs the outcome Disqualified"
// +kubebuilder:validation:XValidation:rule="!has(self.reentry) || self.outcome == 'Recycled'",message="`reentry` needs the outcome Recycled"
type Disposition struct {
	// name is the reason code that sales gives, such as BadTiming.
	// +required
	Name Name `json:"name,omitempty"`

	// outcome: Accepted stays with sales, Recycled returns to marketing, Disqualified leaves the rotation.
	// A disqualification takes the lead out of the first-contact clause unless the clock had run out before.
	// +required
	Outcome DispositionOutcome `json:"outcome,omitempty"`

	// minAttempts is how often sales must have tried to reach the lead, since the hand-off and up to this disposition: outbound touches, by a
	// person or automated. Given after fewer, the disposition is recorded as one without a reason code. None are demanded when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MinAttempts *int32 `json:"minAttempts,omitempty"`

	// reentry says how a recycled lead may become MQL again. A lead does not come back when absent.
	// +optional
	Reentry *Reentry `json:"reentry,omitempty"`

	// status is what the CRM shows of a lead with this code, such as Nurture. It is written to the CRM and shown by `kubectl sla explain`.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Status string `json:"status,omitempty"`

	// fullCadence Required makes the code count only after the follow-up of the contract's `terms.sales.followUp` was complete, or after a
	// conversation. Given before, the disposition is recorded as one without a reason code. Nothing is demanded when absent.
	// +optional
	FullCadence FullCadence `json:"fullCadence,omitempty"`

	// suppress keeps who is disqualified by this code out of every hand-off from then on: Contact, this lead; Account, all leads of its
	// account. A reinstated event lifts it. Nobody is when absent.
	// +optional
	Suppress SuppressionScope `json:"suppress,omitempty"`
}

// LeadDefinitionSpec is the glossary and the score. Everything but `signOffs` and each field's `property` is what both
// teams sign.
// +kubebuilder:validation:XValidation:rule="self.stages.mql.paths.all(p, !has(p.threshold)) || has(self.scoring)",message="a path with a threshold needs `scoring`"
// +kubebuilder:validation:XValidation:rule="self.stages.mql.paths.all(p, !has(p.account)) || (has(self.account) && has(self.scoring))",message="a path with `account` needs `account: {field: ...}` beside `fields`, and `scoring`"
// +kubebuilder:validation:XValidation:rule="!has(self.account) || self.fields.exists(f, f.name == self.account.field && f.type == 'String')",message="`account.field` must be the name of a field of type String"
// +kubebuilder:validation:XValidation:rule="!has(self.identity) || self.identity.all(i, self.fields.exists(f, f.name == i && f.type == 'String'))",message="`identity` lists names of fields of type String"
// +kubebuilder:validation:XValidation:rule="has(self.account) || !has(self.dispositions) || self.dispositions.all(d, !has(d.suppress) || d.suppress != 'Account')",message="`suppress: Account` needs `account: {field: ...}` beside `fields`"
type LeadDefinitionSpec struct {
	// effectiveFrom is when this text comes into force, RFC 3339 in whole seconds, by the ledger's clock: the later of it and the last
	// signature, never before. It is part of what is signed. Until then the revision before stays in force. At once when absent or past.
	// +optional
	EffectiveFrom *metav1.Time `json:"effectiveFrom,omitempty"`

	// fields of the lead record.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	Fields []Field `json:"fields,omitempty"`

	// account says which company a lead belongs to. Paths with `account` need it.
	// +optional
	Account *Account `json:"account,omitempty"`

	// identity lists the String fields by which two leads are the same person, such as email: where all their values are equal, but for white
	// space around them and upper and lower case, the lead that was captured later is a Duplicate. It is counted, not handed off. A lead
	// without a value in one of them is nobody's duplicate. No lead is when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Identity []string `json:"identity,omitempty"`

	// signals name the behaviour that rules and criteria read.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	Signals []Signal `json:"signals,omitempty"`

	// scoring gives each lead a number.
	// +optional
	Scoring *Scoring `json:"scoring,omitempty"`

	// stages say when a lead is qualified.
	// +required
	Stages Stages `json:"stages,omitzero"`

	// intents are tried in order when a lead qualifies; the last has no `when`. Without any, every lead has the intent Standard.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:XValidation:rule="self.all(i, self.exists_one(j, j.name == i.name))",message="intent names must be unique"
	// +kubebuilder:validation:XValidation:rule="self.filter(i, !has(i.when)).size() == 1 && !has(self[self.size() - 1].when)",message="the last intent, and only the last, has no `when`"
	Intents []Intent `json:"intents,omitempty"`

	// dispositions are the outcomes that sales may give, with their reason codes. A disposition event with any other code is recorded as
	// one without a reason code.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=30
	Dispositions []Disposition `json:"dispositions,omitempty"`

	// signOffs of both parties over the digest of what is written. Until both are there, the last ratified revision stays in force.
	// +optional
	// +listType=map
	// +listMapKey=party
	// +kubebuilder:validation:MaxItems=2
	SignOffs []SignOff `json:"signOffs,omitempty"`
}

// LeadDefinitionStatus is what the operator observed.
type LeadDefinitionStatus struct {
	// conditions: Ready (compiled and recorded), Ratified (both parties signed what is written), Stalled (needs an edit).
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation that the rest of the status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// digest of what is written now; sign this.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// inForce is the ratified revision that contracts use.
	// +optional
	InForce *InForce `json:"inForce,omitempty"`

	// pending is there while something written is not in force.
	// +optional
	Pending *Pending `json:"pending,omitempty"`

	// scheduled are the ratified revisions that come into force later, the next one first, at most 10. An edit that is not signed changes
	// nothing about them; a text that is ratified after them, and comes into force earlier, supersedes them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Scheduled []ScheduledRevision `json:"scheduled,omitempty"`
}

// LeadDefinition is the definition of a qualified lead that marketing and sales sign: the lead's fields, the signals of
// behaviour, the score, the paths to MQL, the intents and the reason codes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=leaddef,categories=sla
// +kubebuilder:printcolumn:name="Ratified",type=string,JSONPath=`.status.conditions[?(@.type=="Ratified")].status`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="In force",type=string,JSONPath=`.status.inForce.revision`
// +kubebuilder:printcolumn:name="Pending",type=string,JSONPath=`.status.pending.missing`,priority=1
// +kubebuilder:printcolumn:name="Next from",type=string,JSONPath=`.status.scheduled[0].effectiveFrom`,priority=1
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 52",message="metadata.name must have at most 52 characters: revisions are named after it"
type LeadDefinition struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the definition.
	// +required
	Spec LeadDefinitionSpec `json:"spec,omitzero"`

	// status is what the operator observed.
	// +optional
	Status LeadDefinitionStatus `json:"status,omitzero"`
}

// LeadDefinitionList is a list of LeadDefinitions.
// +kubebuilder:object:root=true
type LeadDefinitionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []LeadDefinition `json:"items"`
}
