// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// Period is an ISO week such as 2027-W03 or a month such as 2027-01.
type Period string

// WeekOf is the ISO week of t in loc.
func WeekOf(t time.Time, loc *time.Location) Period { panic("pending") }

// MonthOf is the month of t in loc.
func MonthOf(t time.Time, loc *time.Location) Period { panic("pending") }

// Week says whether the period is an ISO week rather than a month.
func (p Period) Week() bool { panic("pending") }

// Bounds are the first instant of the period and the first after it, in loc.
func (p Period) Bounds(loc *time.Location) (from, to time.Time, err error) { panic("pending") }

// Label is the period for people, such as "week 3 of 2027 (18 to 24 January)".
func (p Period) Label() string { panic("pending") }
