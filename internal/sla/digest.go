// SPDX-License-Identifier: Apache-2.0

package sla

import "github.com/handoff-sla/handoff/internal/lead"

// DigestDefinition identifies the meaning of a definition: "v1:sha256:" and 64 hexadecimal digits. It fails when an
// expression does not parse.
func DigestDefinition(d lead.Definition) (string, error) { panic("pending") }

// DigestTerms identifies the meaning of terms: "v1:sha256:" and 64 hexadecimal digits.
func DigestTerms(t Terms) (string, error) { panic("pending") }
