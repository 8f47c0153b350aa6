// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const (
	properties    = "properties"
	qualification = "qualification"
)

// severable are the kinds of events with values that each say something by themselves, and the member that has them.
var severable = map[lead.Kind]string{lead.KindCaptured: properties, lead.KindUpdated: properties, lead.KindQualified: qualification}

// spare are the members without which an event says less, and nothing else. An amount says nothing without its currency.
var spare = map[lead.Kind][]string{lead.KindOpportunity: {"currency", "amount"}, lead.KindTouch: {"rep"}}

// unfitValue is one that was left out of an event.
type unfitValue struct {
	name string // that the event has for it
	why  string // without the value
}

// fit is an event as the checker takes it. One that is refused for what it holds becomes several, or what spoils it is left out; the error says why there
// is nothing to take. What is read again comes apart the same, by the same ids.
func (i *crmIntake) fit(t crm.Told) (entries []ledger.Entry, left []unfitValue, err error) {
	entry, err := i.checker.Told(t, i.Now())
	if err == nil {
		return []ledger.Entry{entry}, nil, nil
	}
	if member, is := severable[t.Kind]; is {
		if _, bare := i.checker.Told(holding(t, member, map[string]any{}), i.Now()); bare != nil {
			return nil, nil, err // not for its values
		}
		entries, left = i.sever(t, member)
		return entries, left, nil
	}
	names, why := spare[t.Kind], err.Error()
	for _, name := range names {
		t = holding(t, name, nil)
	}
	if names != nil {
		left = []unfitValue{{names[0], why}}
	}
	values := valuesOf(t, properties) // of an activity: the largest go first
	size := func(name string) int { return len(crm.Text(values[name])) }
	heavy := slices.SortedFunc(maps.Keys(values), func(a, b string) int { return cmp.Or(size(b)-size(a), cmp.Compare(a, b)) })
	for n := 0; ; n++ {
		if entry, again := i.checker.Told(t, i.Now()); again == nil {
			return []ledger.Entry{entry}, left, nil
		}
		if n == len(heavy) {
			return nil, nil, err
		}
		left = append(left, unfitValue{heavy[n], why})
		t = holding(t, properties, without(valuesOf(t, properties), heavy[n]))
	}
}

// sever an event with more than one takes into two, with half of the values each, and so on. A lead comes in whatever becomes of its values.
func (i *crmIntake) sever(t crm.Told, member string) (entries []ledger.Entry, left []unfitValue) {
	values := valuesOf(t, member)
	names := slices.Sorted(maps.Keys(values))
	for n, half := range [][]string{names[:len(names)/2], names[len(names)/2:]} {
		part := holding(t, member, only(values, half))
		if part.ID = fmt.Sprint(t.ID, "/", n); n > 0 && t.Kind == lead.KindCaptured {
			part.Kind = lead.KindUpdated
		}
		comesIn := part.Kind == lead.KindCaptured
		if len(half) == 0 && !comesIn {
			continue
		}
		entry, err := i.checker.Told(part, i.Now())
		switch {
		case err == nil:
			entries = append(entries, entry)
		case len(half) == 0: // it was taken a moment ago
		case len(half) == 1 && !comesIn:
			left = append(left, unfitValue{half[0], err.Error()})
		default:
			more, unfit := i.sever(part, member)
			entries, left = append(entries, more...), append(left, unfit...)
		}
	}
	return entries, left
}

// leftOut says what was left out of an event, and does not keep it as told: it is told once it fits. What was said of this state of the record is not
// said again.
func (i *crmIntake) leftOut(t crm.Told, left []unfitValue, before crm.Known, known *crm.Known) {
	for _, value := range left {
		field, key := i.fieldOf(t, value.name), value.name
		if t.Kind == lead.KindQualified {
			key = "~qualification." + value.name
		}
		if known != nil && severable[t.Kind] != "" {
			if was, had := before.Hashes[key]; had {
				known.Hashes[key] = was
			} else {
				delete(known.Hashes, key)
			}
			if before.Modified.Equal(known.Modified) {
				continue
			}
		}
		i.unfit([]crm.Unfit{{Field: field, Why: value.why}})
		i.Log.Warn("a value that the CRM shows is left out: it fits no event", "id", t.ID, "field", field, "error", value.why)
	}
}

// fieldOf is the CRM's name of a value.
func (i *crmIntake) fieldOf(t crm.Told, name string) string {
	switch t.Kind {
	case lead.KindQualified:
		return cmp.Or(i.settings.Mapping.Qualification[name], name)
	case lead.KindActivity:
		for _, a := range i.settings.Mapping.Activities {
			if a.Name == t.Data["activity"] {
				return cmp.Or(a.Properties[name], name)
			}
		}
	default:
	}
	return name
}

func valuesOf(t crm.Told, member string) map[string]any {
	values, _ := t.Data[member].(map[string]any)
	return values
}

// holding is an event with another value of a member; nil: without it.
func holding(t crm.Told, member string, value any) crm.Told {
	t.Data = maps.Clone(t.Data)
	if t.Data[member] = value; value == nil {
		delete(t.Data, member)
	}
	return t
}

func only(values map[string]any, names []string) map[string]any {
	some := map[string]any{}
	for _, name := range names {
		some[name] = values[name]
	}
	return some
}

func without(values map[string]any, name string) map[string]any {
	values = maps.Clone(values)
	delete(values, name)
	return values
}
