// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// Manifest is the draft as a LeadDefinition, without sign-offs.
type Manifest struct {
	Name, Namespace string
	Spec            slav1alpha1.LeadDefinitionSpec

	group, path string // that the draft wrote
	whole       bool   // there is nothing else in the definition
}

// Manifest of the draft. Of a definition that is given everything stays but the sign-offs, the rules on fields, in place of which the
// fitted group comes, and the thresholds of its paths.
func (r *Report) Manifest(name, namespace string, from *slav1alpha1.LeadDefinition) (*Manifest, error) {
	if r.Draft == nil {
		return nil, errors.New("no draft can be made: " + r.NoDraft)
	}
	m := &Manifest{Name: name, Namespace: namespace, whole: from == nil}
	if from == nil {
		m.Spec.Fields = r.draftFields()
	} else {
		m.Spec = *from.Spec.DeepCopy()
		m.Spec.SignOffs = nil
	}
	m.score(r.Draft)
	m.qualify(r.Draft)
	return m, nil
}

// draftFields are those that a rule reads, in the order of the file.
func (r *Report) draftFields() []slav1alpha1.Field {
	var fields []slav1alpha1.Field
	for _, c := range r.columns {
		if !slices.ContainsFunc(r.Draft.Rules, func(rule Rule) bool { return rule.field == c.Field }) {
			continue
		}
		f := slav1alpha1.Field{Name: c.Field}
		if c.Field != c.Property {
			f.Property = c.Property
		}
		for _, field := range r.Fields {
			if field.Name == c.Field {
				f.Type = slav1alpha1.FieldType(field.Type)
			}
		}
		fields = append(fields, f)
	}
	return fields
}

// score puts the fitted group in front of those that count behaviour, which leads alone tell nothing about.
func (m *Manifest) score(d *Draft) {
	scoring := slav1alpha1.Scoring{Max: ptr.To[int32](scale)}
	var kept []slav1alpha1.RuleGroup
	if m.Spec.Scoring != nil {
		scoring.Max = m.Spec.Scoring.Max
		for _, g := range m.Spec.Scoring.Groups {
			g.Rules = slices.DeleteFunc(slices.Clone(g.Rules), func(r slav1alpha1.Rule) bool { return r.When != "" })
			if len(g.Rules) > 0 {
				kept = append(kept, g)
			}
		}
	}
	taken := map[slav1alpha1.Name]bool{}
	m.group = "fitted"
	for _, g := range kept {
		taken[g.Name] = true
	}
	for taken[slav1alpha1.Name(m.group)] {
		m.group += "-draft"
	}
	fitted := slav1alpha1.RuleGroup{Name: slav1alpha1.Name(m.group)}
	for _, r := range d.Rules {
		fitted.Rules = append(fitted.Rules, slav1alpha1.Rule{
			Name: slav1alpha1.Name(freeRule(r.Name, kept)), When: slav1alpha1.Expression(r.When), Points: ptr.To(int32(r.Points)),
		})
	}
	scoring.Groups = append([]slav1alpha1.RuleGroup{fitted}, kept...)
	m.Spec.Scoring = &scoring
}

// freeRule is a name that no rule has that stays.
func freeRule(name string, groups []slav1alpha1.RuleGroup) string {
	for _, g := range groups {
		if slices.ContainsFunc(g.Rules, func(r slav1alpha1.Rule) bool { return string(r.Name) == name }) {
			return freeRule(name+"f", groups)
		}
	}
	return name
}

// qualify gives the threshold to the paths that have one, else to a path of its own.
func (m *Manifest) qualify(d *Draft) {
	found := false
	for i, p := range m.Spec.Stages.MQL.Paths {
		if p.Threshold != nil {
			m.Spec.Stages.MQL.Paths[i].Threshold = ptr.To(int32(d.Threshold))
			m.path, found = string(p.Name), true
		}
	}
	if !found {
		m.path = "scored"
		for slices.ContainsFunc(m.Spec.Stages.MQL.Paths, func(p slav1alpha1.Path) bool { return string(p.Name) == m.path }) {
			m.path += "-draft"
		}
		m.Spec.Stages.MQL.Paths = append(m.Spec.Stages.MQL.Paths, slav1alpha1.Path{
			Name: slav1alpha1.Name(m.path), Threshold: ptr.To(int32(d.Threshold)),
		})
	}
}

