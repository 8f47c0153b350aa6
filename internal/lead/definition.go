// SPDX-License-Identifier: Apache-2.0

// Package lead is the pure core of the lead domain: the definition of a qualified lead, its compilation, the score, the
// paths to MQL, the intents, the dispositions and the choice of an owner. It knows no Kubernetes, SQL, HTTP or clock:
// time comes in as an argument.
package lead

import "time"

// FieldType is the type of a field of the lead record.
type FieldType string

// The types of fields.
const (
	String     FieldType = "String"
	StringList FieldType = "StringList"
	Integer    FieldType = "Integer"
	Number     FieldType = "Number"
	Boolean    FieldType = "Boolean"
	Timestamp  FieldType = "Timestamp"
)

// Definition of a qualified lead, as both teams signed it. Absent means absent: defaults are applied where the value is
// used, never filled in, so that the digest of a definition does not depend on them.
type Definition struct {
	EffectiveFrom time.Time `json:"effectiveFrom,omitzero"` // whole seconds; zero: at once

	Fields       []Field        `json:"fields"`
	Account      *Account       `json:"account,omitempty"`
	Signals      []Signal       `json:"signals,omitempty"`
	Scoring      *Scoring       `json:"scoring,omitempty"`
	Paths        []Path         `json:"paths"`
	SQL          []SQLCriterion `json:"sql,omitempty"`
	Intents      []Intent       `json:"intents,omitempty"`
	Dispositions []Disposition  `json:"dispositions,omitempty"`

	Identity   []string    `json:"identity,omitempty"`   // fields of type String by which two leads are the same person
	Exclusions []Exclusion `json:"exclusions,omitempty"` // who is never handed off, such as a customer
}

// Field of the lead record; expressions read it as lead.<Name>.
type Field struct {
	Name     string    `json:"name"`
	Type     FieldType `json:"type"`
	Property string    `json:"property,omitempty"` // the source's name for it; Name when empty; not part of the digest
	Required bool      `json:"required,omitempty"`
}

// SourceProperty is the name that events and exports use for the field.
func (f Field) SourceProperty() string {
	if f.Property != "" {
		return f.Property
	}
	return f.Name
}

// Signal names a kind of behaviour.
type Signal struct {
	Name     string `json:"name"`
	Activity string `json:"activity"`
	When     string `json:"when,omitempty"`
}

// DefaultMax is the highest score when the definition states none.
const DefaultMax = 100

// Scoring is the lead score.
type Scoring struct {
	Max    *int    `json:"max,omitempty"`
	Groups []Group `json:"groups"`
}

// Group of rules, summed and clamped to 0..Max.
type Group struct {
	Name  string `json:"name"`
	Max   *int   `json:"max,omitempty"`
	Rules []Rule `json:"rules"`
}

// Rule gives points: once when When holds (fit), or for each occurrence of the signal On (behaviour).
type Rule struct {
	Name     string        `json:"name"`
	When     string        `json:"when,omitempty"`
	On       string        `json:"on,omitempty"`
	Points   int           `json:"points"`
	Max      *int          `json:"max,omitempty"`
	HalfLife time.Duration `json:"halfLife,omitempty"`
}

// Path is one way to become MQL; paths are tried in order.
type Path struct {
	Name      string       `json:"name"`
	Threshold *int         `json:"threshold,omitempty"`
	Account   *AccountPath `json:"account,omitempty"`
	Criteria  []Criterion  `json:"criteria,omitempty"`
}

// Criterion must hold for its path.
type Criterion struct {
	Expression string `json:"expression"`
	Message    string `json:"message,omitempty"`
}

// DefaultIntent is every lead's intent when the definition names none.
const DefaultIntent = "Standard"

// Intent tiers the first-contact windows; intents are tried in order and the last has no When.
type Intent struct {
	Name string `json:"name"`
	When string `json:"when,omitempty"`
}

// Outcome is what becomes of a lead that sales has looked at.
type Outcome string

// The outcomes.
const (
	Accepted     Outcome = "Accepted"
	Recycled     Outcome = "Recycled"
	Disqualified Outcome = "Disqualified"
)

// Exclusion keeps a lead out while its expression holds.
type Exclusion struct {
	Name string `json:"name"`
	When string `json:"when"`
}

// FullCadence says whether a code may be given before the lead was followed up as the contract says.
type FullCadence string

// FullCadenceRequired makes a code none before that.
const FullCadenceRequired FullCadence = "Required"

// Disposition is one reason code of the closed set.
type Disposition struct {
	Name        string   `json:"name"`
	Outcome     Outcome  `json:"outcome"`
	MinAttempts int      `json:"minAttempts,omitempty"` // outbound attempts since the hand-off without which the code is none
	Reentry     *Reentry `json:"reentry,omitempty"`     // of a Recycled lead; without it a lead does not come back

	Status      string      `json:"status,omitempty"`      // what the CRM shows of a lead with this code
	FullCadence FullCadence `json:"fullCadence,omitempty"` // of a Recycled lead
	Suppress    Scope       `json:"suppress,omitempty"`    // of a Disqualified lead: who is kept out of every hand-off from then on
}
