// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Party is one side of the agreement.
// +kubebuilder:validation:Enum=Marketing;Sales
type Party string

// The two parties. Both must sign before anything takes effect.
const (
	PartyMarketing Party = "Marketing"
	PartySales     Party = "Sales"
)

// BusinessWindow is a length of time in hours, minutes and seconds, such as `5m`, `1h30m` or `8h`. Days are not
// allowed: a business day has no fixed length.
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:Pattern=`^([1-9][0-9]{0,4}h)?([1-9][0-9]{0,4}m)?([1-9][0-9]{0,4}s)?$`
// +kubebuilder:validation:MinLength=2
type BusinessWindow string

// WallWindow is a length of time on the wall clock in days, hours, minutes and seconds, such as `16d`, `24h` or
// `1d12h`. A day is 24 hours.
// +kubebuilder:validation:MaxLength=20
// +kubebuilder:validation:Pattern=`^([1-9][0-9]{0,3}d)?([1-9][0-9]{0,4}h)?([1-9][0-9]{0,4}m)?([1-9][0-9]{0,4}s)?$`
// +kubebuilder:validation:MinLength=2
type WallWindow string

// Name is the name of an entry in a list: a rule, a path, an intent, a pool.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$`
type Name string

// Percent is a whole percentage, 0 to 100.
// +kubebuilder:validation:Minimum=0
// +kubebuilder:validation:Maximum=100
type Percent int32

// Digest identifies a meaning: `v1:sha256:` and 64 hexadecimal digits, as `kubectl sla digest` prints it. Comments,
// formatting and key order do not change it; a threshold does.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=80
// +kubebuilder:validation:Pattern=`^v[0-9]+:sha256:[0-9a-f]{64}$`
type Digest string

// Expression is a CEL expression (https://cel.dev), type-checked when the object is reconciled.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=2048
type Expression string

// ObjectReference names an object in the same namespace. References never cross a namespace.
type ObjectReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// SignOff is one party's agreement to exactly one text of one object.
type SignOff struct {
	// party that signs.
	// +required
	Party Party `json:"party,omitempty"`

	// by names the person or role that signs, for people to read.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	By string `json:"by,omitempty"`

	// at is when it was signed, RFC 3339. A sign-off older than the revision in force does not count for another
	// text, so that bringing back an old text needs new signatures.
	// +required
	At metav1.Time `json:"at,omitzero"`

	// object that is signed, as namespace/name: a sign-off that names another one does not count, so that it is of no use when it is copied
	// there with the text. `kubectl sla sign` writes it. The digest binds the kind.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=116
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	Object string `json:"object,omitempty"`

	// digest of the text that is agreed to, as `kubectl sla digest` prints it. A sign-off with any other digest
	// than the one in `status.digest` does not count.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// previous is the digest that was in force when a signature was made; absent when nothing was. The signature is made over it,
	// and counts only while that digest is still in force: so that a signature cannot bring an old text back.
	// +optional
	Previous Digest `json:"previous,omitempty"`

	// signature is an SSH signature of the sign-off, as `kubectl sla sign --key` writes it: base64, on one line. It is of the object's kind,
	// namespace and name, and of party, at, digest and previous. Where the ConfigMap `handoff-signers` in the operator's namespace
	// has keys of the party, a sign-off without a valid signature by one of them does not count; where it has none, it is not looked at.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9+/]+={0,2}$`
	Signature string `json:"signature,omitempty"`
}

// InForce names the revision that is in force.
type InForce struct {
	// revision is the name of the ControllerRevision that keeps the ratified text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// digest of the ratified text.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// since is when the revision came into force by the operator's clock: the later of its ratification and its effectiveFrom.
	// +required
	Since metav1.Time `json:"since,omitzero"`

	// signed are the times at which both parties had signed a text of this object, the newest first, at most 8: each the later of two sign-offs. The
	// same text may be signed again with a new date.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Signed []metav1.Time `json:"signed,omitempty"`
}

