// SPDX-License-Identifier: Apache-2.0

// Package sla is the pure core of the agreement: terms, business calendar, clocks, clauses, verdicts, digest and
// ratification. It knows no Kubernetes, SQL, HTTP or clock: time comes in as an argument.
package sla

import (
	"slices"
	"time"
)

// Terms are what the two teams owe each other. Absent means absent: defaults are applied where a value is used, never
// filled in, so that the digest of terms does not depend on them.
type Terms struct {
	EffectiveFrom time.Time `json:"effectiveFrom,omitzero"` // whole seconds; zero: at once

	Definition    string     `json:"definition"` // name of the LeadDefinition that the terms refer to; signed with them
	Parties       Parties    `json:"parties"`
	Calendar      Calendar   `json:"calendar"`
	Funnel        *Funnel    `json:"funnel,omitempty"`
	Marketing     *Marketing `json:"marketing,omitempty"`
	Sales         *Sales     `json:"sales,omitempty"`
	Governance    Governance `json:"governance,omitzero"`
	Escalation    Escalation `json:"escalation,omitzero"`
	Enforcement   Mode       `json:"enforcement,omitempty"`
	MinimumSample *int       `json:"minimumSample,omitempty"`
	YellowWithin  *int       `json:"yellowWithin,omitempty"`
	WarnAtPercent *int       `json:"warnAtPercent,omitempty"`
}

// Defaults of terms that state none.
const (
	DefaultMinimumSample = 5
	DefaultYellowWithin  = 10
	DefaultWarnAtPercent = 80

	DefaultSevereVolumePercent    = 70
	DefaultSevereContactedPercent = 50
	DefaultConsecutiveMisses      = 2
	DefaultUnresolvedWeeks        = 2
)

// Governance is what both sides owe the agreement itself.
type Governance struct {
	ReviewsHeld       string `json:"reviewsHeld,omitempty"`       // Required, or empty
	DefinitionRefresh string `json:"definitionRefresh,omitempty"` // Quarterly, or empty
}

// Escalation says what raises one. Zero is what stands in the constants above.
type Escalation struct {
	ConsecutiveMisses int `json:"consecutiveMisses,omitempty"` // closed weeks in a row, for level 2
	UnresolvedWeeks   int `json:"unresolvedWeeks,omitempty"`   // of a level 2, for level 3
}

// Mode of enforcement.
type Mode string

// The modes. Empty means Enforce.
const (
	Enforce Mode = "Enforce"
	Observe Mode = "Observe"
)

// Parties are who answers for each side.
type Parties struct {
	Marketing Contact `json:"marketing"`
	Sales     Contact `json:"sales"`

	Executive *Contact `json:"executive,omitempty"` // nil: the owners of both sides
}

// Contact answers for a party.
type Contact struct {
	Owner   string `json:"owner"`
	Contact string `json:"contact,omitempty"`
}

// Calendar is the text of the business hours; Compile makes Hours of it.
type Calendar struct {
	TimeZone   string      `json:"timeZone"`
	Hours      []WeekHours `json:"hours"`
	Exceptions []Exception `json:"exceptions,omitempty"`
	Holidays   string      `json:"holidays,omitempty"` // region, such as us or de-by
	// HolidayDates are the public holidays of the region, written out when the text was ratified. They are no part of the digest: what is
	// signed is the region.
	HolidayDates []Holiday `json:"holidayDates,omitempty"`
}

// Holiday is a public holiday: a date without open hours, unless an exception says otherwise.
type Holiday struct {
	Date string `json:"date"`
	Name string `json:"name,omitempty"`
}

// Days are the dates that have other hours than their weekday: the exceptions, and the holidays that no exception replaces.
func (c Calendar) Days() []Exception {
	days := slices.Clone(c.Exceptions)
	for _, h := range c.HolidayDates {
		if !slices.ContainsFunc(c.Exceptions, func(e Exception) bool { return e.Date == h.Date }) {
			days = append(days, Exception{Date: h.Date, Name: h.Name})
		}
	}
	return days
}

// HolidaysUntil is the last year whose public holidays are written out; false where no region is named.
func (c Calendar) HolidaysUntil() (year int, ok bool) {
	for _, h := range c.HolidayDates {
		if at, err := time.Parse(time.DateOnly, h.Date); err == nil {
			year = max(year, at.Year())
		}
	}
	return year, year > 0
}

