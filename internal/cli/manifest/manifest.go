// SPDX-License-Identifier: Apache-2.0

// Package manifest reads the YAML documents that people write, from files, folders and git revisions, and knows which of them
// are ours.
package manifest

import (
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Document is one YAML document of a file. Of our kinds, one of Definition, Contract and Cadence is set.
type Document struct {
	File string // as it was named; REV:PATH for one from git
	Line int    // of the file, before the document's first; 0 for the first document
	Text string

	Kind, Namespace, Name string
	Definition            *slav1alpha1.LeadDefinition
	Contract              *slav1alpha1.SLAContract
	Cadence               *slav1alpha1.ReviewCadence

	Err error // why it could not be read; Scan leaves it here, Read and Load fail with it
}

func (d Document) String() string { return d.Kind + "/" + d.Name }

// Place names the document for people.
func (d Document) Place() string {
	if d.Line == 0 {
		return d.File
	}
	return fmt.Sprintf("%s, document at line %d", d.File, d.Line+1)
}

// Signable says whether both parties sign this kind.
func (d Document) Signable() bool { return d.Definition != nil || d.Contract != nil }

// Unplaced says whether a signable document leaves its namespace to whoever applies it.
func (d Document) Unplaced() bool {
	if d.Definition != nil {
		return d.Definition.Namespace == ""
	}
	return d.Contract.Namespace == ""
}

// Ours says whether the document is of one of our kinds.
func (d Document) Ours() bool { return d.Signable() || d.Cadence != nil }

// Digest of a signable document.
func (d Document) Digest() (string, error) {
	if d.Definition != nil {
		definition, err := convert.Definition(d.Definition.Spec)
		if err != nil {
			return "", err
		}
		return sla.DigestDefinition(definition)
	}
	terms, err := convert.Terms(d.Contract.Spec)
	if err != nil {
		return "", err
	}
	return sla.DigestTerms(terms)
}

// Check finds what the operator would refuse in a signable document: nobody should sign that.
func (d Document) Check() error {
	if d.Definition != nil {
		definition, err := convert.Definition(d.Definition.Spec)
		if err != nil {
			return err
		}
		_, err = lead.Compile(definition)
		return err
	}
	terms, err := convert.Terms(d.Contract.Spec)
	if err != nil {
		return err
	}
	if terms, err = holidays.Without(terms); err != nil {
		return err
	}
	_, err = sla.Compile(terms)
	return err
}

// SignOffs of a signable document.
func (d Document) SignOffs() []slav1alpha1.SignOff {
	if d.Definition != nil {
		return d.Definition.Spec.SignOffs
	}
	return d.Contract.Spec.SignOffs
}

// Node is the document's syntax tree with positions, counted within the document.
func (d Document) Node() (*yaml.Node, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(d.Text), &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 {
		return nil, fmt.Errorf("%s: empty", d.Place())
	}
	return root.Content[0], nil
}

// Read reads the documents of a file, or of standard input for "-". One that cannot be read is an error.
func Read(file string, stdin io.Reader) ([]Document, error) {
	return strict(Scan(file, stdin))
}

// Scan is Read, but a document that cannot be read says so in its Err.
func Scan(file string, stdin io.Reader) ([]Document, error) {
	data, err := readFile(file, stdin)
	if err != nil {
		return nil, err
	}
	return parseAll(file, data), nil
}

func readFile(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

func strict(docs []Document, err error) ([]Document, error) {
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if d.Err != nil {
			return nil, fmt.Errorf("%s: %w", d.Place(), d.Err)
		}
	}
	return docs, nil
}

func parseAll(file string, data []byte) []Document {
	docs := split(file, string(data))
	for i := range docs {
		docs[i] = Parse(docs[i])
	}
	return docs
}

// split cuts a file at lines that begin with `---`; the line itself belongs to the document that it begins.
func split(file, text string) []Document {
	var docs []Document
	current := Document{File: file}
	var b strings.Builder
	for i, line := range strings.SplitAfter(text, "\n") {
		if strings.HasPrefix(line, "---") && i > 0 {
			current.Text = b.String()
			docs = append(docs, current)
			current = Document{File: file, Line: i}
			b.Reset()
		}
		b.WriteString(line)
	}
	current.Text = b.String()
	return append(docs, current)
}

// Blank gives the document an empty object of its kind, to be read into; nil where the kind is none of ours.
func Blank(d *Document) any {
	d.Definition, d.Contract, d.Cadence = nil, nil, nil
	switch d.Kind {
	case "LeadDefinition":
		d.Definition = &slav1alpha1.LeadDefinition{}
		return d.Definition
	case "SLAContract":
		d.Contract = &slav1alpha1.SLAContract{}
		return d.Contract
	case "ReviewCadence":
		d.Cadence = &slav1alpha1.ReviewCadence{}
		return d.Cadence
	default:
		return nil
	}
}

// Parse reads a document's text anew. It is strict: a misspelt key would else be dropped, and something else signed than what was meant.
func Parse(d Document) Document {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	d.Definition, d.Contract, d.Cadence, d.Err = nil, nil, nil, nil
	if d.Err = sigsyaml.Unmarshal([]byte(d.Text), &head); d.Err != nil {
		return d
	}
	d.Kind, d.Namespace, d.Name = head.Kind, head.Metadata.Namespace, head.Metadata.Name
	if head.APIVersion != slav1alpha1.GroupVersion.String() {
		return d
	}
	object := Blank(&d)
	if object == nil {
		return d
	}
	if d.Err = d.checkNode(object); d.Err == nil {
		d.Err = sigsyaml.UnmarshalStrict([]byte(d.Text), object)
	}
	return d
}
