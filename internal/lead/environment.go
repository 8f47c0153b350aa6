// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"encoding/json"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// The variables that expressions read.
const (
	leadVariable     = "lead"
	signalsVariable  = "signals"
	activityVariable = "activity"
)

// stringsVersion of the extension functions on strings: stated, so that an upgrade of the library adds none by itself.
const stringsVersion = 5

var celTypes = map[FieldType]*types.Type{
	String:     types.StringType,
	StringList: types.NewListType(types.StringType),
	Integer:    types.IntType,
	Number:     types.DoubleType,
	Boolean:    types.BoolType,
	Timestamp:  types.TimestampType,
}

// environment is one set of variables that expressions are checked against.
type environment struct {
	env      *cel.Env
	provider *provider
	names    []string // of the variables
	dynamic  bool     // the result may be dyn: what an activity holds is known when it happens

	constants *constants // that closures compare fields with
}

// environments of a definition.
type environments struct {
	fit      *environment // lead
	record   *environment // lead, signals
	activity *environment // activity

	constants *constants // of the expressions of the definition, shared by the three
}

func newEnvironments(fields []Field, signals []Signal) (environments, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return environments{}, fmt.Errorf("types of expressions: %w", err)
	}
	p := newProvider(registry, fields, signals)
	lead := cel.Variable(leadVariable, leadType)
	var all environments
	if all.fit, err = newEnvironment(p, lead); err != nil {
		return environments{}, err
	}
	if all.record, err = newEnvironment(p, lead, cel.Variable(signalsVariable, signalsType),
		cel.Function("within", cel.MemberOverload("signal_within_string",
			[]*cel.Type{signalType, cel.StringType}, cel.IntType, cel.BinaryBinding(within)))); err != nil {
		return environments{}, err
	}
	if all.activity, err = newEnvironment(p, cel.Variable(activityVariable, cel.MapType(cel.StringType, cel.DynType))); err != nil {
		return environments{}, err
	}
	all.fit.names = []string{leadVariable}
	all.record.names = []string{leadVariable, signalsVariable}
	all.activity.names = []string{activityVariable}
	all.activity.dynamic = true
	all.constants = newConstants(len(fields))
	for _, e := range []*environment{all.fit, all.record, all.activity} {
		e.constants = all.constants
	}
	return all, nil
}

func newEnvironment(p *provider, own ...cel.EnvOption) (*environment, error) {
	env, err := cel.NewEnv(append([]cel.EnvOption{
		cel.CustomTypeAdapter(p),
		cel.CustomTypeProvider(p),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true), // the hour of a timestamp must not depend on the machine
		ext.Strings(ext.StringsVersion(stringsVersion)),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
	}, own...)...)
	if err != nil {
		return nil, fmt.Errorf("environment of expressions: %w", err)
	}
	return &environment{env: env, provider: p}, nil
}

// provider tells CEL of the three object types of a definition; all else is the library's registry.
type provider struct {
	*types.Registry
	structs map[string]map[string]*types.FieldType
	names   map[string][]string // in the definition's order
	fields  []Field
	signals []Signal
}

func newProvider(registry *types.Registry, fields []Field, signals []Signal) *provider {
	p := &provider{
		Registry: registry,
		structs: map[string]map[string]*types.FieldType{
			leadTypeName: {}, signalsTypeName: {}, signalTypeName: {"count": countField()},
		},
		names:  map[string][]string{signalTypeName: {"count", "within(window)"}},
		fields: fields, signals: signals,
	}
	var accessLead *leadObject
	for i, f := range fields {
		if t, known := celTypes[f.Type]; known {
			p.structs[leadTypeName][f.Name] = accessLead.field(i, t)
			p.names[leadTypeName] = append(p.names[leadTypeName], f.Name)
		}
	}
	var accessSignals *signalsObject
	for i, s := range signals {
		p.structs[signalsTypeName][s.Name] = accessSignals.field(i)
		p.names[signalsTypeName] = append(p.names[signalsTypeName], s.Name)
	}
	return p
}

// FindStructType implements types.Provider.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, own := p.structs[name]; own {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Registry.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if _, own := p.structs[name]; own {
		return p.names[name], true
	}
	return p.Registry.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if fields, own := p.structs[name]; own {
		t, found := fields[field]
		return t, found
	}
	return p.Registry.FindStructFieldType(name, field)
}

// NewValue implements types.Provider; the compiler refuses expressions that would call it.
func (p *provider) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("%s: expressions cannot build objects", name)
}

// NativeToValue implements types.Adapter: what JSON decodes to is wrapped here, at every depth and without reflection.
func (p *provider) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case ref.Val:
		return v
	case map[string]any:
		return types.NewStringInterfaceMap(p, v)
	case []any:
		return types.NewDynamicList(p, v)
	case json.Number:
		return numberValue(v)
	default:
		return p.Registry.NativeToValue(value)
	}
}

func numberValue(n json.Number) ref.Val {
	if i, err := n.Int64(); err == nil {
		return types.Int(i)
	}
	f, err := n.Float64()
	if err != nil {
		return types.NewErr("not a number that fits")
	}
	return types.Double(f)
}
