// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"go.yaml.in/yaml/v3"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
)

// expressions calls see with every expression of the document, wherever its kind has some: what a later version adds is found too.
func (o *object) expressions(see func(*truth.Expression)) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n = deref(n); n == nil {
			return
		}
		for i, item := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && item.Kind == yaml.ScalarNode {
				if key := n.Content[i-1].Value; key != "when" && key != "expression" {
					continue
				}
				if e, err := truth.Parse(item.Value); err == nil {
					see(e)
				}
				continue
			}
			walk(item)
		}
	}
	_, spec := child(o.root, "spec")
	walk(spec)
}
