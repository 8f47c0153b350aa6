// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	objectvalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/handoff-sla/handoff/config/crd"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

var ruleSchema = define("schema", Error, operator,
	"a value that the kind's schema or one of its rules does not allow: a missing field, a wrong type, a number out of bounds",
	"the API server refuses the object",
	"write what the message asks for; `kubectl explain` documents the field")

// schema judges objects of one kind as the API server does.
type schema struct {
	resource   string
	structural *structuralschema.Structural
	openAPI    validation.SchemaValidator
	rules      *cel.Validator
}

// schemas by kind. Compiling their rules takes a moment, so it waits until the first object.
var schemas = sync.OnceValues(func() (map[string]*schema, error) {
	files, err := crd.Bases.ReadDir("bases")
	if err != nil {
		return nil, err
	}
	all := map[string]*schema{}
	for _, file := range files {
		text, err := crd.Bases.ReadFile("bases/" + file.Name())
		if err != nil {
			return nil, err
		}
		definition := apiextensionsv1.CustomResourceDefinition{}
		if err := sigsyaml.UnmarshalStrict(text, &definition); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		if all[definition.Spec.Names.Kind], err = newSchema(definition); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return all, nil
})

func newSchema(definition apiextensionsv1.CustomResourceDefinition) (*schema, error) {
	written := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	properties := apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(written, &properties, nil); err != nil {
		return nil, err
	}
	s := &schema{resource: definition.Spec.Names.Singular}
	var err error
	if s.structural, err = structuralschema.NewStructural(&properties); err != nil {
		return nil, err
	}
	if s.openAPI, _, err = validation.NewSchemaValidator(&properties); err != nil {
		return nil, err
	}
	s.rules = cel.NewValidator(s.structural, true, celconfig.PerCallLimit)
	return s, nil
}

// validate gives what the API server would say. The object gets the server's defaults first, as it would there.
func (s *schema) validate(ctx context.Context, content map[string]any) field.ErrorList {
	defaulting.PruneNonNullableNullsWithoutDefaults(content, s.structural)
	defaulting.Default(content, s.structural)
	object := &unstructured.Unstructured{Object: content}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault) // kubectl fills it in
	}
	errs := objectvalidation.ValidateObjectMetaAccessor(object, true, objectvalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, content, s.openAPI)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, s.structural, content)...)
	if s.rules == nil || hasBlocking(errs) {
		return errs
	}
	more, _ := s.rules.Validate(ctx, nil, s.structural, content, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, more...)
}

// hasBlocking says, as the API server does, whether rules over the object would only repeat what is already said.
func hasBlocking(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		default:
		}
	}
	return false
}

// content of a document as the API server reads it.
func content(text string) (map[string]any, error) {
	raw, err := sigsyaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	return out, json.Unmarshal(raw, &out)
}

// checkSchema reports what the API server would refuse.
func (o *object) checkSchema(ctx context.Context, s *schema) {
	read, err := content(o.Text)
	if err != nil {
		o.Err = err
		o.unreadable()
		return
	}
	for _, err := range s.validate(ctx, read) {
		path := strings.TrimPrefix(err.Field, "<nil>")
		if o.misspelt(path) || err.Type == field.ErrorTypeRequired && o.misspelt(path[:max(strings.LastIndexByte(path, '.'), 0)]) {
			continue // the unknown key beside it explains it
		}
		cure := ruleSchema.Cure
		if strings.HasPrefix(path, "spec") {
			cure = fmt.Sprintf("write what the message asks for; kubectl explain %s.%s documents it", s.resource, plain(path))
		}
		if other := o.noText(err, path); other != nil {
			o.reportCure(ruleSchema, path, other.Cure(), "%s must be a text, but %s", path, other.Reading())
			continue
		}
		o.reportCure(ruleSchema, path, cure, "%s: %s", orObject(path), strings.Replace(err.ErrorBody(), path+" in body ", "", 1))
	}
}

// noText is a value that lacks its quotes; nil when an error has another cause.
func (o *object) noText(err *field.Error, path string) *manifest.NoTextError {
	n, _, whole := at(o.root, path)
	if err.Type != field.ErrorTypeTypeInvalid || !whole || deref(n).Kind != yaml.ScalarNode || !strings.Contains(err.Detail, "of type string") {
		return nil
	}
	return manifest.Unquoted(deref(n), path)
}

// misspelt says whether the mapping at a path has a key that is none.
func (o *object) misspelt(path string) bool {
	for _, f := range o.findings {
		if f.Rule == ruleUnknownField.ID && f.Path == path {
			return true
		}
	}
	return false
}

func orObject(path string) string {
	if path == "" {
		return "the object"
	}
	return path
}

// plain is a path without indexes, as kubectl explain takes it.
func plain(path string) string { return indexes.ReplaceAllString(path, "") }

var indexes = regexp.MustCompile(`\[[^\]]*\]`)

// unknownFields walks the document beside the schema.
func (o *object) unknownFields(n *yaml.Node, s *structuralschema.Structural, path string) {
	n = deref(n)
	switch {
	case n == nil || s == nil || s.XPreserveUnknownFields:
	case n.Kind == yaml.SequenceNode && s.Items != nil:
		for i, item := range n.Content {
			o.unknownFields(item, s.Items, path+"["+strconv.Itoa(i)+"]")
		}
	case n.Kind == yaml.MappingNode && len(s.Properties) > 0:
		o.unknownIn(n, s, path)
	}
}
