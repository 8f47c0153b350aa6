// SPDX-License-Identifier: Apache-2.0

package hubspot

// SetPage sets how many results a search is asked for.
func (s *System) SetPage(n int) { s.page = n }

// Parse a body of a webhook.
var Parse = parse
