// SPDX-License-Identifier: Apache-2.0

// Package proposal writes the manifests for the quarter that comes next, of what the quarter before has shown: complete, with comments that say what
// changed and why, and without signatures. Nothing of it holds until both parties have signed it.
package proposal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	sigsyaml "sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/review"
)

// Command that brings the manifests into the cluster, once both have signed them.
const Command = "kubectl apply -f next-quarter.yaml"

// Names of the assumptions of a funnel, as a report has them.
const (
	dealSize   = "averageDealSize"
	closeRate  = "closeRatePercent"
	conversion = "mqlToOpportunityPercent"
)

// tighten is the advice of a sweep by which a threshold is raised. One to loosen is only told: of leads below a threshold nobody knows what would
// have become.
const tighten = "Tighten"

// comment on a field.
type comment struct {
	path string // of keys and indexes, joined by dots
	text string
}

// next is a proposal in the making.
type next struct {
	contract   *slav1alpha1.SLAContract
	definition *slav1alpha1.LeadDefinition
	results    review.Results

	changes  []string
	comments map[string][]comment // by kind
}

// Next are the manifests of a contract and its definition that take effect at an instant: the first of a quarter. The rates of the funnel become
// those that happened, where enough happened; a threshold is raised where the sweep of the report says so, and never lowered. All else stays as it
// is written now.
func Next(
	contract *slav1alpha1.SLAContract, definition *slav1alpha1.LeadDefinition, results review.Results, from time.Time,
) (*review.Proposal, error) {
	n := next{contract: contract.DeepCopy(), definition: definition.DeepCopy(), results: results, comments: map[string][]comment{}}
	n.clean(metav1.NewTime(from.UTC()))
	n.funnel()
	n.thresholds()
	if len(n.changes) == 0 {
		n.changes = []string{"Nothing changes but the date: what happened does not speak for other numbers"}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Proposal from %s on, by what %s has shown. It holds once both parties have signed each object, and not before its date;\n"+
		"# until then what is in force stays. See: kubectl sla lint, kubectl sla diff, kubectl sla sign.\n",
		from.UTC().Format(time.RFC3339), results.Cohort.Month)
	for _, object := range []struct {
		kind, before string
		value        any
	}{{"LeadDefinition", "", n.definition}, {"SLAContract", "---\n", n.contract}} {
		text, err := n.write(object.kind, object.value)
		if err != nil {
			return nil, fmt.Errorf("proposal for %s: %w", object.kind, err)
		}
		b.WriteString(object.before + text)
	}
	return &review.Proposal{Manifests: b.String(), Changes: n.changes, Command: Command}, nil
}

// clean leaves what people write: no status, no signatures, nothing that the server or a tool sets.
func (n *next) clean(from metav1.Time) {
	n.definition.TypeMeta = metav1.TypeMeta{APIVersion: slav1alpha1.GroupVersion.String(), Kind: "LeadDefinition"}
	n.contract.TypeMeta = metav1.TypeMeta{APIVersion: slav1alpha1.GroupVersion.String(), Kind: "SLAContract"}
	n.definition.ObjectMeta, n.contract.ObjectMeta = written(n.definition.ObjectMeta), written(n.contract.ObjectMeta)
	n.definition.Status, n.contract.Status = slav1alpha1.LeadDefinitionStatus{}, slav1alpha1.SLAContractStatus{}
	n.definition.Spec.SignOffs, n.contract.Spec.SignOffs = nil, nil
	n.definition.Spec.EffectiveFrom, n.contract.Spec.Terms.EffectiveFrom = &from, &from
	for _, at := range []struct{ kind, path string }{{"LeadDefinition", "spec.effectiveFrom"}, {"SLAContract", "spec.terms.effectiveFrom"}} {
		n.say(at.kind, at.path, "the first instant of the quarter, or the last signature when that is later")
	}
}

// written is what of the metadata belongs to the agreement: our own annotations, and labels that no tool keeps its books in. A proposal goes out by mail.
func written(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: m.Name, Namespace: m.Namespace,
		Labels:      only(m.Labels, "", "app.kubernetes.io", slav1alpha1.GroupVersion.Group),
		Annotations: only(m.Annotations, slav1alpha1.GroupVersion.Group),
	}
}

// only the entries whose keys are of some domains; "" is that of keys without any.
func only(all map[string]string, domains ...string) map[string]string {
	var out map[string]string
	for key, value := range all {
		domain, _, prefixed := strings.Cut(key, "/")
		if !prefixed {
			domain = ""
		}
		if !slices.Contains(domains, domain) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = value
	}
	return out
}

func (n *next) say(kind, path, format string, args ...any) {
	n.comments[kind] = append(n.comments[kind], comment{path, fmt.Sprintf(format, args...)})
}

// funnel takes over the rates that happened.
func (n *next) funnel() {
	funnel, happened := n.contract.Spec.Terms.Funnel, n.results.Recomputed
	if funnel == nil || happened == nil {
		return
	}
	const at = "spec.terms.funnel."
	for _, step := range happened.Steps {
		switch {
		case step.Reason != "":
			n.say("SLAContract", at+step.Name, "unchanged: %s", step.Reason)
			continue
		case step.Used == step.Agreed:
			n.say("SLAContract", at+step.Name, "unchanged: %s", sampled(step))
			continue
		}
		if !set(funnel, step.Name, step.Used) {
			n.say("SLAContract", at+step.Name, "unchanged: %s happened, which is no rate for a plan", step.Happened)
			continue
		}
		why := sampled(step)
		n.say("SLAContract", at+step.Name, "was %s: %s", step.Agreed, why)
		n.changes = append(n.changes, fmt.Sprintf("%s: %s instead of %s (%s)", step.Name, step.Used, step.Agreed, why))
	}
	n.volume(happened)
}

