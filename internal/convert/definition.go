// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Definition is what both teams sign of a LeadDefinition, and each field's property. The error names a half-life that
// is no length of time; the CRD's pattern refuses those already.
func Definition(spec slav1alpha1.LeadDefinitionSpec) (lead.Definition, error) {
	d := lead.Definition{EffectiveFrom: moment(spec.EffectiveFrom)}
	for _, f := range spec.Fields {
		d.Fields = append(d.Fields, lead.Field{
			Name: f.Name, Type: lead.FieldType(f.Type), Property: f.Property, Required: f.Required != nil && *f.Required,
		})
	}
	if a := spec.Account; a != nil {
		d.Account = &lead.Account{Field: a.Field}
	}
	d.Identity = append(d.Identity, spec.Identity...)
	for _, x := range spec.Stages.Exclusions {
		d.Exclusions = append(d.Exclusions, lead.Exclusion{Name: string(x.Name), When: string(x.When)})
	}
	for _, s := range spec.Signals {
		d.Signals = append(d.Signals, lead.Signal{Name: s.Name, Activity: s.Activity, When: string(s.When)})
	}
	var err error
	if d.Scoring, err = scoring(spec.Scoring); err != nil {
		return lead.Definition{}, err
	}
	for _, p := range spec.Stages.MQL.Paths {
		d.Paths = append(d.Paths, path(p))
	}
	if sql := spec.Stages.SQL; sql != nil {
		for _, c := range sql.Criteria {
			d.SQL = append(d.SQL, lead.SQLCriterion{Name: string(c.Name), Expression: string(c.Expression), Message: c.Message})
		}
	}
	for _, i := range spec.Intents {
		d.Intents = append(d.Intents, lead.Intent{Name: string(i.Name), When: string(i.When)})
	}
	for _, x := range spec.Dispositions {
		one := lead.Disposition{
			Name: string(x.Name), Outcome: lead.Outcome(x.Outcome), MinAttempts: int(value(x.MinAttempts)), Status: x.Status,
			FullCadence: lead.FullCadence(x.FullCadence), Suppress: lead.Scope(x.Suppress),
		}
		if one.Reentry, err = reentry(x.Reentry); err != nil {
			return lead.Definition{}, fmt.Errorf("disposition %q: %w", x.Name, err)
		}
		d.Dispositions = append(d.Dispositions, one)
	}
	return d, nil
}

func scoring(s *slav1alpha1.Scoring) (*lead.Scoring, error) {
	if s == nil {
		return nil, nil
	}
	out := &lead.Scoring{Max: number(s.Max)}
	for _, g := range s.Groups {
		group := lead.Group{Name: string(g.Name), Max: number(g.Max)}
		for _, r := range g.Rules {
			rule, err := rule(r)
			if err != nil {
				return nil, fmt.Errorf("rule %q: %w", string(g.Name)+"/"+string(r.Name), err)
			}
			group.Rules = append(group.Rules, rule)
		}
		out.Groups = append(out.Groups, group)
	}
	return out, nil
}

func rule(r slav1alpha1.Rule) (lead.Rule, error) {
	out := lead.Rule{Name: string(r.Name), When: string(r.When), On: r.Signal, Points: int(value(r.Points)), Max: number(r.Max)}
	if r.HalfLife == "" {
		return out, nil
	}
	halfLife, err := sla.ParseWindow(string(r.HalfLife))
	if err != nil {
		return lead.Rule{}, fmt.Errorf("halfLife: %w", err)
	}
	out.HalfLife = halfLife
	return out, nil
}

func reentry(r *slav1alpha1.Reentry) (*lead.Reentry, error) {
	if r == nil {
		return nil, nil
	}
	out := &lead.Reentry{ScoreDelta: int(value(r.ScoreDelta)), NewContact: lead.NewContact(r.NewContact)}
	if r.After == "" {
		return out, nil
	}
	after, err := sla.ParseWindow(string(r.After))
	if err != nil {
		return nil, fmt.Errorf("reentry.after: %w", err)
	}
	out.After = after
	return out, nil
}

func path(p slav1alpha1.Path) lead.Path {
	out := lead.Path{Name: string(p.Name), Threshold: number(p.Threshold)}
	if a := p.Account; a != nil {
		out.Account = &lead.AccountPath{MinContacts: int(a.MinContacts), Threshold: int(a.Threshold)}
	}
	for _, c := range p.Criteria {
		out.Criteria = append(out.Criteria, lead.Criterion{Expression: string(c.Expression), Message: c.Message})
	}
	return out
}

// WithProperties is the signed definition with the source names that are written now: a field's `property` is not part
// of what is signed, so a change of it takes effect at once. Fields that the spec no longer has keep their own.
func WithProperties(signed lead.Definition, now slav1alpha1.LeadDefinitionSpec) lead.Definition {
	properties := make(map[string]string, len(now.Fields))
	for _, f := range now.Fields {
		properties[f.Name] = f.Property
	}
	fields := make([]lead.Field, len(signed.Fields))
	for i, f := range signed.Fields {
		if property, ok := properties[f.Name]; ok {
			f.Property = property
		}
		fields[i] = f
	}
	signed.Fields = fields
	return signed
}

// SignOffs of an object.
func SignOffs(offs []slav1alpha1.SignOff) []sla.SignOff {
	out := make([]sla.SignOff, 0, len(offs))
	for _, o := range offs {
		out = append(out, sla.SignOff{
			Party: sla.Party(o.Party), By: o.By, At: instant(o.At.Time), Object: o.Object, Digest: string(o.Digest),
			Previous: string(o.Previous), Signature: o.Signature,
		})
	}
	return out
}

// Missing parties, as the API names them.
func Missing(parties []sla.Party) []slav1alpha1.Party {
	out := make([]slav1alpha1.Party, 0, len(parties))
	for _, p := range parties {
		out = append(out, slav1alpha1.Party(p))
	}
	return out
}
