// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/lead"
)

var (
	ruleUnknownField = define("unknown-field", Error, operator,
		"a key that the kind does not have",
		"it would be dropped, and something else signed than what was meant; kubectl and the API server refuse it",
		"write the name that is meant, or delete the line")
	ruleDuplicateKey = define("duplicate-key", Error, operator,
		"the same key twice in one mapping",
		"only one of the two values would count, and readers differ in which",
		"keep one of the two")
)

func (o *object) unknownIn(n *yaml.Node, s *structuralschema.Structural, path string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		below := strings.TrimPrefix(path+"."+key.Value, ".")
		if below == "metadata" || key.Value == "<<" {
			continue // metadata is Kubernetes' own: the decoder knows its fields
		}
		property, known := s.Properties[key.Value]
		if !known {
			o.add(ruleUnknownField, path, ruleUnknownField.Cure, key.Line, key.Column,
				orObject(path)+" has no field \""+key.Value+"\"; "+lead.Suggest(key.Value, names(s)))
			continue
		}
		o.unknownFields(value, &property, below)
	}
}

func names(s *structuralschema.Structural) []string {
	var out []string
	for name := range s.Properties {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// unknownMetadata reports what the decoder found in metadata, which no schema describes.
func (o *object) unknownMetadata() {
	var unknown *manifest.UnknownKeyError
	if errors.As(o.Err, &unknown) && strings.HasPrefix(unknown.Path, "metadata") {
		o.add(ruleUnknownField, unknown.Path, ruleUnknownField.Cure, unknown.Line-o.Line, unknown.Column,
			unknown.Path+" has no field \""+unknown.Key+"\"; "+unknown.Hint)
	}
}

// duplicateKeys walks the document.
func (o *object) duplicateKeys(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.SequenceNode, yaml.DocumentNode:
		for _, item := range n.Content {
			o.duplicateKeys(item, path)
		}
	case yaml.MappingNode:
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if first, twice := seen[key.Value]; twice {
				o.add(ruleDuplicateKey, path, ruleDuplicateKey.Cure, key.Line, key.Column,
					"the key \""+key.Value+"\" stands twice: first on line "+itoa(o.Line+first))
			}
			seen[key.Value] = key.Line
			o.duplicateKeys(n.Content[i+1], strings.TrimPrefix(path+"."+key.Value, "."))
		}
	default:
	}
}
