// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/lead"
)

var (
	ruleConstant = define("criterion-reads-nothing", Warning, framework,
		"a criterion, an intent or a pool whose expression reads no field and no signal",
		"no lead decides it: a criterion must be objective and measurable on the lead",
		"read a field or a signal, or delete it")
	ruleCriterionAlways = define("criterion-always-true", Warning, semantics,
		"a criterion that every lead meets",
		"it demands nothing; both teams sign a condition that is none",
		"correct the expression, or delete it")
	ruleCriterionNever = define("criterion-never-true", Warning, semantics,
		"a criterion that no lead can meet",
		"no lead will ever take this path, and nobody will be told",
		"correct the expression")
	rulePathNever = define("path-never-taken", Warning, semantics,
		"a path, or the SQL stage, whose criteria exclude each other",
		"each can hold, but no lead meets all of them, and nobody will be told",
		"correct the criteria, or make two paths of them: any one path qualifies")
	ruleOptional = define("optional-field-decides", Advice, framework,
		"a path that hangs on one criterion over fields of which none is required",
		"a lead without the value does not meet it: a good lead with an empty field never arrives",
		"mark the field required, or add a way to qualify without it")
	ruleNoSQL = define("no-sql-criteria", Advice, framework,
		"a definition without criteria for a sales qualified lead",
		"without them the first conversation makes any MQL an SQL; both teams should define it: budget, authority, need, timeline",
		"write stages.sql.criteria over qualification")
	ruleBANT = define("incomplete-bant", Advice, framework,
		"SQL criteria that leave out budget, authority, need or timeline",
		"these four are what a qualification typically asks for: a budget or a business case, authority or access to it, a need, a timeline",
		"add a criterion for what is missing")
)

// criterion is an expression that must hold, with its place and its name for people.
type criterion struct{ source, path, what string }

// adviseCriteria that must all hold.
func (o *object) adviseCriteria(criteria []criterion, path, all string) {
	space, hopeless := truth.NewSpace(o.definition.Fields), false
	for _, c := range criteria {
		e, err := truth.Parse(c.source)
		if err != nil {
			return
		}
		space.Add(e)
		switch {
		case readsNothing(e):
			hopeless = true
			o.report(ruleConstant, c.path, "%s: %s reads no field and no signal", c.what, c.source)
		case truth.Never(e, o.definition.Fields):
			hopeless = true
			o.report(ruleCriterionNever, c.path, "%s: no lead meets %s", c.what, c.source)
		case truth.Always(e, o.definition.Fields):
			o.report(ruleCriterionAlways, c.path, "%s: every lead meets %s", c.what, c.source)
		}
	}
	if hopeless || len(criteria) < 2 {
		return
	}
	met := false
	known := space.Each(func(outcomes []truth.Outcome) bool {
		met = !slices.ContainsFunc(outcomes, func(o truth.Outcome) bool { return o != truth.True })
		return !met
	})
	if known && !met {
		o.report(rulePathNever, path, "%s: no lead meets all %d criteria", all, len(criteria))
	}
}

func readsNothing(e *truth.Expression) bool {
	return !slices.ContainsFunc([]string{"lead", "signals", "qualification", "activity"}, func(variable string) bool {
		return len(e.Reads(variable)) > 0
	})
}

func (o *object) advisePath(p lead.Path, path string) {
	var criteria []criterion
	for i, c := range p.Criteria {
		criteria = append(criteria, criterion{
			c.Expression, fmt.Sprintf("%s.criteria[%d].expression", path, i), fmt.Sprintf("path %q criterion %d", p.Name, i+1),
		})
	}
	o.adviseCriteria(criteria, path+".criteria", fmt.Sprintf("path %q", p.Name))
	if len(criteria) != 1 || p.Threshold != nil || p.Account != nil {
		return
	}
	if e, err := truth.Parse(criteria[0].source); err == nil && o.onlyOptional(e) {
		o.report(ruleOptional, criteria[0].path, "path %q hangs on %s alone, and none of it is required", p.Name, strings.Join(e.Reads("lead"), ", "))
	}
}

// onlyOptional says whether an expression reads fields, none of them required, and no signal.
func (o *object) onlyOptional(e *truth.Expression) bool {
	read := e.Reads("lead")
	return len(read) > 0 && len(e.Reads("signals")) == 0 && !slices.ContainsFunc(o.definition.Fields, func(f lead.Field) bool {
		return f.Required && slices.Contains(read, f.Name)
	})
}

// bant are the four questions, and the fields of qualification that answer each.
var bant = []struct {
	name   string
	fields []string
}{
	{"budget", []string{"budget", "businessCase"}},
	{"authority", []string{"authority", "decisionMakerAccess"}},
	{"need", []string{"need"}},
	{"timeline", []string{"timelineDays"}},
}

func (o *object) adviseSQL() {
	const path = "spec.stages.sql.criteria"
	var criteria []criterion
	var read []string
	for i, c := range o.definition.SQL {
		criteria = append(criteria, criterion{c.Expression, fmt.Sprintf("%s[%d].expression", path, i), fmt.Sprintf("SQL criterion %q", c.Name)})
		if e, err := truth.Parse(c.Expression); err == nil {
			read = append(read, e.Reads("qualification")...)
		}
	}
	if len(criteria) == 0 {
		o.report(ruleNoSQL, "spec.stages", "nothing says when an MQL is a sales qualified lead")
		return
	}
	o.adviseCriteria(criteria, path, "stages.sql")
	var missing []string
	for _, question := range bant {
		if !slices.ContainsFunc(question.fields, func(f string) bool { return slices.Contains(read, f) }) {
			missing = append(missing, question.name)
		}
	}
	if len(missing) > 0 {
		o.report(ruleBANT, path, "no criterion asks for %s", strings.Join(missing, ", "))
	}
}
