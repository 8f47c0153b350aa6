// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Explainer of the leads of one definition. It serves one goroutine.
type Explainer struct {
	name       string
	definition lead.Definition
	program    *lead.Program
	observes   bool              // the terms hold nothing up
	paths      []*lead.Program   // each with one path of the definition
	criteria   [][]*lead.Program // by path and criterion: holds when its only path does
	intents    []*lead.Program
	reads      map[string][]string // variable and expression -> what it reads
}

// New compiles what is asked of each lead.
func New(name string, d lead.Definition) (*Explainer, error) {
	program, err := lead.Compile(d)
	if err != nil {
		return nil, err
	}
	e := &Explainer{name: name, definition: d, program: program, reads: map[string][]string{}}
	for _, p := range d.Paths {
		alone := d
		alone.Paths = []lead.Path{p}
		one, err := lead.Compile(alone)
		if err != nil {
			return nil, fmt.Errorf("asking a single path: %w", err)
		}
		e.paths = append(e.paths, one)
		var probes []*lead.Program
		for _, c := range p.Criteria {
			probe, err := probe(d, c.Expression)
			if err != nil {
				return nil, err
			}
			probes = append(probes, probe)
		}
		e.criteria = append(e.criteria, probes)
	}
	for _, in := range d.Intents {
		if in.When == "" {
			continue
		}
		probe, err := probe(d, in.When)
		if err != nil {
			return nil, err
		}
		e.intents = append(e.intents, probe)
	}
	return e, nil
}

// Under terms: where they observe, nothing holds a lead up, and every code counts.
func (e *Explainer) Under(terms sla.Terms) *Explainer {
	if terms.Observes() {
		e.program, e.observes = e.program.Observing(), true
	}
	return e
}

// probe is a definition whose only path is one expression.
func probe(d lead.Definition, expression string) (*lead.Program, error) {
	p, err := lead.Compile(lead.Definition{
		Fields: d.Fields, Signals: d.Signals, Paths: []lead.Path{{Name: "probe", Criteria: []lead.Criterion{{Expression: expression}}}},
	})
	if err != nil {
		return nil, fmt.Errorf("asking a single expression: %w", err)
	}
	return p, nil
}

func holds(p *lead.Program, history []lead.Event) bool {
	t := p.NewTracker()
	t.Open()
	for _, e := range history {
		t.Apply(e)
	}
	return t.Standing().Path != ""
}

func always(lead.Event) bool { return true }

// Lead explains a history, which is in order of time.
func (e *Explainer) Lead(id string, history []lead.Event) Explanation {
	return e.Explain(Case{Lead: id, History: history, Unknown: "one lead alone does not show that"})
}

// Explain what is known of a lead.
func (e *Explainer) Explain(c Case) Explanation {
	all, cycle := e.handOffs(&c)
	again := e.again(c.History, all, cycle)
	score := e.program.ExplainIn(c.History, lead.Circumstances{Again: again})
	x := Explanation{
		Lead: c.Lead, Definition: e.name, MQL: len(all) > 0, Cycle: cycle, HandOffs: all, Ledger: c.Ledger,
		Score: Score{Raw: score.Raw, Rounded: score.Rounded, Clamped: score.Clamped, Max: e.max()},
	}
	if len(c.History) > 0 {
		x.At = c.History[len(c.History)-1].Time
	}
	for _, one := range c.History {
		if evaluated(one) {
			x.Score.At = one.Time
		}
	}
	if n := len(all); n > 0 && n == cycle {
		x.Qualified = &all[n-1]
	}
	record := e.program.Qualify(c.History, nil).Record
	for _, f := range e.definition.Fields {
		value, there := record[f.Name]
		x.Record = append(x.Record, Value{Field: f.Name, Value: value, Required: f.Required})
		if f.Required && (!there || empty(value)) {
			x.Missing = append(x.Missing, f.Name)
		}
	}
	x.observes = e.observes
	e.groups(&x, score, record)
	e.explainPaths(&x, &c, again, record)
	x.Intent = e.intent(c.History)
	e.sales(&x, &c)
	x.waits = waiting(&x, &c)
	x.Needs = needs(&x)
	return x
}

func (e *Explainer) max() int {
	if e.definition.Scoring == nil || e.definition.Scoring.Max == nil {
		return lead.DefaultMax
	}
	return *e.definition.Scoring.Max
}

func (e *Explainer) groups(x *Explanation, score lead.Score, record map[string]any) {
	if e.definition.Scoring == nil {
		return
	}
	given := map[string]lead.Factor{}
	clamps := map[string]float64{}
	for _, f := range score.Factors {
		switch f.Kind {
		case lead.FactorRule:
			given[f.Rule] = f
		case lead.FactorGroup:
			clamps[f.Group] = f.Points
		case lead.FactorReentry:
			x.Score.Reentry = int(f.Points)
		default:
		}
	}
	for _, g := range e.definition.Scoring.Groups {
		group := Group{Name: g.Name, Max: g.Max}
		for _, r := range g.Rules {
			f, gave := given[r.Name]
			rule := Rule{
				Name: r.Name, When: r.When, Signal: r.On, Worth: r.Points, Points: f.Points, Occurrences: f.Occurrences, Capped: f.Capped,
			}
			if !gave && r.When != "" {
				rule.Absent = e.absent("lead", r.When, record)
			}
			group.Rules = append(group.Rules, rule)
			group.Sum += f.Points
		}
		group.Points = group.Sum + clamps[g.Name]
		x.Groups = append(x.Groups, group)
	}
}

func (e *Explainer) explainPaths(x *Explanation, c *Case, again *lead.Again, record map[string]any) {
	last := lastEvaluated(c.History)
	now := lead.Circumstances{Judge: func(one lead.Event) bool { return one.Sequence == last }, Peers: c.peers(), Again: again, Open: true}
	for i, p := range e.definition.Paths {
		path := Path{Name: p.Name, Holds: e.paths[i].QualifyIn(c.History, now).Reached != nil, Threshold: p.Threshold}
		all := true // of what the path itself asks
		if p.Account != nil {
			path.Account = e.account(p.Account, x, c, record)
			all = path.Account.holds()
		}
		if p.Threshold != nil && x.Score.Clamped < *p.Threshold {
			all, path.Short = false, *p.Threshold-x.Score.Clamped
		}
		for k, one := range p.Criteria {
			criterion := Criterion{Expression: one.Expression, Message: one.Message, Holds: holds(e.criteria[i][k], c.History)}
			if !criterion.Holds {
				all = false
				criterion.Absent = e.absent("lead", one.Expression, record)
			}
			path.Criteria = append(path.Criteria, criterion)
		}
		path.Recycled = all && !path.Holds && again != nil
		x.Paths = append(x.Paths, path)
	}
}

// evaluated says whether a definition is evaluated at an event.
func evaluated(one lead.Event) bool { return one.Kind.Evaluated() }

// lastEvaluated is the sequence of the latest event at which a definition is evaluated.
func lastEvaluated(history []lead.Event) int64 {
	for _, one := range slices.Backward(history) {
		if evaluated(one) {
			return one.Sequence
		}
	}
	return -1
}

func (e *Explainer) intent(history []lead.Event) string {
	for i, p := range e.intents {
		if holds(p, history) {
			return e.definition.Intents[i].Name
		}
	}
	if n := len(e.definition.Intents); n > 0 {
		return e.definition.Intents[n-1].Name
	}
	return lead.DefaultIntent
}

// empty as the evaluator sees it: a text of spaces is none.
func empty(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v) == ""
	case []string:
		return len(v) == 0
	default:
		return false
	}
}