// WeekHours are the shifts of some days of the week.
type WeekHours struct {
	Days   []string `json:"days"` // Mon .. Sun
	Shifts []Shift  `json:"shifts"`
}

// Shift of a day; "24:00" is the midnight that ends it.
type Shift struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Exception replaces the hours of one date.
type Exception struct {
	Date   string  `json:"date"`
	Shifts []Shift `json:"shifts,omitempty"`
	Name   string  `json:"name,omitempty"` // for people; not part of the digest
}

// Funnel derives the volume target. Rates are percentages.
type Funnel struct {
	BookingsPerMonth        int64  `json:"bookingsPerMonth"`
	AverageDealSize         int64  `json:"averageDealSize"`
	CloseRatePercent        string `json:"closeRatePercent"`        // decimal, "25" or "10.5"
	MQLToOpportunityPercent string `json:"mqlToOpportunityPercent"` // decimal
}

// Marketing is what marketing owes.
type Marketing struct {
	Volume       *Volume   `json:"volume,omitempty"`
	Completeness *Share    `json:"completeness,omitempty"`
	Score        *Share    `json:"score,omitempty"`
	Delivery     *Delivery `json:"delivery,omitempty"`
}

// Volume of MQLs a month: from the funnel, or stated.
type Volume struct {
	FromFunnel   bool `json:"fromFunnel,omitempty"`
	MQLsPerMonth int  `json:"mqlsPerMonth,omitempty"`

	SevereBelowPercent *int `json:"severeBelowPercent,omitempty"` // of the target
}

// Share of leads that must meet a clause.
type Share struct {
	TargetPercent int `json:"targetPercent"`
}

// Mechanism of delivery.
type Mechanism string

// The mechanisms. Empty means Automatic.
const (
	Automatic Mechanism = "Automatic"
	CRM       Mechanism = "CRM"
)

// Delivery is the time from qualification to an owner, on the wall clock.
type Delivery struct {
	Within        time.Duration `json:"within"`
	Mechanism     Mechanism     `json:"mechanism,omitempty"`
	TargetPercent int           `json:"targetPercent"`
}

// Sales is what sales owes.
type Sales struct {
	FirstContact *FirstContact `json:"firstContact,omitempty"`
	Disposition  *Disposition  `json:"disposition,omitempty"`
	Rejection    *Share        `json:"rejection,omitempty"`
	Acceptance   *Acceptance   `json:"acceptance,omitempty"`
	FollowUp     *FollowUp     `json:"followUp,omitempty"`
	Feedback     *Share        `json:"feedback,omitempty"`
}

// Acceptance is the time from ownership until sales takes the lead on or rejects it with a code, on the wall clock.
type Acceptance struct {
	Within        time.Duration `json:"within"`
	TargetPercent int           `json:"targetPercent"`
}

// FollowUp is the cadence without which sales may not give a lead up as unresponsive. It counts on the wall clock.
type FollowUp struct {
	Attempts      int           `json:"attempts"`           // outbound touches, by people or machines
	MinSpan       time.Duration `json:"minSpan,omitempty"`  // from the first of them to the last
	Within        time.Duration `json:"within"`             // from ownership until the cadence is complete
	Channels      int           `json:"channels,omitempty"` // different ones among them; 1 when absent
	TargetPercent int           `json:"targetPercent"`
}

// FirstContact is speed to lead, tiered by intent.
type FirstContact struct {
	TargetPercent int    `json:"targetPercent"`
	Tiers         []Tier `json:"tiers"`

	SevereBelowContactedPercent *int `json:"severeBelowContactedPercent,omitempty"` // of the leads, contacted at all
}

// Tier is the first-contact window of one intent.
type Tier struct {
	Intent       string        `json:"intent"`
	Within       time.Duration `json:"within"`                 // business time
	OutsideHours time.Duration `json:"outsideHours,omitempty"` // wall clock; 0 when absent
}

// Disposition is the time from ownership to an outcome, on the wall clock.
type Disposition struct {
	Within        time.Duration `json:"within"`
	TargetPercent int           `json:"targetPercent"`
}