// ScheduledRevision is a ratified revision that comes into force later.
type ScheduledRevision struct {
	// revision is the name of the ControllerRevision that keeps the ratified text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// digest of the ratified text.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// effectiveFrom is when it comes into force, by the ledger's clock.
	// +required
	EffectiveFrom metav1.Time `json:"effectiveFrom,omitzero"`
}

// Pending says what is written but not in force, and why.
type Pending struct {
	// digest of what is written now.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// missing are the parties whose valid sign-off is missing.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	Missing []Party `json:"missing,omitempty"`

	// effectiveFrom is when it comes into force if both parties have signed it by then; absent when that is at once.
	// +optional
	EffectiveFrom *metav1.Time `json:"effectiveFrom,omitempty"`

	// revision is the ControllerRevision that keeps it, once it is ratified and only its time has not come.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`
}

// Condition types of the kinds that people write.
const (
	// ReadyCondition is True when the operator has done all it has to do for the generation in
	// `observedGeneration`. A missed SLA never turns it False.
	ReadyCondition = "Ready"
	// StalledCondition is True when nothing will change without an edit of the object; otherwise it is absent.
	StalledCondition = "Stalled"
	// ReconcilingCondition is True while the operator waits for something; otherwise it is absent.
	ReconcilingCondition = "Reconciling"
	// RatifiedCondition is True when both parties have signed what is written now.
	RatifiedCondition = "Ratified"
	// WorkersAvailableCondition is True when the scoring and routing workers run and are ready.
	WorkersAvailableCondition = "WorkersAvailable"
	// MeasuredCondition is True when the counts in `status.scorecard` are current.
	MeasuredCondition = "Measured"
	// CompliantCondition is the business outcome: True when no clause is missed.
	CompliantCondition = "Compliant"
	// RecordsAcceptedCondition is on an SLAContract: its waivers, plans and dispute count as they are written. It is absent without any.
	RecordsAcceptedCondition = "RecordsAccepted"
	// ReviewsHeldCondition is on a ReviewCadence: every review that was due was held by both parties.
	ReviewsHeldCondition = "ReviewsHeld"
	// RatificationCurrentCondition is on a ReviewCadence: definition and terms were signed again in time.
	RatificationCurrentCondition = "RatificationCurrent"
	// LedgerAvailableCondition is on an SLAMeasurement: the routing worker reaches its PostgreSQL ledger.
	LedgerAvailableCondition = "LedgerAvailable"
	// ClockSteadyCondition is on an SLAMeasurement while it is False: the ledger's clock went back behind a time that it showed before.
	ClockSteadyCondition = "ClockSteady"
	// IngestAvailableCondition is on an SLAMeasurement: the scoring worker has what it needs to accept events.
	IngestAvailableCondition = "IngestAvailable"
	// EffectsAvailableCondition is on an SLAMeasurement, and from there on its contract: the Secrets of `notify` and `crm.events` are there. It is absent
	// without either.
	EffectsAvailableCondition = "EffectsAvailable"
	// CRMAvailableCondition is on an SLAMeasurement, and from there on its contract: the CRM that the leads live in answers, and has every field of the
	// mapping as it is to be. While it is False nothing is read of the CRM, and nothing is written. It is absent without `crm.hubSpot` and `crm.salesforce`.
	CRMAvailableCondition = "CRMAvailable"
)

