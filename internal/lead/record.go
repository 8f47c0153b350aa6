// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// What a slot's id says. The ids of constants follow.
const (
	idAbsent  = iota // the lead has no such value
	idPresent        // a value that no expression compares with a constant, or one that equals none of them
	idFalse          // of a Boolean
	idTrue

	firstConstant = idFalse
)

// slot is the value of one field, laid out so that most conditions read one number of it.
type slot struct {
	id   uint32
	nano uint32 // of a Timestamp, below its second
	bits uint64 // an Integer; a Number's bits; a Timestamp's Unix seconds; a StringList's set of constants
	text string // a String
}

// maxLocals is how deep exists and all may stand in each other in a closure.
const maxLocals = 3

// record is what expressions read: a lead's values and signals at a time, or one activity. It serves one goroutine.
type record struct {
	constants *constants
	slots     []slot
	lists     [][]string // the entries of StringLists, by field
	lead      *leadObject
	signals   *signalsObject
	now       time.Time
	activity  map[string]any
	provider  *provider
	locals    [maxLocals]string // the entry at which each exists and all stands
}

func newRecord(p *Program) record {
	fields, signals := len(p.definition.Fields), len(p.definition.Signals)
	r := record{
		constants: p.env.constants, provider: p.env.activity.provider,
		slots: make([]slot, fields), lists: make([][]string, fields),
		lead:    &leadObject{object: object{leadType}, values: make([]ref.Val, fields)},
		signals: &signalsObject{object: object{signalsType}, signals: make([]*signalObject, signals)},
	}
	return r
}

// bind ties the objects that CEL reads to the record, once it stands where it will stay.
func (r *record) bind() {
	r.lead.record = r
	for i := range r.signals.signals {
		r.signals.signals[i] = &signalObject{object: object{signalType}, now: &r.now}
	}
}

// ResolveName implements cel.Activation.
func (r *record) ResolveName(name string) (any, bool) {
	switch name {
	case leadVariable:
		return r.lead, true
	case signalsVariable:
		return r.signals, true
	case activityVariable:
		return types.NewStringInterfaceMap(r.provider, r.activity), true
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (r *record) Parent() cel.Activation { return nil }

// reset forgets the lead, and keeps the memory.
func (r *record) reset() {
	for i := range r.slots {
		r.clear(i)
	}
	for _, s := range r.signals.signals {
		s.times = s.times[:0]
	}
	r.now, r.activity = time.Time{}, nil
}

func (r *record) clear(field int) {
	r.slots[field] = slot{}
	r.lead.values[field] = nil
}

// put sets a field to a value of its type, as Coerce returns it; nil is absent.
func (r *record) put(field int, typed any) {
	r.clear(field)
	switch v := typed.(type) {
	case string:
		r.putText(field, v)
	case int64:
		r.slots[field] = slot{id: idPresent, bits: uint64(v)}
	case float64:
		r.slots[field] = slot{id: idPresent, bits: math.Float64bits(v)}
	case bool:
		r.putTruth(field, v)
	case time.Time:
		r.putTime(field, v)
	case []string:
		r.putList(field, append(r.lists[field][:0], v...))
	default:
	}
}

func (r *record) putText(field int, text string) {
	r.slots[field] = slot{id: r.constants.of(field, text), text: text}
}

func (r *record) putTruth(field int, truth bool) {
	r.slots[field].id = idFalse
	if truth {
		r.slots[field].id = idTrue
	}
}

func (r *record) putTime(field int, at time.Time) {
	r.slots[field] = slot{id: idPresent, bits: uint64(at.Unix()), nano: uint32(at.Nanosecond())}
}

func (r *record) putList(field int, list []string) {
	set := uint64(0)
	if len(r.constants.ids[field]) > 0 {
		for _, entry := range list {
			if id := r.constants.of(field, entry); id <= maxInSet {
				set |= 1 << id
			}
		}
	}
	r.lists[field] = list
	r.slots[field] = slot{id: idPresent, bits: set}
}

// value of a field in its own type, nil where absent.
func (r *record) value(field int) any {
	s := &r.slots[field]
	if s.id == idAbsent {
		return nil
	}
	switch r.provider.fields[field].Type {
	case String:
		return s.text
	case StringList:
		return r.lists[field]
	case Integer:
		return int64(s.bits)
	case Number:
		return math.Float64frombits(s.bits)
	case Boolean:
		return s.id == idTrue
	case Timestamp:
		return s.time()
	default:
		return nil
	}
}

func (s *slot) time() time.Time { return time.Unix(int64(s.bits), int64(s.nano)).UTC() }

// celValue is the same in CEL's types, made when an expression without a closure reads it.
func (r *record) celValue(field int) ref.Val {
	known := r.lead.values[field]
	if known == nil {
		if typed := r.value(field); typed != nil {
			known = wrap(typed)
			r.lead.values[field] = known
		}
	}
	return known
}

func wrap(typed any) ref.Val {
	switch v := typed.(type) {
	case string:
		return types.String(v)
	case int64:
		return types.Int(v)
	case float64:
		return types.Double(v)
	case bool:
		return types.Bool(v)
	case time.Time:
		return types.Timestamp{Time: v}
	case []string:
		return types.NewStringList(types.DefaultTypeAdapter, v)
	default:
		return nil
	}
}

// setText sets a field to the text of a CSV cell. It is put(Coerce(f, text)) without the values between.
func (r *record) setText(field int, f Field, text string) error {
	r.clear(field)
	if f.Type != String && f.Type != StringList {
		text = strings.TrimSpace(text)
	}
	if text == "" {
		return nil
	}
	if err := r.parse(field, f.Type, text); err != nil {
		return refusal(f, err)
	}
	return nil
}

func (r *record) parse(field int, to FieldType, text string) (err error) {
	switch to {
	case String:
		if err = fits(text, errLongText); err == nil {
			r.putText(field, text)
		}
	case StringList:
		r.lists[field] = appendEntries(r.lists[field][:0], text)
		if err = listFits(r.lists[field]); err == nil {
			r.putList(field, r.lists[field])
		}
	case Integer:
		var v int64
		if v, err = parseInteger(text); err == nil {
			r.slots[field] = slot{id: idPresent, bits: uint64(v)}
		}
	case Number:
		var v float64
		if v, err = parseNumber(text); err == nil {
			r.slots[field] = slot{id: idPresent, bits: math.Float64bits(v)}
		}
	case Boolean:
		var v bool
		if v, err = parseBoolean(text); err == nil {
			r.putTruth(field, v)
		}
	case Timestamp:
		var v time.Time
		if v, err = parseTimestamp(text); err == nil {
			r.putTime(field, v)
		}
	default:
		err = mismatch{"a value for an unknown type"}
	}
	return err
}
