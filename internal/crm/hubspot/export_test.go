// SPDX-License-Identifier: Apache-2.0

package hubspot

// SetPage sets how many results a search is asked for.
func (s *System) SetPage(n int) { s.page = n }

// Parse a body of a webhook.
var Parse = parse

// What values are in a property, and what is written into one.
var (
	Value = value
	Text  = text
)
