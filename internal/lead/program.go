// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"strings"
	"time"
)

// Problem is one mistake in a definition or a pool.
type Problem struct {
	Where   string // such as: rule "fit/company-size", path "hand-raise" criterion 1
	Message string // with line:column and the known names where an expression is at fault
}

// Problems are all mistakes that were found, in the order of the definition.
type Problems []Problem //nolint:errname // a list of problems; what calls it reads Problems, not ProblemsError

// Error joins the problems with "; ".
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Where + ": " + p.Message
	}
	return strings.Join(texts, "; ")
}

// orNil keeps an empty list from becoming an error that is not nil.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Program is a compiled definition. It never changes and may be used from several goroutines at once.
type Program struct {
	definition Definition
	env        environments
	bySource   map[string][]int // source property -> fields
	byActivity map[string][]int // activity -> signals
	signals    []*expression    // nil where every activity of the type counts
	groups     []group
	max        int
	rules      int // over all groups
	paths      []path
	sql        []sqlCriterion
	intents    []intent
	exclusions []exclusion

	accountField int  // index of the field that names the account; -1 for none
	observes     bool // a lead without required fields is handed off
}

type group struct {
	name  string
	max   *int
	rules []rule

	fits       []fit // the rules with `when`
	behaviours []int // the rules with `signal`
}

// fit is a rule with `when`, as far as a score needs it.
type fit struct {
	test   test
	points int
}

type rule struct {
	name     string
	index    int // over all groups
	when     *expression
	signal   int // where when is nil
	points   float64
	max      *int
	halfLife time.Duration
}

type path struct {
	name      string
	threshold *int
	account   *AccountPath
	criteria  []*expression
}

type intent struct {
	name string
	when *expression // nil takes every lead
}

// Definition that the program was compiled from. Treat it as read-only.
func (p *Program) Definition() Definition { return p.definition }
