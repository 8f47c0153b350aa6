// SPDX-License-Identifier: Apache-2.0

package revisions

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

type revision = ratify.Revision

// fieldManager of what is imported; the operator takes it over.
const fieldManager = "kubectl-sla"

// Import brings exported revisions into a cluster.
type Import struct {
	Client    client.Client
	Namespace string // of the objects; that of the file when empty
	DryRun    bool
	Now       time.Time
	Out       io.Writer
}

// wanted is a revision of a file that was found good.
type wanted struct {
	object *Object
	labels map[string]string
	file   exported
	read   revision
}

// Run reads a file and creates the revisions that the cluster lacks. Everything is checked before anything is written.
func (i Import) Run(ctx context.Context, file string, in io.Reader) error {
	documents, err := readDocuments(file, in)
	if err != nil {
		return err
	}
	objects := map[string]*Object{}
	var all []wanted
	var problems []error
	for _, d := range documents {
		w, err := i.check(ctx, objects, d)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: ControllerRevision %s: %w", file, d.Metadata.Name, err))
			continue
		}
		all = append(all, w)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("nothing was imported:\n%w", err)
	}
	for _, w := range all {
		if err := i.create(ctx, w); err != nil {
			return err
		}
	}
	i.say(objects)
	return nil
}

func readDocuments(file string, in io.Reader) ([]exported, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(in))
	var out []exported
	for n := 1; ; n++ {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if empty(text) {
			continue
		}
		var d exported
		if err := yaml.UnmarshalStrict(text, &d); err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		if d.APIVersion != appsv1.SchemeGroupVersion.String() || d.Kind != "ControllerRevision" {
			return nil, fmt.Errorf("%s: document %d: is a %s %s, not a ControllerRevision as `kubectl sla revisions export` writes it",
				file, n, d.APIVersion, d.Kind)
		}
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: has no revision", file)
	}
	return out, nil
}

// empty says whether a document has comments only.
func empty(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

// check finds the object of a revision and whether the revision is what it says.
func (i Import) check(ctx context.Context, objects map[string]*Object, d exported) (wanted, error) {
	of, name, err := ownerOf(d)
	if err != nil {
		return wanted{}, err
	}
	namespace := d.Metadata.Namespace
	if i.Namespace != "" {
		namespace = i.Namespace
	}
	key := client.ObjectKey{Namespace: namespace, Name: name}
	object, known := objects[of.name+" "+key.String()]
	if !known {
		if object, err = find(ctx, i.Client, of, key); err != nil {
			return wanted{}, err
		}
		objects[of.name+" "+key.String()] = object
	}
	read, err := ratify.Read(&appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: d.Metadata.Name, Annotations: d.Metadata.Annotations},
		Data:       d.Data, Revision: d.Revision,
	})
	if err != nil {
		return wanted{}, err
	}
	if err := errors.Join(of.genuine(name, read), collision(object, read)); err != nil {
		return wanted{}, err
	}
	if there := ratify.Named(object.revisions, read.Name); there == nil || there.Digest != read.Digest {
		object.revisions = append(object.revisions, read)
	}
	return wanted{object: object, labels: object.labels(), file: d, read: read}, nil
}

// ownerOf says which object a revision belongs to, by its labels.
func ownerOf(d exported) (*kind, string, error) {
	for _, k := range kinds {
		name := d.Metadata.Labels[k.label]
		if name != "" && d.Metadata.Labels[resources.ComponentLabel] == string(k.component) {
			return k, name, nil
		}
	}
	return nil, "", errors.New("its labels name no LeadDefinition and no SLAContract that it belongs to")
}

// genuine says whether the data of a revision are those that were signed, under the right name.
func (k *kind) genuine(object string, r revision) error {
	digest, effectiveFrom, err := k.digest(r.Data)
	switch {
	case err != nil:
		return fmt.Errorf("data: %w", err)
	case digest != r.Digest:
		return fmt.Errorf("annotation %s is %s, but the data have the digest %s: the text was changed", resources.DigestAnnotation, r.Digest, digest)
	case r.Name != resources.RevisionName(object+k.infix, digest):
		return fmt.Errorf("metadata.name should be %s", resources.RevisionName(object+k.infix, digest))
	case r.Number < 1:
		return fmt.Errorf("revision %d should be 1 or more", r.Number)
	case !r.EffectiveFrom.Equal(effectiveFrom):
		return fmt.Errorf("annotation %s does not say what the data say", resources.EffectiveFromAnnotation)
	}
	return signedByBoth(object, r)
}

