// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Names of the object types that expressions see. No expression can build one.
const (
	leadTypeName    = "handoff.Lead"
	signalsTypeName = "handoff.Signals"
	signalTypeName  = "handoff.Signal"
)

var (
	leadType    = types.NewObjectType(leadTypeName)
	signalsType = types.NewObjectType(signalsTypeName)
	signalType  = types.NewObjectType(signalTypeName)
)

var errAbsent = errors.New("the lead has no such value")

// object is what the three types have in common: nothing can be done with them but reading their fields.
type object struct{ kind *types.Type }

func (o object) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s has no native form", o.kind.TypeName())
}

func (o object) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return o.kind
	}
	return types.NewErr("%s cannot be converted", o.kind.TypeName())
}

func (o object) Type() ref.Type { return o.kind }

// leadObject is `lead`. Most expressions read the record itself; its values are wrapped for CEL when the first one asks.
type leadObject struct {
	object
	record *record
	values []ref.Val // by field, nil where not yet wrapped
}

func (l *leadObject) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(l) == other) }
func (l *leadObject) Value() any                  { return l }

// field makes the checked access to one field; the index is known when the expression is compiled.
func (l *leadObject) field(index int, t *types.Type) *types.FieldType {
	return &types.FieldType{
		Type: t,
		IsSet: func(target any) bool {
			lead, ok := target.(*leadObject)
			return ok && lead.record.slots[index].id != idAbsent
		},
		GetFrom: func(target any) (any, error) {
			lead, ok := target.(*leadObject)
			if !ok || lead.record.slots[index].id == idAbsent {
				return nil, errAbsent
			}
			return lead.record.celValue(index), nil
		},
	}
}

// signalsObject is `signals`.
type signalsObject struct {
	object
	signals []*signalObject
}

func (s *signalsObject) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(s) == other) }
func (s *signalsObject) Value() any                  { return s }

func (s *signalsObject) field(index int) *types.FieldType {
	return &types.FieldType{
		Type: signalType,
		IsSet: func(target any) bool {
			_, ok := target.(*signalsObject)
			return ok
		},
		GetFrom: func(target any) (any, error) {
			signals, ok := target.(*signalsObject)
			if !ok {
				return nil, errAbsent
			}
			return signals.signals[index], nil
		},
	}
}

// signalObject is `signals.<name>`: its occurrences up to the time of evaluation, in order of time.
type signalObject struct {
	object
	times []time.Time
	now   *time.Time
}

func (s *signalObject) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(s) == other) }
func (s *signalObject) Value() any                  { return s }

// count is `signals.<name>.count`.
func countField() *types.FieldType {
	return &types.FieldType{
		Type: types.IntType,
		IsSet: func(target any) bool {
			_, ok := target.(*signalObject)
			return ok
		},
		GetFrom: func(target any) (any, error) {
			signal, ok := target.(*signalObject)
			if !ok {
				return nil, errAbsent
			}
			return types.Int(len(signal.times)), nil
		},
	}
}

// within is `signals.<name>.within("90d")`: occurrences in the window that ends at the time of evaluation. One that is
// exactly as old as the window still counts.
func within(target, window ref.Val) ref.Val {
	signal, isSignal := target.(*signalObject)
	text, isText := window.(types.String)
	if !isSignal || !isText {
		return types.MaybeNoSuchOverloadErr(target)
	}
	length, err := parseWindow(string(text))
	if err != nil {
		return types.NewErr("within: %v", err)
	}
	return types.Int(signal.since(signal.now.Add(-length)))
}

// since counts the occurrences that are not before an instant.
func (s *signalObject) since(from time.Time) int {
	first := sort.Search(len(s.times), func(i int) bool { return !s.times[i].Before(from) })
	return len(s.times) - first
}
