// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// object is a map from names to values that are made when they are asked for: most outcomes read one column of many.
type object struct {
	names []string
	find  func(name string) (ref.Val, bool)
}

// Find implements traits.Mapper.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	name, isText := key.(types.String)
	if !isText {
		return nil, false
	}
	return o.find(string(name))
}

// Get implements traits.Indexer.
func (o *object) Get(key ref.Val) ref.Val {
	if value, there := o.Find(key); there {
		return value
	}
	return types.NewErr("no such key: %v", key.Value())
}

// Contains implements traits.Container.
func (o *object) Contains(key ref.Val) ref.Val {
	_, there := o.Find(key)
	return types.Bool(there)
}

// present are the names that have a value.
func (o *object) present() []string {
	var names []string
	for _, name := range o.names {
		if _, there := o.find(name); there {
			names = append(names, name)
		}
	}
	return names
}

// Size implements traits.Sizer.
func (o *object) Size() ref.Val { return types.Int(len(o.present())) }

// all of it as a map that the library knows.
func (o *object) all() ref.Val {
	values := map[ref.Val]ref.Val{}
	for _, name := range o.present() {
		values[types.String(name)], _ = o.find(name)
	}
	return types.NewRefValMap(types.DefaultTypeAdapter, values)
}

// Iterator implements traits.Iterable.
func (o *object) Iterator() traits.Iterator {
	names := map[ref.Val]ref.Val{}
	for _, name := range o.present() {
		names[types.String(name)] = types.True
	}
	return types.NewRefValMap(types.DefaultTypeAdapter, names).Iterator()
}

// ConvertToNative implements ref.Val.
func (o *object) ConvertToNative(t reflect.Type) (any, error) { return o.all().ConvertToNative(t) }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return o
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("a lead cannot be converted to %s", t.TypeName())
}

// Equal implements ref.Val.
func (o *object) Equal(other ref.Val) ref.Val { return o.all().Equal(other) }

// Type implements ref.Val.
func (o *object) Type() ref.Type { return types.MapType }

// Value implements ref.Val.
func (o *object) Value() any { return o }

// String names the members, never their values.
func (o *object) String() string { return fmt.Sprint(o.names) }
