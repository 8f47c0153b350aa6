// SPDX-License-Identifier: Apache-2.0

package lead

import "strings"

// Problem is one mistake in a definition or a pool.
type Problem struct {
	Where   string // such as: rule "fit/company-size", path "hand-raise" criterion 1
	Message string // with line:column and the known names where an expression is at fault
}

// Problems are all mistakes that were found, in the order of the definition.
type Problems []Problem

// Error joins the problems with "; ".
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Where + ": " + p.Message
	}
	return strings.Join(texts, "; ")
}

// Program is a compiled definition. It never changes and may be used from several goroutines at once.
type Program struct {
	definition Definition
}

// Compile checks a definition and makes it ready to judge leads. Its error is always of type Problems.
func Compile(d Definition) (*Program, error) {
	panic("pending")
}

// Definition that the program was compiled from. Treat it as read-only.
func (p *Program) Definition() Definition { return p.definition }
