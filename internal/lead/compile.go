// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// readable names can stand behind `lead.` and `signals.` in an expression.
var readable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords of CEL cannot stand there.
var keywords = []string{"true", "false", "null", "in"}

// compiler collects what is wrong instead of stopping at the first mistake: a writer wants to see them all.
type compiler struct {
	program  *Program
	problems Problems
}

// Compile checks a definition and makes it ready to judge leads. Its error is always of type Problems.
func Compile(d Definition) (*Program, error) {
	env, err := newEnvironments(d.Fields, d.Signals)
	if err != nil {
		return nil, Problems{{Where: "definition", Message: err.Error()}}
	}
	c := &compiler{program: &Program{definition: d, env: env, bySource: map[string][]int{}, byActivity: map[string][]int{}}}
	c.fields(d.Fields)
	c.account(d)
	c.signals(d.Signals)
	if d.Scoring != nil {
		c.scoring(*d.Scoring, d.Signals)
	}
	c.paths(d.Paths)
	c.sql(d.SQL)
	c.intents(d.Intents)
	c.dispositions(d.Dispositions)
	c.identity(d)
	c.exclusions(d.Exclusions)
	if err := c.problems.orNil(); err != nil {
		return nil, err
	}
	c.program.env.constants.frozen = true
	return c.program, nil
}

