// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// Hours are compiled business hours.
type Hours struct{ location *time.Location }

// NewHours compiles a calendar. Errors name the field and the cure.
func NewHours(c Calendar) (*Hours, error) { panic("pending") }

// Location is the calendar's time zone.
func (h *Hours) Location() *time.Location { return h.location }

// Add is the first instant at which budget of business time has passed since start. A budget that ends exactly at
// closing time ends at closing time.
func (h *Hours) Add(start time.Time, budget time.Duration) time.Time { panic("pending") }

// Elapsed is the business time between two instants; 0 when to is not after from.
func (h *Hours) Elapsed(from, to time.Time) time.Duration { panic("pending") }

// Open says whether t is within business hours: a shift's first instant is, the instant at which it ends is not.
func (h *Hours) Open(t time.Time) bool { panic("pending") }