// sampled says what a step goes by, in numbers.
func sampled(step review.FunnelRate) string {
	switch step.Name {
	case closeRate:
		return fmt.Sprintf("%d of %d deals that were decided were won", step.Sample.Count, step.Sample.Of)
	case conversion:
		return fmt.Sprintf("%d of %d MQLs became opportunities", step.Sample.Count, step.Sample.Of)
	default:
		return fmt.Sprintf("the average of %d deals that were won with an amount", step.Sample.Count)
	}
}

// volume says what becomes of the target.
func (n *next) volume(happened *review.Recomputed) {
	marketing := n.contract.Spec.Terms.Marketing
	if marketing == nil || marketing.Volume == nil || happened.Proposed == 0 {
		return
	}
	if marketing.Volume.MQLsPerMonth != nil {
		n.say("SLAContract", "spec.terms.marketing.volume.mqlsPerMonth",
			"unchanged, since it is stated and not worked out; the funnel above asks for %d", happened.Proposed)
		return
	}
	if happened.Proposed == happened.Agreed {
		n.say("SLAContract", "spec.terms.marketing.volume.from", "%d MQLs a month, as before", happened.Proposed)
		return
	}
	n.say("SLAContract", "spec.terms.marketing.volume.from", "%d MQLs a month instead of %d", happened.Proposed, happened.Agreed)
	n.changes = append(n.changes, fmt.Sprintf("Volume: %d MQLs a month instead of %d, for the same bookings", happened.Proposed, happened.Agreed))
}

// bounds of the API.
const (
	maxAmount  = 1_000_000_000_000
	maxPercent = 100
)

// set a value of the funnel; false where it cannot be one.
func set(funnel *slav1alpha1.Funnel, name, value string) bool {
	if name == dealSize {
		amount, err := strconv.ParseInt(value, 10, 64)
		if err != nil || amount < 1 || amount > maxAmount {
			return false
		}
		funnel.AverageDealSize = amount
		return true
	}
	percent, err := strconv.ParseFloat(value, 64)
	if err != nil || percent <= 0 || percent > maxPercent {
		return false
	}
	rate := intstr.FromString(value)
	if !strings.Contains(value, ".") {
		rate = intstr.FromInt32(int32(percent))
	}
	switch name {
	case closeRate:
		funnel.CloseRatePercent = &rate
	case conversion:
		funnel.MQLToOpportunityPercent = &rate
	default:
		return false
	}
	return true
}

// thresholds are raised where the sweep says so: it would have spared a fifth of the MQLs for at most a twentieth of the opportunities.
func (n *next) thresholds() {
	paths := n.definition.Spec.Stages.MQL.Paths
	for i := range paths {
		if paths[i].Threshold == nil {
			continue
		}
		at := fmt.Sprintf("spec.stages.mql.paths.%d.threshold", i)
		sweep, swept := n.sweepOf(string(paths[i].Name))
		now := int64(*paths[i].Threshold)
		switch {
		case !swept || sweep.Advice == "":
			n.say("LeadDefinition", at, "unchanged: too few MQLs of this path became opportunities, or too few did not, to say more")
		case sweep.Now != now:
			n.say("LeadDefinition", at, "unchanged: the threshold in force was %d, and this one has not been tried", sweep.Now)
		case sweep.Advice == tighten && sweep.To > now:
			paths[i].Threshold = new(int32(sweep.To))
			n.say("LeadDefinition", at, "was %d. %s", now, sweep.Reason)
			n.changes = append(n.changes, fmt.Sprintf("Threshold of path %s: %d instead of %d. %s", paths[i].Name, sweep.To, now, sweep.Reason))
		default:
			n.say("LeadDefinition", at, "unchanged. %s", sweep.Reason)
		}
	}
}

func (n *next) sweepOf(path string) (review.Sweep, bool) {
	for _, s := range n.results.Sweeps {
		if s.Path == path {
			return s, true
		}
	}
	return review.Sweep{}, false
}

// write an object as YAML with its comments.
func (n *next) write(kind string, object any) (string, error) {
	text, err := sigsyaml.Marshal(object)
	if err != nil {
		return "", err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return "", err
	}
	for _, c := range n.comments[kind] {
		if key := find(&root, strings.Split(c.path, ".")); key != nil {
			key.HeadComment = wrap(c.text)
		}
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&root), encoder.Close()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// find the key at a path.
func find(n *yaml.Node, path []string) *yaml.Node {
	if n.Kind == yaml.DocumentNode {
		return find(n.Content[0], path)
	}
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		switch {
		case n.Content[i].Value != path[0]:
		case len(path) == 1:
			return n.Content[i]
		default:
			return find(n.Content[i+1], path[1:])
		}
	}
	if i, err := strconv.Atoi(path[0]); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) && len(path) > 1 {
		return find(n.Content[i], path[1:])
	}
	return nil
}

// width of a comment's line.
const width = 120

// wrap a text into the lines of a comment.
func wrap(text string) string {
	var lines []string
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != "#" {
			lines, line = append(lines, line), "#"
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}
