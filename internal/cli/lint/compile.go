// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleExpression = define("invalid-expression", Error, operator,
		"an expression that does not parse or does not compile: an unknown name, a wrong type, a result that is not true or false",
		"the operator refuses the definition (InvalidDefinition) or the pool (InvalidRouting); the last good revision goes on working",
		"correct the expression at the line and column named; lead.<field> and signals.<name> are what it can read")
	ruleCostly = define("costly-expression", Error, operator,
		"an expression whose work on the largest possible lead is above the bound",
		"a single lead could hold up all others; the operator refuses it",
		"nest fewer of all, exists, exists_one, map and filter, and compare single fields")
	ruleDefinition = define("invalid-definition", Error, operator,
		"a definition that does not compile: an unknown signal, a threshold above the highest score, a name twice",
		"the operator sets Ready=False, InvalidDefinition; the last good revision goes on working",
		"correct what the message names")
	ruleTerms = define("invalid-terms", Error, operator,
		"terms that do not compile: a rate of 0, a date that does not exist, a calendar without an open hour, a volume from a funnel that is not there",
		"the operator sets Ready=False, InvalidTerms; the last good revision goes on working",
		"correct what the message names")
)

// ofExpression are the messages of the compiler that are about an expression.
var ofExpression = regexp.MustCompile(`^(\d+:\d+: |gives |the expression is empty|its cost |may cost )`)

var ofCost = regexp.MustCompile(`^(its cost |may cost )`)

// problem reports what a compiler found: where and message are its own.
func (o *object) problem(r *Rule, path, where, message string) {
	if ofExpression.MatchString(message) {
		r = ruleExpression
		if ofCost.MatchString(message) {
			r = ruleCostly
		}
		if leaf := o.expressionAt(path); leaf != "" {
			path = leaf
		}
	}
	if o.failed(path) && path != "spec" {
		return // the schema has said it
	}
	text := where + ": " + message
	if r == ruleTerms {
		text = message
	}
	o.reportExpression(r, path, text, message)
}

// expressionAt is the path of the expression that an entry has.
func (o *object) expressionAt(path string) string {
	for _, name := range []string{".when", ".expression"} {
		if _, _, whole := at(o.root, path+name); whole {
			return path + name
		}
	}
	return ""
}

func (o *object) compileDefinition() {
	spec := o.Definition.Spec
	places := definitionPlaces(spec)
	definition, err := convert.Definition(spec)
	if err != nil {
		where, message, _ := strings.Cut(err.Error(), ": ")
		o.problem(ruleDefinition, places.of(where), where, message)
		return
	}
	program, err := lead.Compile(definition)
	var problems lead.Problems
	if errors.As(err, &problems) {
		reported := len(o.findings)
		for _, p := range problems {
			o.problemOnce(ruleDefinition, places.of(p.Where), p, reported)
		}
		return
	}
	o.definition, o.program = &definition, program
}

// problemOnce reports a problem; that another one of this compiler is at the same place does not make it known.
func (o *object) problemOnce(r *Rule, path string, p lead.Problem, before int) {
	mine := o.findings[before:]
	o.findings = o.findings[:before:before]
	o.problem(r, path, p.Where, p.Message)
	o.findings = append(append(o.findings[:before:before], mine...), o.findings[before:]...)
}

// places of a definition's entries, by the words of the compiler.
type places map[string]string

func definitionPlaces(spec slav1alpha1.LeadDefinitionSpec) places {
	all := places{"scoring": "spec.scoring", "paths": "spec.stages.mql.paths", "sql": "spec.stages.sql", "account": "spec.account"}
	for i, f := range spec.Fields {
		all[fmt.Sprintf("field %q", f.Name)] = fmt.Sprintf("spec.fields[%d]", i)
	}
	for i, s := range spec.Signals {
		all[fmt.Sprintf("signal %q", s.Name)] = fmt.Sprintf("spec.signals[%d]", i)
	}
	if spec.Scoring != nil {
		for i, g := range spec.Scoring.Groups {
			group := fmt.Sprintf("spec.scoring.groups[%d]", i)
			all[fmt.Sprintf("group %q", g.Name)] = group
			for j, r := range g.Rules {
				all[fmt.Sprintf("rule %q", string(g.Name)+"/"+string(r.Name))] = fmt.Sprintf("%s.rules[%d]", group, j)
			}
		}
	}
	for i, p := range spec.Stages.MQL.Paths {
		path := fmt.Sprintf("spec.stages.mql.paths[%d]", i)
		all[fmt.Sprintf("path %q", p.Name)] = path
		for j := range p.Criteria {
			all[fmt.Sprintf("path %q criterion %d", p.Name, j+1)] = fmt.Sprintf("%s.criteria[%d]", path, j)
		}
	}
	if spec.Stages.SQL != nil {
		for i, c := range spec.Stages.SQL.Criteria {
			all[fmt.Sprintf("SQL criterion %q", c.Name)] = fmt.Sprintf("spec.stages.sql.criteria[%d]", i)
		}
	}
	for i, x := range spec.Stages.Exclusions {
		all[fmt.Sprintf("exclusion %q", x.Name)] = fmt.Sprintf("spec.stages.exclusions[%d]", i)
	}
	for i, name := range spec.Identity {
		all[fmt.Sprintf("identity %q", name)] = fmt.Sprintf("spec.identity[%d]", i)
	}
	for i, in := range spec.Intents {
		all[fmt.Sprintf("intent %q", in.Name)] = fmt.Sprintf("spec.intents[%d]", i)
	}
	for i, d := range spec.Dispositions {
		all[fmt.Sprintf("disposition %q", d.Name)] = fmt.Sprintf("spec.dispositions[%d]", i)
	}
	return all
}

// of is the path for the compiler's words; it takes the longest beginning that is known, and the whole spec without any.
func (p places) of(where string) string {
	best := ""
	for words := range p {
		if len(words) > len(best) && strings.HasPrefix(where, words) {
			best = words
		}
	}
	if best == "" {
		return "spec"
	}
	return p[best]
}

func (o *object) compileTerms(now time.Time) {
	terms, err := convert.Terms(o.Contract.Spec)
	if err != nil {
		where, message, _ := strings.Cut(err.Error(), ": ")
		o.problem(ruleTerms, "spec."+where, where, message)
		return
	}
	var compiled *sla.Compiled
	if terms, err = holidays.Expand(terms, now); err == nil {
		compiled, err = sla.Compile(terms)
	}
	var problems sla.Problems
	if errors.As(err, &problems) {
		before := len(o.findings)
		for _, p := range problems {
			o.problemOnce(ruleTerms, "spec."+p.Where, lead.Problem{Where: p.Where, Message: p.Message}, before)
		}
		return
	}
	o.terms = compiled
}

// compilePools checks a contract's pools against the definition that it refers to. All but their expressions is the schema's to judge.
func (o *object) compilePools(program *lead.Program) {
	routing := o.Contract.Spec.Routing
	all := places{}
	for i, p := range routing.Pools {
		path := fmt.Sprintf("spec.routing.pools[%d]", i)
		all[fmt.Sprintf("pool %q", p.Name)] = path
		for j, m := range p.Members {
			all[fmt.Sprintf("pool %q member %q", p.Name, m.Rep)] = fmt.Sprintf("%s.members[%d]", path, j)
		}
	}
	_, err := program.CompilePools(convert.Pools(routing))
	var problems lead.Problems
	if errors.As(err, &problems) {
		before := len(o.findings)
		for _, p := range problems {
			o.problemOnce(ruleExpression, all.of(p.Where), p, before)
		}
	}
}
