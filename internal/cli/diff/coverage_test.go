// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

// No field of the API can change in silence: each is changed and taken away in turn, in an object in which every field is set, and
// each time there must be a line, signed exactly when the digest differs.
func TestEveryFieldHasALine(t *testing.T) {
	kinds := map[string]func(int) (manifest.Document, []string){
		"LeadDefinition": func(turn int) (manifest.Document, []string) {
			o := &slav1alpha1.LeadDefinition{}
			paths := fillAndTurn(&o.Spec, turn)
			return manifest.Document{Kind: "LeadDefinition", Name: "x", Definition: o}, paths
		},
		"SLAContract": func(turn int) (manifest.Document, []string) {
			o := &slav1alpha1.SLAContract{}
			paths := fillAndTurn(&o.Spec, turn)
			return manifest.Document{Kind: "SLAContract", Name: "x", Contract: o}, paths
		},
		"ReviewCadence": func(turn int) (manifest.Document, []string) {
			o := &slav1alpha1.ReviewCadence{}
			paths := fillAndTurn(&o.Spec, turn)
			return manifest.Document{Kind: "ReviewCadence", Name: "x", Cadence: o}, paths
		},
	}
	for kind, build := range kinds {
		before, paths := build(-1)
		if len(paths) < 10 {
			t.Fatalf("%s: only %d fields found: %v", kind, len(paths), paths)
		}
		same, _ := build(-1)
		if o, err := Pair(&before, &same); err != nil || o.State != "" {
			t.Errorf("%s: the same object differs: %v %v", kind, o.Changes, err)
		}
		for i, path := range paths {
			t.Run(kind+"/"+path, func(t *testing.T) {
				after, _ := build(i)
				checkLine(t, before, after)
			})
		}
	}
}

func checkLine(t *testing.T, before, after manifest.Document) {
	t.Helper()
	o, err := Pair(&before, &after)
	if err != nil {
		t.Fatal(err)
	}
	if o.State != Changed || len(o.Changes) == 0 {
		t.Fatal("a change without a line")
	}
	for _, c := range o.Changes {
		if line := c.String(); strings.Contains(line, ":  ") || strings.HasPrefix(line, ":") || strings.HasPrefix(line, " ") {
			t.Errorf("an odd line: %q", line)
		}
		if c.Kind == Changed && c.Old == c.New && c.Effect == "" {
			t.Errorf("a line that says nothing: %q", c)
		}
	}
	if before.Signable() && o.OldDigest != "" && o.NewDigest != "" {
		if signed := len(o.Part(true)) > 0; signed != (o.OldDigest != o.NewDigest) {
			t.Errorf("signed lines: %t, digests differ: %t: %v", signed, o.OldDigest != o.NewDigest, o.Changes)
		}
	}
}

// fillAndTurn sets every field of a spec, two entries a list, and then changes the one with the number turn. It returns the paths of all
// that can be changed.
func fillAndTurn(spec any, turn int) []string {
	f := &filler{}
	f.fill(reflect.ValueOf(spec).Elem(), "", 0)
	f.turn = turn
	f.visit(reflect.ValueOf(spec).Elem(), "")
	return f.paths
}

type filler struct {
	turn  int
	paths []string
}

// special values, by type or by the name of the field: what a plain string or number would not be.
func special(path string, i int) any {
	name := path[strings.LastIndex(path, ".")+1:]
	switch name {
	case "within", "after", "outsideHours", "halfLife", "minSpan":
		return []string{"5m", "6m"}[i]
	case "when", "expression":
		return []string{"lead.a == 1", "lead.a == 2"}[i]
	case "from", "to":
		return []string{"09:00", "10:00"}[i]
	case "days":
		return []string{"Mon", "Tue"}[i]
	case "newContact":
		return []string{"Required", "Required"}[i]
	case "date":
		return []string{"2026-12-24", "2026-12-25"}[i]
	default:
		return nil
	}
}

func (f *filler) fill(v reflect.Value, path string, i int) {
	switch at := v.Addr().Interface().(type) {
	case *metav1.Time:
		*at = metav1.NewTime(time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC))
		return
	case *intstr.IntOrString:
		*at = intstr.FromInt32(int32(25 + i))
		return
	case *corev1.ResourceRequirements:
		at.Requests = corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(int64(100+i), resource.DecimalSI)}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), path, i)
	case reflect.Struct:
		for n := range v.NumField() {
			if name := jsonName(v.Type().Field(n)); name != "" && name != "signOffs" {
				f.fill(v.Field(n), path+"."+name, i)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0), path, 0)
		f.fill(v.Index(1), path, 1)
	case reflect.String:
		v.SetString(fmt.Sprintf("%s%d", path[strings.LastIndex(path, ".")+1:], i))
		if s, ok := special(path, i).(string); ok {
			v.SetString(s)
		}
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(50 + i))
	case reflect.Bool:
		v.SetBool(i == 0)
	default:
		panic("no value for " + path + ": " + v.Kind().String())
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// mine says whether this place is the one to change, and counts it.
func (f *filler) mine(path string) bool {
	f.paths = append(f.paths, path)
	return len(f.paths)-1 == f.turn
}

// visit changes leaves to another value, takes optional ones away, and takes an entry out of each list.
func (f *filler) visit(v reflect.Value, path string) {
	switch v.Addr().Interface().(type) {
	case *metav1.Time, *intstr.IntOrString, *corev1.ResourceRequirements:
		if f.mine(path) {
			f.fill(v, path, 1)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if leaf := v.Elem().Kind() != reflect.Struct; !leaf && f.mine(path+" away") {
			v.SetZero()
			return
		}
		f.visit(v.Elem(), path)
	case reflect.Struct:
		for n := range v.NumField() {
			if name := jsonName(v.Type().Field(n)); name != "" && name != "signOffs" {
				f.visit(v.Field(n), path+"."+name)
			}
		}
	case reflect.Slice:
		if f.mine(path + "[1] away") {
			v.Set(v.Slice(0, 1))
			return
		}
		f.visit(v.Index(0), path+"[0]")
	case reflect.String:
		f.visitText(v, path)
	case reflect.Int32, reflect.Int64:
		if f.mine(path) {
			v.SetInt(v.Int() + 7)
		}
	case reflect.Bool:
		if f.mine(path) {
			v.SetBool(!v.Bool())
		}
	default:
		panic("no change for " + path)
	}
}

// only one value is allowed: there is no other to change to.
var single = []string{".terms.marketing.volume.from", ".dispositions[0].reentry.newContact"}

func (f *filler) visitText(v reflect.Value, path string) {
	if !slices.Contains(single, path) && f.mine(path) {
		v.SetString(map[bool]string{true: "another", false: other(v.String())}[special(strings.TrimSuffix(path, "[0]"), 0) == nil])
	}
	if f.mine(path + " away") {
		v.SetString("")
	}
}

// other value of the same form.
func other(s string) string {
	return strings.NewReplacer("== 1", "== 3", "5m", "9m", "09:00", "08:00", "Mon", "Wed", "2026-12-24", "2026-12-31").Replace(s)
}
