// SPDX-License-Identifier: Apache-2.0

// Package explain says why a lead is or is not an MQL: every rule with its points, every criterion of every path, every required
// field. What it says is the evaluator's own answer, asked piece by piece.
package explain

import (
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Explanation of one lead under one definition, at the time of the last event of its history.
type Explanation struct {
	Lead       string     `json:"lead"`
	Definition string     `json:"definition,omitempty"`
	At         time.Time  `json:"at"`
	MQL        bool       `json:"mql"`                 // whether it ever qualified
	Qualified  *Qualified `json:"qualified,omitempty"` // the first time it did
	Score      Score      `json:"score"`
	Record     []Value    `json:"record"`
	Groups     []Group    `json:"groups,omitempty"`
	Paths      []Path     `json:"paths"`
	Missing    []string   `json:"missing,omitempty"` // required fields without a value
	Intent     string     `json:"intent,omitempty"`
	Needs      []string   `json:"needs,omitempty"` // for each path that does not hold, what it lacks
}

// Qualified is the moment at which the lead became MQL.
type Qualified struct {
	At     time.Time `json:"at"`
	Path   string    `json:"path"`
	Score  int       `json:"score"`
	Intent string    `json:"intent"`
}

// Score and what rounding and clamping made of the sum of the groups.
type Score struct {
	Raw     float64 `json:"raw"`
	Rounded int     `json:"rounded"`
	Clamped int     `json:"clamped"` // the number that is compared with thresholds
	Max     int     `json:"max"`
}

// Value of one field of the record.
type Value struct {
	Field    string `json:"field"`
	Value    any    `json:"value,omitempty"` // absent when the lead has none
	Required bool   `json:"required,omitempty"`
}

// Group of rules.
type Group struct {
	Name   string  `json:"name"`
	Max    *int    `json:"max,omitempty"`
	Sum    float64 `json:"sum"`    // of its rules
	Points float64 `json:"points"` // clamped to 0..max
	Rules  []Rule  `json:"rules"`
}

// Rule and what it gave.
type Rule struct {
	Name        string   `json:"name"`
	When        string   `json:"when,omitempty"`
	Signal      string   `json:"signal,omitempty"`
	Worth       int      `json:"worth"` // points as written
	Points      float64  `json:"points"`
	Occurrences int      `json:"occurrences,omitempty"`
	Capped      bool     `json:"capped,omitempty"`
	Absent      []string `json:"absent,omitempty"` // fields that it reads and the lead does not have; only where it gave nothing
}

// Path to MQL.
type Path struct {
	Name      string      `json:"name"`
	Holds     bool        `json:"holds"`
	Threshold *int        `json:"threshold,omitempty"`
	Short     int         `json:"short,omitempty"` // points that the score lacks
	Account   string      `json:"account,omitempty"`
	Criteria  []Criterion `json:"criteria,omitempty"`
}

// Criterion of a path.
type Criterion struct {
	Expression string   `json:"expression"`
	Message    string   `json:"message,omitempty"`
	Holds      bool     `json:"holds"`
	Absent     []string `json:"absent,omitempty"`
}

// Explainer of the leads of one definition. It serves one goroutine.
type Explainer struct {
	name       string
	definition lead.Definition
	program    *lead.Program
	criteria   [][]*lead.Program // by path and criterion: holds when its only path does
	intents    []*lead.Program
	reads      map[string][]string // expression -> fields that it reads
}

// New compiles what is asked of each lead.
func New(name string, d lead.Definition) (*Explainer, error) {
	program, err := lead.Compile(d)
	if err != nil {
		return nil, err
	}
	e := &Explainer{name: name, definition: d, program: program, reads: map[string][]string{}}
	for _, p := range d.Paths {
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
	for _, e := range history {
		t.Apply(e)
	}
	return t.Standing().Path != ""
}

func always(lead.Event) bool { return true }

// Lead explains a history, which is in order of time.
func (e *Explainer) Lead(id string, history []lead.Event) Explanation {
	journey, score := e.program.Qualify(history, always), e.program.Explain(history)
	x := Explanation{
		Lead: id, Definition: e.name,
		Score: Score{Raw: score.Raw, Rounded: score.Rounded, Clamped: score.Clamped, Max: e.max()},
	}
	if len(history) > 0 {
		x.At = history[len(history)-1].Time
	}
	if q := journey.Qualified; q != nil {
		x.MQL, x.Qualified = true, &Qualified{At: q.At, Path: q.Path, Score: q.Score, Intent: q.Intent}
	}
	for _, f := range e.definition.Fields {
		value, there := journey.Record[f.Name]
		x.Record = append(x.Record, Value{Field: f.Name, Value: value, Required: f.Required})
		if f.Required && (!there || empty(value)) {
			x.Missing = append(x.Missing, f.Name)
		}
	}
	e.groups(&x, score, journey.Record)
	e.paths(&x, history, journey.Record)
	x.Intent = e.intent(history)
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
				rule.Absent = e.absent(r.When, record)
			}
			group.Rules = append(group.Rules, rule)
			group.Sum += f.Points
		}
		group.Points = group.Sum + clamps[g.Name]
		x.Groups = append(x.Groups, group)
	}
}

func (e *Explainer) paths(x *Explanation, history []lead.Event, record map[string]any) {
	for i, p := range e.definition.Paths {
		path := Path{Name: p.Name, Holds: true, Threshold: p.Threshold}
		if p.Account != nil {
			path.Holds = false
			path.Account = fmt.Sprintf("%d contacts of one account with %d points together", p.Account.MinContacts, p.Account.Threshold)
		}
		if p.Threshold != nil && x.Score.Clamped < *p.Threshold {
			path.Holds, path.Short = false, *p.Threshold-x.Score.Clamped
		}
		for k, c := range p.Criteria {
			criterion := Criterion{Expression: c.Expression, Message: c.Message, Holds: holds(e.criteria[i][k], history)}
			if !criterion.Holds {
				path.Holds = false
				criterion.Absent = e.absent(c.Expression, record)
			}
			path.Criteria = append(path.Criteria, criterion)
		}
		x.Paths = append(x.Paths, path)
	}
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

func empty(value any) bool {
	switch v := value.(type) {
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	default:
		return false
	}
}