func (c *compiler) problem(where, format string, args ...any) {
	c.problems = append(c.problems, Problem{Where: where, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) expression(env *environment, where, source string) *expression {
	compiled, texts := env.compile(source)
	for _, text := range texts {
		c.problem(where, "%s", text)
	}
	return compiled
}

// unique names each entry of a list and reports the second of a name, and an entry without one.
type unique struct {
	kind string
	seen map[string]bool
}

func newUnique(kind string) unique { return unique{kind: kind, seen: map[string]bool{}} }

func (u unique) check(c *compiler, where, name string) {
	switch {
	case name == "":
		c.problem(where, "the name is empty")
	case u.seen[name]:
		c.problem(where, "there is another %s of this name; give each its own", u.kind)
	}
	u.seen[name] = true
}

func (c *compiler) fields(fields []Field) {
	names := newUnique("field")
	for i, f := range fields {
		where := fmt.Sprintf("field %q", f.Name)
		names.check(c, where, f.Name)
		c.readable(where, f.Name)
		if _, known := celTypes[f.Type]; !known {
			c.problem(where, "type %q is unknown; known: String, StringList, Integer, Number, Boolean, Timestamp", f.Type)
		}
		c.program.bySource[f.SourceProperty()] = append(c.program.bySource[f.SourceProperty()], i)
	}
}

func (c *compiler) readable(where, name string) {
	if name != "" && (!readable.MatchString(name) || slices.Contains(keywords, name)) {
		c.problem(where, "expressions cannot read this name: take letters and digits, beginning with a letter, and none of %s",
			strings.Join(keywords, ", "))
	}
}

func (c *compiler) signals(signals []Signal) {
	names := newUnique("signal")
	for i, s := range signals {
		where := fmt.Sprintf("signal %q", s.Name)
		names.check(c, where, s.Name)
		c.readable(where, s.Name)
		if s.Activity == "" {
			c.problem(where, "activity is empty: name the type of activity that counts, such as PageView")
		}
		var when *expression
		if s.When != "" {
			when = c.expression(c.program.env.activity, where, s.When)
		}
		c.program.signals = append(c.program.signals, when)
		c.program.byActivity[s.Activity] = append(c.program.byActivity[s.Activity], i)
	}
}

func (c *compiler) scoring(s Scoring, signals []Signal) {
	c.program.max = valueOr(s.Max, DefaultMax)
	if c.program.max < 1 {
		c.problem("scoring", "max is %d; it must be at least 1", c.program.max)
	}
	groups, rules := newUnique("group"), newUnique("rule")
	for _, g := range s.Groups {
		where := fmt.Sprintf("group %q", g.Name)
		groups.check(c, where, g.Name)
		if g.Max != nil && *g.Max < 1 {
			c.problem(where, "max is %d; it must be at least 1", *g.Max)
		}
		compiled := group{name: g.Name, max: g.Max}
		for _, r := range g.Rules {
			where := fmt.Sprintf("rule %q", g.Name+"/"+r.Name)
			rules.check(c, where, r.Name)
			compiled.rules = append(compiled.rules, c.rule(where, r, signals))
			c.program.rules++
		}
		compiled.prepare()
		c.program.groups = append(c.program.groups, compiled)
	}
}

func (c *compiler) rule(where string, r Rule, signals []Signal) rule {
	compiled := rule{name: r.Name, index: c.program.rules, points: float64(r.Points), max: r.Max, halfLife: r.HalfLife}
	switch {
	case (r.When == "") == (r.On == ""):
		c.problem(where, "needs either `when` (fit) or `signal` (behaviour), and not both")
	case r.When != "":
		if r.Max != nil || r.HalfLife != 0 {
			c.problem(where, "`max` and `halfLife` need `signal`")
		}
		compiled.when = c.expression(c.program.env.fit, where, r.When)
	default:
		compiled.signal = slices.IndexFunc(signals, func(s Signal) bool { return s.Name == r.On })
		if compiled.signal < 0 {
			c.problem(where, "signal: unknown signal '%s'; %s", r.On, Suggest(r.On, c.program.env.record.provider.names[signalsTypeName]))
		}
	}
	if r.Max != nil && *r.Max < 1 {
		c.problem(where, "max is %d; it must be at least 1", *r.Max)
	}
	if r.HalfLife < 0 {
		c.problem(where, "halfLife is negative")
	}
	return compiled
}

func (c *compiler) paths(paths []Path) {
	if len(paths) == 0 {
		c.problem("paths", "there is none, so no lead could ever qualify")
	}
	names := newUnique("path")
	for _, p := range paths {
		where := fmt.Sprintf("path %q", p.Name)
		names.check(c, where, p.Name)
		c.threshold(where, p)
		compiled := path{name: p.Name, threshold: p.Threshold, account: p.Account}
		for i, criterion := range p.Criteria {
			compiled.criteria = append(compiled.criteria,
				c.expression(c.program.env.record, whereOf(where, i, criterion), criterion.Expression))
		}
		c.program.paths = append(c.program.paths, compiled)
	}
}

// whereOf names a criterion, which has no name, by its place and its message.
func whereOf(path string, i int, criterion Criterion) string {
	where := fmt.Sprintf("%s criterion %d", path, i+1)
	if criterion.Message != "" {
		where += " (" + criterion.Message + ")"
	}
	return where
}

func (c *compiler) threshold(where string, p Path) {
	switch {
	case p.Account != nil:
		c.accountPath(where, p)
	case p.Threshold == nil:
		if len(p.Criteria) == 0 {
			c.problem(where, "needs a threshold, criteria or both, or `account`")
		}
	case c.program.definition.Scoring == nil:
		c.problem(where, "a threshold needs `scoring`")
	case *p.Threshold < 1:
		c.problem(where, "threshold is %d; it must be at least 1", *p.Threshold)
	case *p.Threshold > c.program.max:
		c.problem(where, "no lead can reach the threshold %d: the highest score is %d", *p.Threshold, c.program.max)
	}
}

func (c *compiler) intents(intents []Intent) {
	names := newUnique("intent")
	for i, in := range intents {
		where := fmt.Sprintf("intent %q", in.Name)
		names.check(c, where, in.Name)
		if last := i == len(intents)-1; last != (in.When == "") {
			c.problem(where, "the last intent, and only the last, has no `when`: it takes the rest")
		}
		compiled := intent{name: in.Name}
		if in.When != "" {
			compiled.when = c.expression(c.program.env.record, where, in.When)
		}
		c.program.intents = append(c.program.intents, compiled)
	}
}

func (c *compiler) dispositions(dispositions []Disposition) {
	names := newUnique("disposition")
	for _, d := range dispositions {
		where := fmt.Sprintf("disposition %q", d.Name)
		names.check(c, where, d.Name)
		switch d.Outcome {
		case Accepted, Recycled, Disqualified:
		default:
			c.problem(where, "outcome %q is unknown; known: Accepted, Recycled, Disqualified", d.Outcome)
		}
		if d.MinAttempts < 0 {
			c.problem(where, "minAttempts is %d; it must be at least 1, or left out", d.MinAttempts)
		}
		c.reentry(where, d)
		c.dispositionExtras(where, d)
	}
}

func (c *compiler) exclusions(exclusions []Exclusion) {
	names := newUnique("exclusion")
	for _, x := range exclusions {
		where := fmt.Sprintf("exclusion %q", x.Name)
		names.check(c, where, x.Name)
		if x.When == "" {
			c.problem(where, "when is empty: write the expression that keeps a lead out")
			continue
		}
		c.program.exclusions = append(c.program.exclusions, exclusion{name: x.Name, when: c.expression(c.program.env.record, where, x.When)})
	}
	// Their order is not signed, so that it must not decide which of two that hold is named.
	slices.SortFunc(c.program.exclusions, func(a, b exclusion) int { return strings.Compare(a.name, b.name) })
}

// identity checks the fields by which two leads are the same person.
func (c *compiler) identity(d Definition) {
	seen := map[string]bool{}
	for _, name := range d.Identity {
		where := fmt.Sprintf("identity %q", name)
		i := slices.IndexFunc(d.Fields, func(f Field) bool { return f.Name == name })
		switch {
		case seen[name]:
			c.problem(where, "the field is named twice; keep one")
		case i < 0:
			c.problem(where, "unknown field '%s'; %s", name, Suggest(name, c.program.env.record.provider.names[leadTypeName]))
		case d.Fields[i].Type != String:
			c.problem(where, "the field is of type %s; only a String identifies a person", d.Fields[i].Type)
		}
		seen[name] = true
	}
}

// dispositionExtras checks what some outcomes alone can have.
func (c *compiler) dispositionExtras(where string, d Disposition) {
	switch {
	case d.FullCadence == "":
	case d.FullCadence != FullCadenceRequired:
		c.problem(where, "fullCadence %q is unknown; known: Required", d.FullCadence)
	case d.Outcome != Recycled:
		c.problem(where, "`fullCadence` needs the outcome Recycled: it is about a lead that is given up as unresponsive")
	}
	switch {
	case d.Suppress == "":
	case d.Suppress != ScopeContact && d.Suppress != ScopeAccount:
		c.problem(where, "suppress %q is unknown; known: Contact, Account", d.Suppress)
	case d.Outcome != Disqualified:
		c.problem(where, "`suppress` needs the outcome Disqualified: a lead with the outcome %s stays in the rotation", d.Outcome)
	case d.Suppress == ScopeAccount && c.program.definition.Account == nil:
		c.problem(where, "`suppress: Account` needs `account: {field: ...}` beside `fields`, which names the account")
	}
}

func valueOr(v *int, otherwise int) int {
	if v != nil {
		return *v
	}
	return otherwise
}
