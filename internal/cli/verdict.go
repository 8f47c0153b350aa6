// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// ahead is how far a sign-off may be ahead of this machine's clock, as for the operator.
const ahead = 5 * time.Minute

// verdict on one party's sign-off of a document.
type verdict struct {
	File      string `json:"file"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Waiver    string `json:"waiver,omitempty"` // of the contract, where the sign-off is of that
	Party     string `json:"party"`
	Counts    bool   `json:"counts"`
	Verified  bool   `json:"verified"`
	By        string `json:"by,omitempty"`
	At        string `json:"at,omitempty"`
	Digest    string `json:"digest"` // of what is written
	Note      string `json:"note,omitempty"`
}

// subject of the sign-off, for people.
func (v verdict) subject() string {
	if v.Waiver == "" {
		return v.Kind + "/" + v.Name
	}
	return fmt.Sprintf("%s/%s waiver %s", v.Kind, v.Name, v.Waiver)
}

func (v verdict) String() string {
	said := "does not count: " + v.Note
	switch {
	case v.Counts && v.Verified:
		said = "verified"
	case v.Counts:
		said = "signed"
	}
	if v.Counts {
		said += fmt.Sprintf(" by %s on %s", v.By, v.At)
		if v.Note != "" {
			said += " (" + v.Note + ")"
		}
	}
	return said
}

// signers are the entries of the ConfigMap with the parties' keys.
type signers struct {
	source string
	data   map[string]string
}

func readSigners(file string, stdin io.Reader) (*signers, error) {
	docs, err := manifest.Read(file, stdin)
	if err != nil {
		return nil, err
	}
	docs = slices.DeleteFunc(docs, func(d manifest.Document) bool { return d.Kind != "ConfigMap" })
	if len(docs) != 1 {
		return nil, fmt.Errorf("%s: %d ConfigMaps, not exactly the one with the parties' keys", file, len(docs))
	}
	var object corev1.ConfigMap
	if err := yaml.UnmarshalStrict([]byte(docs[0].Text), &object); err != nil {
		return nil, fmt.Errorf("%s: %w", docs[0].Place(), err)
	}
	return &signers{source: "ConfigMap " + client.ObjectKeyFromObject(&object).String(), data: object.Data}, nil
}

// verifier judges documents as the operator does.
type verifier struct {
	now           time.Time
	keys          *signers      // nil: signatures are not checked
	cluster       client.Reader // nil: what is in force is not known
	flagNamespace string
}

func (v verifier) documents(ctx context.Context, docs []manifest.Document) ([]verdict, error) {
	var out []verdict
	for _, d := range docs {
		if !d.Signable() {
			continue
		}
		verdicts, err := v.document(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
		}
		out = append(out, verdicts...)
	}
	return out, nil
}

func (v verifier) document(ctx context.Context, d manifest.Document) ([]verdict, error) {
	offs := convert.SignOffs(d.SignOffs())
	namespace, err := namespaceOf(d, v.flagNamespace)
	if err != nil && (len(offs) > 0 || v.keys != nil || v.cluster != nil) {
		return nil, err
	}
	digest, err := d.Digest()
	if err != nil {
		return nil, err
	}
	check, current, err := v.check(ctx, d, namespace, digest)
	if err != nil {
		return nil, err
	}
	var out []verdict
	subject := sla.Subject{Namespace: namespace, Name: d.Name, Digest: digest}
	for _, party := range []sla.Party{sla.PartyMarketing, sla.PartySales} {
		x := verdict{File: d.File, Kind: d.Kind, Namespace: namespace, Name: d.Name, Party: string(party), Digest: digest}
		mine := slices.DeleteFunc(slices.Clone(offs), func(o sla.SignOff) bool { return o.Party != party })
		out = append(out, v.judge(x, mine, sla.RatifyWith(mine, subject, current, check)))
	}
	return v.waivers(out, d, namespace)
}

// waivers of a contract, each with both parties. What was in force when one was signed does not matter.
func (v verifier) waivers(out []verdict, d manifest.Document, namespace string) ([]verdict, error) {
	if d.Contract == nil || len(d.Contract.Spec.Waivers) == 0 {
		return out, nil
	}
	if namespace == "" {
		return nil, errors.New("it names no namespace, which the sign-off of a waiver is bound to: set metadata.namespace or --namespace")
	}
	var keyring sla.Keyring
	if v.keys != nil {
		keyring = sla.ReadKeyring(v.keys.source, v.keys.data, namespace)
	}
	check := keyring.Check(sla.WaiverKind, namespace, d.Name)
	for _, w := range d.Contract.Spec.Waivers {
		digest, err := sla.DigestWaiver(convert.Waiver(namespace, d.Name, w))
		if err != nil {
			return nil, fmt.Errorf("waiver %s: %w", w.Name, err)
		}
		offs, subject := convert.SignOffs(w.SignOffs), sla.Subject{Namespace: namespace, Name: d.Name, Digest: digest}
		for _, party := range []sla.Party{sla.PartyMarketing, sla.PartySales} {
			x := verdict{
				File: d.File, Kind: d.Kind, Namespace: namespace, Name: d.Name, Waiver: string(w.Name), Party: string(party), Digest: digest,
			}
			mine := slices.DeleteFunc(slices.Clone(offs), func(o sla.SignOff) bool { return o.Party != party })
			out = append(out, v.judge(x, mine, sla.RatifyWith(mine, subject, nil, check)))
		}
	}
	return out, nil
}

// check of the signatures of a document, and what is in force before it.
func (v verifier) check(ctx context.Context, d manifest.Document, namespace, digest string) (sla.Check, *sla.InForce, error) {
	var keyring sla.Keyring
	if v.keys != nil {
		keyring = sla.ReadKeyring(v.keys.source, v.keys.data, namespace)
	}
	if v.cluster == nil {
		return keyring.Check(d.Kind, namespace, d.Name), nil, nil
	}
	now, err := inForce(ctx, v.cluster, d, namespace)
	if err != nil {
		return nil, nil, err
	}
	previous := []string{now.digest}
	if now.digest == digest { // in force already: signed over what was before it, or anew over itself
		previous = []string{now.previous, digest}
	}
	var current *sla.InForce
	if now.digest != "" {
		current = &now.last
	}
	return keyring.Check(d.Kind, namespace, d.Name, previous...), current, nil
}

// judge fills in the verdict from what the party signed.
func (v verifier) judge(x verdict, mine []sla.SignOff, r sla.Ratification) verdict {
	party := sla.Party(x.Party)
	x.Counts, x.Verified = !slices.Contains(r.Missing, party), slices.Contains(r.Verified, party)
	var notes []string
	for _, note := range r.Notes {
		if strings.Contains(note, x.Party) {
			notes = append(notes, note)
		}
	}
	for _, off := range mine {
		x.By, x.At = off.By, off.At.UTC().Format(time.RFC3339)
		if off.At.After(v.now.Add(ahead)) {
			x.Counts, x.Verified = false, false
			notes = append(notes, "it is dated in the future")
		}
		if x.Counts && !x.Verified && off.Signature != "" {
			notes = append(notes, unchecked(v.keys))
		}
	}
	x.Note = strings.Join(notes, "; ")
	return x
}

func unchecked(keys *signers) string {
	if keys == nil {
		return "its signature was not checked: --signers names the keys"
	}
	return "its signature was not checked: the party has no keys in " + keys.source
}
