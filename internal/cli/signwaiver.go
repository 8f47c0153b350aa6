// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// waiverOf a contract; false when it has none of the name.
func waiverOf(d manifest.Document, name string) (slav1alpha1.Waiver, bool) {
	if d.Contract == nil {
		return slav1alpha1.Waiver{}, false
	}
	i := slices.IndexFunc(d.Contract.Spec.Waivers, func(w slav1alpha1.Waiver) bool { return string(w.Name) == name })
	if i < 0 {
		return slav1alpha1.Waiver{}, false
	}
	return d.Contract.Spec.Waivers[i], true
}

// noWaiver says which waivers there are.
func noWaiver(file, name string, docs []manifest.Document) error {
	var names []string
	for _, d := range docs {
		if d.Contract != nil {
			for _, w := range d.Contract.Spec.Waivers {
				names = append(names, string(w.Name))
			}
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%s: no contract with a waiver; spec.waivers takes it: name, clause, from, to, reason", file)
	}
	return fmt.Errorf("%s: no waiver %q; there is %s", file, name, strings.Join(names, ", "))
}

// checkWaiver finds what the operator would refuse, or what would have no effect.
func checkWaiver(d manifest.Document, w slav1alpha1.Waiver) error {
	from, to := string(w.From), string(w.To)
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return fmt.Errorf("from: %q is no date", from)
	}
	last, err := time.Parse(time.DateOnly, to)
	switch {
	case err != nil:
		return fmt.Errorf("to: %q is no date", to)
	case last.Before(first):
		return fmt.Errorf("it ends on %s, before it begins on %s", to, from)
	case last.Sub(first) >= 92*24*time.Hour:
		return errors.New("it lasts longer than a quarter (92 days)")
	case strings.TrimSpace(w.Reason) == "":
		return errors.New("it has no reason")
	}
	terms, err := convert.Terms(d.Contract.Spec)
	if err != nil {
		return err
	}
	if !owes(terms, w.Clause) {
		return fmt.Errorf("the terms have no %s", w.Clause)
	}
	return nil
}

// owes says whether the terms have a clause.
func owes(t sla.Terms, clause slav1alpha1.ClauseName) bool {
	m, s := sla.Marketing{}, sla.Sales{}
	if t.Marketing != nil {
		m = *t.Marketing
	}
	if t.Sales != nil {
		s = *t.Sales
	}
	return map[slav1alpha1.ClauseName]bool{
		"volume": m.Volume != nil, "completeness": m.Completeness != nil, "score": m.Score != nil, "delivery": m.Delivery != nil,
		"acceptance": s.Acceptance != nil, "firstContact": s.FirstContact != nil, "followUp": s.FollowUp != nil, "disposition": s.Disposition != nil,
		"rejection": s.Rejection != nil, "feedback": s.Feedback != nil,
		"reviewsHeld": t.Governance.ReviewsHeld != "", "definitionRefresh": t.Governance.DefinitionRefresh != "",
	}[clause]
}

// signWaiver returns the document's text with the sign-off of the waiver in it.
func (f *signFlags) signWaiver(ctx context.Context, d manifest.Document, s signature, seal sealer) (string, error) {
	waiver, found := waiverOf(d, f.waiver)
	if !found {
		return d.Text, nil
	}
	if err := checkWaiver(d, waiver); err != nil {
		return "", fmt.Errorf("waiver %s is not signed, because it would not hold: %w", f.waiver, err)
	}
	namespace, err := namespaceOf(d, f.namespace)
	if err != nil {
		return "", err
	}
	if s.digest, err = sla.DigestWaiver(convert.Waiver(namespace, d.Name, waiver)); err != nil {
		return "", err
	}
	s.kind, s.object = sla.WaiverKind, sla.Subject{Namespace: namespace, Name: d.Name}.Object()
	if err := seal(ctx, d, namespace, &s); err != nil {
		return "", err
	}
	root, err := d.Node()
	if err != nil {
		return "", err
	}
	text, err := writeWaiverSignOff(d.Text, root, f.waiver, s)
	if err == nil {
		err = f.verifyWaiverEdit(d, text, namespace, s)
	}
	if err != nil {
		return "", fmt.Errorf("the sign-off cannot be written in place (%w); add it by hand under spec.waivers, in %s, as an entry of signOffs:\n- %s",
			err, f.waiver, s.flow())
	}
	return text, nil
}

// writeWaiverSignOff changes the party's entry in the signOffs of a waiver, or adds it.
func writeWaiverSignOff(text string, root *yaml.Node, name string, s signature) (string, error) {
	_, spec := child(root, "spec")
	_, waivers := child(spec, "waivers")
	if waivers == nil {
		return "", errors.New("no waivers")
	}
	for _, item := range waivers.Content {
		if _, value := child(item, "name"); value == nil || value.Value != name {
			continue
		}
		e := newEditor(text)
		if key, offs := child(item, "signOffs"); offs != nil {
			return e.into(key, offs, s)
		}
		if item.Style&yaml.FlowStyle == 0 {
			indent := strings.Repeat(" ", item.Content[0].Column-1)
			return e.after(e.lastShort(item), indent+"signOffs:", indent+"- "+s.flow()), nil
		}
		end, err := flowEnd(text, e.offset(item))
		if err != nil {
			return "", err
		}
		end = len(strings.TrimRight(text[:end-1], " \r\n"))
		return e.apply([]splice{{end, end, ", signOffs: [" + s.flow() + "]"}}), nil
	}
	return "", errors.New("the waiver is not where it should be")
}

// lastShort is the last line of an entry behind which another field may stand: that of its last value on one line.
func (e *editor) lastShort(item *yaml.Node) int {
	line := item.Content[0].Line
	for i := 1; i < len(item.Content); i += 2 {
		if _, _, err := e.scalar(item.Content[i]); err == nil {
			line = max(line, item.Content[i].Line)
		}
	}
	return line
}

// verifyWaiverEdit reads the edited text as the operator will: terms and waivers mean the same, and the sign-off is there once.
func (f *signFlags) verifyWaiverEdit(d manifest.Document, text, namespace string, s signature) error {
	edited := manifest.Parse(manifest.Document{File: d.File, Line: d.Line, Text: text})
	if edited.Err != nil {
		return edited.Err
	}
	was, err := d.Digest()
	if err != nil {
		return err
	}
	if is, err := edited.Digest(); err != nil || is != was || len(edited.Contract.Spec.Waivers) != len(d.Contract.Spec.Waivers) {
		return errors.Join(err, errors.New("the edit changes something else"))
	}
	for i, w := range edited.Contract.Spec.Waivers {
		before := d.Contract.Spec.Waivers[i]
		mine := string(w.Name) == f.waiver
		if convert.Waiver(namespace, d.Name, w) != convert.Waiver(namespace, d.Name, before) || !mine && len(w.SignOffs) != len(before.SignOffs) {
			return errors.New("the edit changes a waiver")
		}
		if mine {
			if err := verifySignOff(before.SignOffs, w.SignOffs, s); err != nil {
				return err
			}
		}
	}
	return nil
}