// YAML writes the manifest with the numbers to argue over as comments.
func (m *Manifest) YAML(out io.Writer, r *Report) error {
	text, err := json.Marshal(struct {
		APIVersion string                         `json:"apiVersion"`
		Kind       string                         `json:"kind"`
		Metadata   metadata                       `json:"metadata"`
		Spec       slav1alpha1.LeadDefinitionSpec `json:"spec"`
	}{slav1alpha1.GroupVersion.String(), "LeadDefinition", m.metadata(r.Draft), m.Spec})
	if err != nil {
		return err
	}
	var document yaml.Node // JSON is YAML, and keeps the order of the API's fields
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	root := document.Content[0]
	style(root)
	root.HeadComment = r.head()
	r.annotate(m, root)
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return err
	}
	return encoder.Close()
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// lintIgnore tells `kubectl sla lint` that the base rule is meant: it matches every lead, and may give as much as the threshold asks for.
var lintIgnore = map[string]string{"sla.handoff.dev/lint-ignore": "rule-always-matches,threshold-by-one-rule"}

func (m *Manifest) metadata(d *Draft) metadata {
	out := metadata{Name: m.Name, Namespace: m.Namespace}
	if slices.ContainsFunc(d.Rules, func(rule Rule) bool { return rule.When == always }) {
		out.Annotations = lintIgnore
	}
	return out
}

// style sets mappings of single values, which are entries of lists, on one line, and expressions in single quotes.
func style(n *yaml.Node) bool {
	scalars := true
	for i, child := range n.Content {
		plain := style(child)
		scalars = scalars && plain
		if n.Kind == yaml.MappingNode && i%2 == 1 && plain {
			if key := n.Content[i-1].Value; key == "when" || key == "expression" {
				child.Style = yaml.SingleQuotedStyle
			}
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		n.Style = 0
		return true
	case yaml.SequenceNode:
		n.Style = 0
		for _, entry := range n.Content {
			if entry.Kind == yaml.MappingNode && fitsOnALine(entry) {
				entry.Style = yaml.FlowStyle
			}
		}
	default:
		n.Style = 0
	}
	return false
}

func fitsOnALine(n *yaml.Node) bool {
	const most = 130
	length := 0
	for _, child := range n.Content {
		if child.Kind != yaml.ScalarNode {
			return false
		}
		length += len(child.Value) + 2
	}
	return length <= most
}

// at follows keys of mappings.
func at(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				n = n.Content[i+1]
				break
			}
		}
	}
	return n
}

// entry of a list by name.
func entry(list *yaml.Node, name string) *yaml.Node {
	for _, e := range list.Content {
		if at(e, "name").Value == name {
			return e
		}
	}
	return &yaml.Node{}
}

// head says what the draft is.
func (r *Report) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "A draft to argue over, fitted by `kubectl sla analyze`; nobody has signed it.\n")
	fmt.Fprintf(&b, "%s; outcome %s\n", r.about(), oneLine(r.Outcome))
	b.WriteString(r.Draft.worth())
	for _, w := range r.Draft.Warnings {
		fmt.Fprintf(&b, "\nWARNING: %s.", w)
	}
	for _, group := range r.leaks() {
		fmt.Fprintf(&b, "\nnot used, since %s: %s", group.reason, strings.Join(group.columns, ", "))
	}
	return b.String()
}

type leaks struct {
	reason  string
	columns []string
}

// leaks by reason: all columns of a file may have the same.
func (r *Report) leaks() []leaks {
	var out []leaks
	for _, l := range r.LeftOut {
		if l.Why != WhyLeak {
			continue
		}
		at := slices.IndexFunc(out, func(known leaks) bool { return known.reason == l.Reason })
		if at < 0 {
			at = len(out)
			out = append(out, leaks{reason: l.Reason})
		}
		out[at].columns = append(out[at].columns, l.Property)
	}
	return out
}

func (r *Report) annotate(m *Manifest, root *yaml.Node) {
	group := entry(at(root, "spec", "scoring", "groups"), m.group)
	for i, node := range at(group, "rules").Content {
		if i >= len(r.Draft.Rules) {
			break
		}
		rule := r.Draft.Rules[i]
		if rule.When == always {
			node.HeadComment = "every lead starts here, so that points which are taken away never end below zero"
			continue
		}
		node.HeadComment = fmt.Sprintf("%s\n%s, %s converted: %s (%s), lift %s; log-odds %+.2f", oneLine(rule.Label), leads(rule.Leads),
			thousands(rule.Converted), percent(rule.Rate.Share), rule.Rate.interval(), lift(rule.Lift), rule.LogOdds)
	}
	cut := r.Draft.Suggested()
	comment := fmt.Sprintf("at %d: %s would qualify, %s of them converted (%s), %s of all converted leads", cut.Threshold, leads(cut.Qualified),
		percent(cut.Precision.Share), cut.Precision.interval(), percent(cut.Recall.Share))
	if !m.whole {
		comment += "\nby the fitted group alone: without the points for behaviour and the criteria of the path"
	}
	entry(at(root, "spec", "stages", "mql", "paths"), m.path).HeadComment = comment
}
