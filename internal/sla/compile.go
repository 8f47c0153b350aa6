// SPDX-License-Identifier: Apache-2.0

package sla

import "github.com/handoff-sla/handoff/internal/lead"

// Problem of terms: the field and what is wrong with it.
type Problem struct {
	Where   string // such as terms.calendar.timeZone
	Message string
}

// Problems is every problem found, as one error.
type Problems []Problem

// Error joins the problems.
func (p Problems) Error() string { panic("pending") }

// Compiled terms are checked and ready to judge leads by. They are immutable and safe for concurrent use.
type Compiled struct{ terms Terms }

// Compile checks terms. The error is of type Problems.
func Compile(t Terms) (*Compiled, error) { panic("pending") }

// Terms as they were compiled.
func (c *Compiled) Terms() Terms { return c.terms }

// Hours are the business hours.
func (c *Compiled) Hours() *Hours { panic("pending") }

// VolumeTarget is the number of MQLs a month that marketing owes; 0 when the terms have no volume clause.
func (c *Compiled) VolumeTarget() int { panic("pending") }

// Fits says what in a definition does not fit the terms; empty when the two fit.
func (c *Compiled) Fits(d lead.Definition) []string { panic("pending") }

// FunnelTarget works backwards from bookings to MQLs a month: exact arithmetic, nearest whole lead, half up, at least 1.
func FunnelTarget(f Funnel) (int, error) { panic("pending") }
