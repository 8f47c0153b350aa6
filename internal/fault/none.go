// SPDX-License-Identifier: Apache-2.0

//go:build !faults

// Package fault lets the tests of reliability kill a worker at a named step, and set its clock wrong. What is built without the tag
// `faults`, as every release is, has none of it: these functions do nothing and the compiler leaves them out.
package fault

import "time"

// Point is a step at which a worker may die.
func Point(string) {}

// Clock is the clock of the machine.
func Clock(now func() time.Time) func() time.Time { return now }