// signedByBoth looks at the sign-offs, which revisions of the first versions do not keep, or keep without the object. That is in the
// namespace in which it was signed, which is not where a moved one is brought.
func signedByBoth(object string, r revision) error {
	if len(r.SignOffs) == 0 {
		return nil
	}
	for _, off := range r.SignOffs {
		if off.Object == "" {
			continue
		}
		if why := (sla.Subject{Name: object}).Elsewhere(sla.SignOff{Party: off.Party, Object: off.Object}); why != "" {
			return fmt.Errorf("annotation %s: %s", resources.SignOffsAnnotation, why)
		}
	}
	for _, party := range []slav1alpha1.Party{slav1alpha1.PartyMarketing, slav1alpha1.PartySales} {
		if !slices.ContainsFunc(r.SignOffs, func(off ratify.Record) bool { return string(off.Party) == string(party) }) {
			return fmt.Errorf("annotation %s has no sign-off of %s", resources.SignOffsAnnotation, party)
		}
	}
	return nil
}

// collision says which revision of the object is in the way. One of the same text is not: it stays as it is.
func collision(o *Object, r revision) error {
	if there := ratify.Named(o.revisions, r.Name); there != nil {
		if there.Digest != r.Digest {
			return fmt.Errorf("%s has a revision of this name with another text, %s", o, ratify.Short(there.Digest))
		}
		return nil
	}
	for _, there := range o.revisions {
		if there.Number == r.Number {
			return fmt.Errorf("%s has another revision with the number %d already, %s", o, r.Number, there.Name)
		}
	}
	return nil
}

func (i Import) create(ctx context.Context, w wanted) error {
	key := client.ObjectKey{Namespace: w.object.key.Namespace, Name: w.read.Name}
	there := &appsv1.ControllerRevision{}
	err := i.Client.Get(ctx, key, there)
	if err == nil {
		fmt.Fprintf(i.Out, "%s is there already, with the number %d\n", key.Name, there.Revision)
		return nil
	}
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if i.DryRun {
		fmt.Fprintf(i.Out, "%s would be created with the number %d (dry run)\n", key.Name, w.read.Number)
		return nil
	}
	if err := i.Client.Create(ctx, w.build(), client.FieldOwner(fieldManager)); err != nil {
		return fmt.Errorf("create ControllerRevision %s: %w", key, err)
	}
	fmt.Fprintf(i.Out, "%s created with the number %d\n", key.Name, w.read.Number)
	return nil
}

// build the ControllerRevision, which belongs to the object of the name that the cluster has.
func (w wanted) build() *appsv1.ControllerRevision {
	owner := metav1.OwnerReference{
		APIVersion: slav1alpha1.GroupVersion.String(), Kind: w.object.kind.name, Name: w.object.key.Name, UID: w.object.live.GetUID(),
	}
	if w.object.kind.alone {
		alone := true
		owner.Controller = &alone
	}
	out := &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.object.key.Namespace, Name: w.read.Name, Labels: w.labels, Annotations: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{owner},
		},
		Data: w.file.Data, Revision: w.read.Number,
	}
	for _, name := range annotations {
		if value, ok := w.file.Metadata.Annotations[name]; ok {
			out.Annotations[name] = value
		}
	}
	return out
}

// say what is in force with the revisions that were imported.
func (i Import) say(objects map[string]*Object) {
	var lines []string
	for _, o := range objects {
		outlook := ratify.Stand(o.revisions, i.Now).Outlook()
		if outlook == "" {
			outlook = "nothing is in force"
		}
		lines = append(lines, fmt.Sprintf("%s: %s", o, outlook))
	}
	slices.Sort(lines)
	fmt.Fprintln(i.Out, strings.Join(lines, "\n"))
}
