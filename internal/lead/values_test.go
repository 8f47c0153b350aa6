// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"reflect"
	"testing"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// CEL may ask any value for these. Nothing of a lead may come out that way: only the fields of the definition can be read.
func TestObjectsAreOpaque(t *testing.T) {
	s := newState(mustCompile(t, midMarket()))
	for name, value := range map[string]ref.Val{"lead": s.lead, "signals": s.signals, "signal": s.signals.signals[0]} {
		t.Run(name, func(t *testing.T) {
			if _, err := value.ConvertToNative(reflect.TypeFor[string]()); err == nil {
				t.Error("it has a native form")
			}
			if got := value.ConvertToType(types.StringType); !types.IsError(got) {
				t.Errorf("it is converted to %v", got)
			}
			if got := value.ConvertToType(types.TypeType); got.Equal(value.Type().(ref.Val)) != types.True {
				t.Errorf("its type is %v", got)
			}
			if value.Equal(value) != types.True || value.Equal(types.String("")) != types.False {
				t.Error("it equals more or less than itself")
			}
		})
	}
}

// An accessor meets another object only if the library mixed types up; then the value is absent.
func TestAccessorsRefuseOtherObjects(t *testing.T) {
	p := mustCompile(t, midMarket()).env.record.provider
	for _, name := range []string{leadTypeName, signalsTypeName, signalTypeName} {
		fields, found := p.FindStructFieldNames(name)
		if !found {
			t.Fatalf("%s is unknown", name)
		}
		field, found := p.FindStructFieldType(name, fields[0])
		if !found {
			t.Fatalf("%s.%s is unknown", name, fields[0])
		}
		if _, err := field.GetFrom("text"); err == nil || field.IsSet("text") {
			t.Errorf("%s.%s is read from a text", name, fields[0])
		}
	}
	if got := within(types.String("text"), types.String("1d")); !types.IsError(got) {
		t.Errorf("within of a text gives %v", got)
	}
}

func TestProviderLeavesTheRestToTheLibrary(t *testing.T) {
	p := mustCompile(t, midMarket()).env.record.provider
	const library = "google.protobuf.Timestamp"
	if _, found := p.FindStructFieldNames(library); !found {
		t.Error("no field names")
	}
	if _, found := p.FindStructFieldType(library, "seconds"); !found {
		t.Error("no field type")
	}
	if got := p.NewValue(leadTypeName, nil); !types.IsError(got) {
		t.Errorf("a lead is built: %v", got)
	}
}
