// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func schemas(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d CRDs, %v", len(files), err)
	}
	out := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, &crd); err != nil {
			t.Fatal(err)
		}
		out[crd.Spec.Names.Kind] = *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return out
}

// walk visits every property below a schema with its path.
func walk(path string, s apiextensionsv1.JSONSchemaProps, visit func(path string, s apiextensionsv1.JSONSchemaProps)) {
	for name, property := range s.Properties {
		visit(path+"."+name, property)
		walk(path+"."+name, property, visit)
	}
	if s.Items != nil && s.Items.Schema != nil {
		walk(path+"[]", *s.Items.Schema, visit)
	}
}

// kubectl explain is the documentation of a field.
func TestEveryFieldIsExplained(t *testing.T) {
	for kind, schema := range schemas(t) {
		explained := 0
		walk(kind, schema, func(path string, s apiextensionsv1.JSONSchemaProps) {
			if s.Description == "" && path != kind+".metadata" {
				t.Errorf("%s has no description", path)
			}
			explained++
		})
		if explained < 10 {
			t.Errorf("%s has %d fields", kind, explained)
		}
	}
}

// A default that the API server fills in would make the digest of an applied object differ from that of its file.
func TestNothingSignedHasADefault(t *testing.T) {
	all := schemas(t)
	signed := map[string]apiextensionsv1.JSONSchemaProps{
		"SLAContract.spec.terms": all["SLAContract"].Properties["spec"].Properties["terms"],
		"LeadDefinition.spec":    all["LeadDefinition"].Properties["spec"],
	}
	for path, schema := range signed {
		if len(schema.Properties) == 0 {
			t.Fatalf("%s has no fields", path)
		}
		walk(path, schema, func(path string, s apiextensionsv1.JSONSchemaProps) {
			if s.Default != nil {
				t.Errorf("%s has the default %s", path, s.Default.Raw)
			}
		})
	}
}
