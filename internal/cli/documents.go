// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// document is one YAML document of a file.
type document struct {
	file string
	line int // of the file, before the document's first; 0 for the first document
	text string

	kind, name string
	definition *slav1alpha1.LeadDefinition
	contract   *slav1alpha1.SLAContract
}

func (d document) String() string { return d.kind + "/" + d.name }

// signable says whether both parties sign this kind.
func (d document) signable() bool { return d.definition != nil || d.contract != nil }

// split cuts a file at lines that begin with `---`; the line itself belongs to the document that it begins.
func split(file, text string) []document {
	var docs []document
	current := document{file: file}
	var b strings.Builder
	for i, line := range strings.SplitAfter(text, "\n") {
		if strings.HasPrefix(line, "---") && i > 0 {
			current.text = b.String()
			docs = append(docs, current)
			current = document{file: file, line: i}
			b.Reset()
		}
		b.WriteString(line)
	}
	current.text = b.String()
	return append(docs, current)
}

// readDocuments reads a file, or standard input for "-".
func readDocuments(file string, stdin io.Reader) ([]document, error) {
	data, err := readFile(file, stdin)
	if err != nil {
		return nil, err
	}
	docs := split(file, string(data))
	for i := range docs {
		var err error
		if docs[i], err = parse(docs[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", docs[i].place(), err)
		}
	}
	return docs, nil
}

func readFile(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

func (d document) place() string {
	if d.line == 0 {
		return d.file
	}
	return fmt.Sprintf("%s, document at line %d", d.file, d.line+1)
}

// parse is strict: a misspelt key would else be dropped, and something else signed than what was meant.
func parse(d document) (document, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if err := sigsyaml.Unmarshal([]byte(d.text), &head); err != nil {
		return d, err
	}
	d.kind, d.name = head.Kind, head.Metadata.Name
	if head.APIVersion != slav1alpha1.GroupVersion.String() {
		return d, nil
	}
	switch head.Kind {
	case "LeadDefinition":
		d.definition = &slav1alpha1.LeadDefinition{}
		return d, sigsyaml.UnmarshalStrict([]byte(d.text), d.definition)
	case "SLAContract":
		d.contract = &slav1alpha1.SLAContract{}
		return d, sigsyaml.UnmarshalStrict([]byte(d.text), d.contract)
	}
	return d, nil
}

// digest of a signable document.
func (d document) digest() (string, error) {
	if d.definition != nil {
		definition, err := convert.Definition(d.definition.Spec)
		if err != nil {
			return "", err
		}
		return sla.DigestDefinition(definition)
	}
	terms, err := convert.Terms(d.contract.Spec)
	if err != nil {
		return "", err
	}
	return sla.DigestTerms(terms)
}

// check finds what the operator would refuse: nobody should sign that.
func (d document) check() error {
	if d.definition != nil {
		definition, err := convert.Definition(d.definition.Spec)
		if err != nil {
			return err
		}
		_, err = lead.Compile(definition)
		return err
	}
	terms, err := convert.Terms(d.contract.Spec)
	if err != nil {
		return err
	}
	_, err = sla.Compile(terms)
	return err
}

func (d document) signOffs() []slav1alpha1.SignOff {
	if d.definition != nil {
		return d.definition.Spec.SignOffs
	}
	return d.contract.Spec.SignOffs
}

// node is the document's syntax tree with positions.
func (d document) node() (*yaml.Node, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(d.text), &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 {
		return nil, fmt.Errorf("%s: empty", d.place())
	}
	return root.Content[0], nil
}