// Reasons of the conditions.
const (
	// ReasonSucceeded: all is done.
	ReasonSucceeded = "Succeeded"
	// ReasonInvalidDefinition: the definition does not compile; the message names the rule and the position.
	ReasonInvalidDefinition = "InvalidDefinition"
	// ReasonInvalidTerms: the terms do not compile; the message names the field.
	ReasonInvalidTerms = "InvalidTerms"
	// ReasonInvalidRouting: a pool's expression does not compile; the message names the pool.
	ReasonInvalidRouting = "InvalidRouting"
	// ReasonIncompatibleDefinition: definition and terms do not fit each other; the checked pair stays in force.
	ReasonIncompatibleDefinition = "IncompatibleDefinition"
	// ReasonDefinitionNotFound: the LeadDefinition in `definitionRef` does not exist.
	ReasonDefinitionNotFound = "DefinitionNotFound"
	// ReasonDefinitionNotRatified: the LeadDefinition has no ratified revision yet.
	ReasonDefinitionNotRatified = "DefinitionNotRatified"
	// ReasonContractNotFound: the SLAContract in `contractRef` does not exist.
	ReasonContractNotFound = "ContractNotFound"
	// ReasonNothingInForce: no ratified pair of definition and terms exists yet.
	ReasonNothingInForce = "NothingInForce"
	// ReasonInvalidSchedule: the schedule of a review does not parse or never comes; the message names the review and the field.
	ReasonInvalidSchedule = "InvalidSchedule"
	// ReasonReferenceTaken: another ReviewCadence of the same contract is older.
	ReasonReferenceTaken = "ReferenceTaken"
	// ReasonTenantTaken: an older SLAContract of the namespace has the same ledger tenant.
	ReasonTenantTaken = "TenantTaken"
	// ReasonNameTaken: an object with the name of one that the operator makes belongs to somebody else; the message names it.
	ReasonNameTaken = "NameTaken"
	// ReasonAttested: both parties signed by name.
	ReasonAttested = "Attested"
	// ReasonVerified: both parties signed, and both signatures were checked against their keys.
	ReasonVerified = "Verified"
	// ReasonInvalidSigners: the keys of a party cannot be read; the message names the ConfigMap, the key and the line.
	ReasonInvalidSigners = "InvalidSigners"
	// ReasonSignOffMissing: at least one party has not signed what is written.
	ReasonSignOffMissing = "SignOffMissing"
	// ReasonWaiting: something that is under way is waited for; the message says what.
	ReasonWaiting = "Waiting"
	// ReasonWorkersAvailable: every wanted replica of both workers is available.
	ReasonWorkersAvailable = "WorkersAvailable"
	// ReasonWorkersUnavailable: replicas are missing; the message says of which worker and why.
	ReasonWorkersUnavailable = "WorkersUnavailable"
	// ReasonSecretNotFound: a Secret or a key in it is missing; the message says which.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonLedgerUnreachable: PostgreSQL does not answer; the message says why.
	ReasonLedgerUnreachable = "LedgerUnreachable"
	// ReasonLedgerAvailable: PostgreSQL answers and its schema is current.
	ReasonLedgerAvailable = "LedgerAvailable"
	// ReasonIngestAvailable: events are accepted.
	ReasonIngestAvailable = "IngestAvailable"
	// ReasonEffectsAvailable: notices and what the CRM is told can be sent.
	ReasonEffectsAvailable = "EffectsAvailable"
	// ReasonCRMAvailable: the CRM answers, and the mapping fits it.
	ReasonCRMAvailable = "CRMAvailable"
	// ReasonCredentialRefused: the CRM does not take the credential in the Secret.
	ReasonCredentialRefused = "CredentialRefused" //nolint:gosec // the name of a reason, and no credential
	// ReasonAccountChanged: the credential is of another account of the CRM than the records in the ledger, whose ids are somebody else's there.
	ReasonAccountChanged = "AccountChanged"
	// ReasonPermissionMissing: the credential may not do what is needed; the message names the permission.
	ReasonPermissionMissing = "PermissionMissing"
	// ReasonFieldMissing: the CRM has no field that the definition or the mapping names.
	ReasonFieldMissing = "FieldMissing"
	// ReasonFieldMistyped: a field of the CRM cannot hold what it is to hold; the message has both types.
	ReasonFieldMistyped = "FieldMistyped"
	// ReasonFieldReadOnly: a field that is written is read-only for the credential.
	ReasonFieldReadOnly = "FieldReadOnly"
	// ReasonFieldShared: the field of `matchBy` may have the same value in two records.
	ReasonFieldShared = "FieldShared"
	// ReasonOptionMissing: a field of options lacks a value that may be written; the message names it.
	ReasonOptionMissing = "OptionMissing"
	// ReasonMappingAmbiguous: a field is to hold two things, or a value of the status stands for two outcomes.
	ReasonMappingAmbiguous = "MappingAmbiguous"
	// ReasonOwnerUnknown: a rep of the pools is no active user of the CRM.
	ReasonOwnerUnknown = "OwnerUnknown"
	// ReasonUnreachable: the CRM does not answer; the message says why.
	ReasonUnreachable = "Unreachable"
	// ReasonLimitReached: the requests that the CRM allows in a day are used up, as far as `crm.dailyPercent` goes.
	ReasonLimitReached = "LimitReached"
	// ReasonSetBackStopped: what is done in the CRM against the agreement was undone too often with some leads, and is left to people there; the message has
	// their number. The condition is True all the same.
	ReasonSetBackStopped = "SetBackStopped"
	// ReasonMeasured: the counts are current.
	ReasonMeasured = "Measured"
	// ReasonNotMeasured: no count has arrived yet.
	ReasonNotMeasured = "NotMeasured"
	// ReasonAtRisk: no clause is missed, but one is behind its pace; the message has the numbers.
	ReasonAtRisk = "AtRisk"
	// ReasonAllMet: every clause that can be judged is met.
	ReasonAllMet = "AllMet"
	// ReasonMissed: at least one clause is missed; the message has the numbers.
	ReasonMissed = "Missed"
	// ReasonInsufficientData: no clause has the minimum sample.
	ReasonInsufficientData = "InsufficientData"
	// ReasonRecordsAccepted: every waiver, plan and dispute counts as it is written.
	ReasonRecordsAccepted = "RecordsAccepted"
	// ReasonWaiverNotSigned: a waiver lacks the signature of a party; the message names the waiver and the party.
	ReasonWaiverNotSigned = "WaiverNotSigned"
	// ReasonWaiverTooLate: a waiver was signed more than 7 days after a week that it touches; the message names both.
	ReasonWaiverTooLate = "WaiverTooLate"
	// ReasonUnknownClause: a waiver, a plan or a dispute is about a clause that the terms do not have.
	ReasonUnknownClause = "UnknownClause"
	// ReasonInvalidDate: a dispute or its resolution is dated in the future, or resolved before it was raised.
	ReasonInvalidDate = "InvalidDate"
	// ReasonRevisionMissing: leads were counted under terms whose revision is gone; they are judged by those in force.
	ReasonRevisionMissing = "RevisionMissing"
	// ReasonClockWentBack: the ledger's clock is behind a time that it showed before; nothing is judged until it has caught up.
	ReasonClockWentBack = "ClockWentBack"
	// ReasonHeld: every review that was due was held.
	ReasonHeld = "Held"
	// ReasonNotHeld: a review was not held by its date; the message names it and the period.
	ReasonNotHeld = "NotHeld"
	// ReasonNotDue: nothing is due yet.
	ReasonNotDue = "NotDue"
	// ReasonCurrent: definition and terms were signed again in this quarter or the one before.
	ReasonCurrent = "Current"
	// ReasonDue: both are to sign again in this quarter.
	ReasonDue = "Due"
	// ReasonOverdue: the quarterly review is over, and not both have signed again.
	ReasonOverdue = "Overdue"
	// ReasonLapsed: a whole quarter went by without new signatures; the revision in force stays in force.
	ReasonLapsed = "Lapsed"
	// ReasonTerminating: the namespace or the object is being deleted.
	ReasonTerminating = "Terminating"
)
