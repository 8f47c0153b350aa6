// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strings"
)

// Problem of terms: the field, and what is wrong with it and how to cure it.
type Problem struct {
	Where   string // such as terms.calendar.timeZone
	Message string
}

// Problems is everything wrong with terms, as one error.
type Problems []Problem //nolint:errname,recvcheck // reads as what it is, as in package lead; as an error it is a value, and add appends

// Error joins the problems: "terms.calendar.timeZone: ...; terms.funnel: ...".
func (p Problems) Error() string {
	texts := make([]string, 0, len(p))
	for _, problem := range p {
		texts = append(texts, problem.Where+": "+problem.Message)
	}
	return strings.Join(texts, "; ")
}

func (p *Problems) add(where, format string, args ...any) {
	*p = append(*p, Problem{Where: where, Message: fmt.Sprintf(format, args...)})
}
