// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// IgnoreAnnotation names rules, separated by commas, whose findings on the object are suppressed.
const IgnoreAnnotation = "sla.handoff.dev/lint-ignore"

// object is one document of ours, with what is known of it.
type object struct {
	manifest.Document

	version  string // apiVersion
	root     *yaml.Node
	ignored  []string
	findings []Finding

	definition *lead.Definition // nil unless it compiles
	program    *lead.Program
	terms      *sla.Compiled // nil unless they compile
}

func newObject(d manifest.Document) *object {
	o := &object{Document: d}
	root, err := d.Node()
	if err != nil {
		return o
	}
	o.root = root
	if _, version := child(root, "apiVersion"); version != nil {
		o.version = version.Value
	}
	if _, kind := child(root, "kind"); kind != nil {
		o.Kind = kind.Value
	}
	_, metadata := child(root, "metadata")
	if _, name := child(metadata, "name"); name != nil {
		o.Name = name.Value
	}
	_, annotations := child(metadata, "annotations")
	if _, ignored := child(annotations, IgnoreAnnotation); ignored != nil {
		for _, id := range strings.Split(ignored.Value, ",") {
			o.ignored = append(o.ignored, strings.TrimSpace(id))
		}
	}
	return o
}

// report a finding at a path of the object.
func (o *object) report(r *Rule, path, format string, args ...any) {
	o.reportCure(r, path, r.Cure, format, args...)
}

func (o *object) reportCure(r *Rule, path, cure, format string, args ...any) {
	line, column := 1, 1
	if o.root != nil {
		_, shown, _ := at(o.root, path)
		line, column = shown.Line, shown.Column
	}
	o.add(r, path, cure, line, column, fmt.Sprintf(format, args...))
}

// add a finding at a line of the document.
func (o *object) add(r *Rule, path, cure string, line, column int, message string) {
	o.findings = append(o.findings, Finding{
		Severity: r.Severity, Rule: r.ID, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Path: path,
		File: o.File, Line: o.Line + line, Column: column, Message: message, Cure: cure,
		Suppressed: slices.Contains(o.ignored, r.ID),
	})
}

// positioned is a message that begins with line:column of an expression.
var positioned = regexp.MustCompile(`^(\d+):(\d+): `)

// reportExpression reports a finding inside an expression, at the place that its message names.
func (o *object) reportExpression(r *Rule, path, message, text string) {
	if found := positioned.FindStringSubmatch(text); found != nil && o.root != nil {
		node, _, whole := at(o.root, path)
		line, errLine := strconv.Atoi(found[1])
		column, errColumn := strconv.Atoi(found[2])
		if whole && errLine == nil && errColumn == nil {
			if atLine, atColumn, ok := inside(node, o.Text, line, column); ok {
				o.add(r, path, r.Cure, atLine, atColumn, message)
				return
			}
		}
	}
	o.report(r, path, "%s", message)
}

// failed says whether there is an error at a path, above or below it. Errors on the whole spec do not count: they are about more than the path.
func (o *object) failed(path string) bool {
	return slices.ContainsFunc(o.findings, func(f Finding) bool {
		if f.Severity != Error || f.Path == "" || f.Path == "spec" {
			return false
		}
		return within(f.Path, path) || within(path, f.Path)
	})
}

// within says whether a path is another one or lies below it.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (o *object) errors() int {
	n := 0
	for _, f := range o.findings {
		if f.Severity == Error {
			n++
		}
	}
	return n
}
