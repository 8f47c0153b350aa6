// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	sigsyaml "sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/lead"
)

var groupVersion = slav1alpha1.GroupVersion.String()

var (
	ruleUnreadable = define("unreadable", Error, operator,
		"a document that is no YAML, or does not fit its kind in any other way",
		"nothing in it can be judged, nor applied",
		"correct the line that the message names")
	ruleUnknownKind = define("unknown-kind", Error, operator,
		"a document of the group sla.handoff.dev with a version or kind that does not exist",
		"the API server does not know it",
		"write apiVersion: "+groupVersion+" and a kind that exists")
	ruleDuplicateObject = define("duplicate-object", Error, operator,
		"two documents of the same kind, namespace and name",
		"the one that is applied last takes the place of the other",
		"delete one of the two, or give it another name")
)

// Options of a run.
type Options struct {
	Now      time.Time
	Complete bool // all objects are among the documents: a reference to one that is not is an error
	Lookup   Lookup
}

// Lookup is the text of an object that is not among the documents; "" when there is none. A nil one is not asked.
type Lookup func(ctx context.Context, kind, namespace, name string) (string, error)

// ErrNothing is returned when there is no object to judge.
var ErrNothing = errors.New("no object of " + groupVersion + " in what was given")

// Run judges documents, and the references between them.
func Run(ctx context.Context, docs []manifest.Document, options Options) (Report, error) {
	var objects []*object
	files := map[string]bool{}
	for _, d := range docs {
		files[d.File] = true
		o := newObject(d)
		if !o.ours() && (d.Err == nil || o.root != nil) {
			continue
		}
		objects = append(objects, o)
		if err := o.check(ctx, options); err != nil {
			return Report{}, err
		}
	}
	if len(objects) == 0 {
		return Report{}, ErrNothing
	}
	s := &set{objects: objects, options: options}
	if err := s.lookUp(ctx); err != nil {
		return Report{}, err
	}
	s.check()
	findings := []Finding{} // an empty list in JSON
	for _, o := range objects {
		findings = append(findings, o.findings...)
	}
	return newReport(findings, len(files), len(objects)), nil
}

func (o *object) ours() bool {
	group, _, _ := strings.Cut(o.version, "/")
	return group == slav1alpha1.GroupVersion.Group
}

// check one object by itself.
func (o *object) check(ctx context.Context, options Options) error {
	all, err := schemas()
	if err != nil {
		return err
	}
	s, known := all[o.Kind]
	switch {
	case o.root == nil:
		o.unreadable()
		return nil
	case o.version != groupVersion || !known:
		o.unknownKind()
		return nil
	}
	o.duplicateKeys(o.root, "")
	o.unknownFields(o.root, s.structural, "")
	o.unknownMetadata()
	if o.errors() > 0 && o.hasDuplicateKey() {
		return nil
	}
	o.checkSchema(ctx, s)
	if o.Err != nil && o.errors() == 0 {
		o.unreadable()
	}
	o.judge(options)
	return nil
}

func (o *object) hasDuplicateKey() bool {
	for _, f := range o.findings {
		if f.Rule == ruleDuplicateKey.ID {
			return true
		}
	}
	return false
}

// judge what can be decoded: what it means, and what practice says of it. Practice is silent about what is not even valid.
func (o *object) judge(options Options) {
	if o.Err != nil && !o.decode() {
		return
	}
	before := o.errors()
	switch {
	case o.Definition != nil:
		o.compileDefinition()
		o.checkSignOffs(options.Now)
		if before == 0 && o.program != nil {
			o.adviseDefinition()
		}
	case o.Contract != nil:
		o.compileTerms(options.Now)
		o.checkSignOffs(options.Now)
		if before == 0 && o.terms != nil {
			o.adviseContract(options.Now)
			o.checkGovernance(options.Now)
		}
	case o.Cadence != nil:
		o.checkSchedules(options.Now)
		o.checkHeldWithin()
	}
}

// decode what the strict reader refused, so that the rest of it can be judged too.
func (o *object) decode() bool {
	into := manifest.Blank(&o.Document)
	if into == nil {
		return false
	}
	if err := sigsyaml.Unmarshal([]byte(o.Text), into); err != nil {
		o.Definition, o.Contract, o.Cadence = nil, nil, nil
		return false
	}
	return true
}

var (
	atLine       = regexp.MustCompile(`\bline (\d+)(?::\s*)?`)
	decoderNoise = strings.NewReplacer("error converting YAML to JSON: ", "", "error unmarshaling JSON: ", "", "while decoding JSON: ", "", "yaml: ", "")
)

// unreadable reports why the document cannot be read, on the line that the reader names.
func (o *object) unreadable() {
	text, line := "empty", 1
	err := o.Err
	if _, broken := o.Node(); err != nil && broken != nil {
		err = broken // of the two readers, the one that knows lines
	}
	if err != nil {
		text = decoderNoise.Replace(err.Error())
	}
	if found := atLine.FindStringSubmatch(text); found != nil {
		if n, err := strconv.Atoi(found[1]); err == nil {
			line = max(n, 1)
		}
		text = strings.TrimSpace(strings.Replace(text, found[0], "", 1))
	}
	o.add(ruleUnreadable, "", ruleUnreadable.Cure, line, 1, text)
}

func (o *object) unknownKind() {
	if o.version != groupVersion {
		o.report(ruleUnknownKind, "apiVersion", "apiVersion %s does not exist", o.version)
		return
	}
	o.report(ruleUnknownKind, "kind", "%s has no kind %q; %s", groupVersion, o.Kind,
		lead.Suggest(o.Kind, []string{"LeadDefinition", "SLAContract", "ReviewCadence"}))
}

func itoa(n int) string { return strconv.Itoa(n) }
