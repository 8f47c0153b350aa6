// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Indicator is the traffic light of a clause.
// +kubebuilder:validation:Enum=Green;Yellow;Red;Grey
type Indicator string

// Verdict is the outcome of a clause in a period.
// +kubebuilder:validation:Enum=Met;AtRisk;Missed;InsufficientData;Waived;Unknown
type Verdict string

// ScorecardRow is one clause (and tier) in one period.
type ScorecardRow struct {
	// clause, such as firstContact.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Clause string `json:"clause,omitempty"`

	// tier of the clause, where it has tiers.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tier string `json:"tier,omitempty"`

	// party that owes it: Marketing, Sales or Both.
	// +required
	// +kubebuilder:validation:Enum=Marketing;Sales;Both
	Party string `json:"party,omitempty"`

	// period: an ISO week such as 2027-W03, a month such as 2027-01 or a quarter such as 2027-Q1, in the contract's time zone. The current one once it
	// has the minimum sample, else the last closed one that has.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Period string `json:"period,omitempty"`

	// indicator: Green at target, Yellow within `yellowWithin` points of it, Red below, Grey without a sample.
	// +required
	Indicator Indicator `json:"indicator,omitempty"`

	// verdict of the period so far.
	// +required
	Verdict Verdict `json:"verdict,omitempty"`

	// met is the number of leads that met the clause.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Met *int64 `json:"met,omitempty"`

	// total is the number of leads that met or missed it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Total *int64 `json:"total,omitempty"`

	// open is the number of leads whose clock still runs.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Open *int64 `json:"open,omitempty"`

	// atRisk is the number of open leads that have used up `warnAtPercent` of their time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AtRisk *int64 `json:"atRisk,omitempty"`

	// actual in words, such as "81% (97 of 120)".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Actual string `json:"actual,omitempty"`

	// target in words, such as "90%".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Target string `json:"target,omitempty"`

	// enforcedBy says what is compared with what.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	EnforcedBy string `json:"enforcedBy,omitempty"`

	// enforcement: Enforce where the point named in `enforcedBy` holds back what breaks it, Observe where it only reports.
	// +optional
	Enforcement EnforcementMode `json:"enforcement,omitempty"`

	// review is how often the clause is looked at: Weekly, Monthly or Quarterly.
	// +optional
	// +kubebuilder:validation:Enum=Weekly;Monthly;Quarterly
	Review string `json:"review,omitempty"`

	// missedWeeks is the number of closed weeks in a row in which the clause was missed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MissedWeeks *int32 `json:"missedWeeks,omitempty"`

	// times are how long the leads waited, where the clause has a clock.
	// +optional
	Times *ResponseTimes `json:"times,omitempty"`

	// waiver that takes the clause out of judgement in the period.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Waiver string `json:"waiver,omitempty"`
}
