// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Diff is what is to be written so that a record says what it should: values that it was not told yet, and those that are to be set back. What it is
// known to hold already is left alone, so that nobody's change of a moment ago is written over for nothing.
//
// wrote is for Known.Wrote once all of it is acknowledged. It has what the record holds without our doing, too: whoever changes that is not us.
func Diff(values map[string]any, owner string, known Known, m Mapping) (w Write, wrote map[string]string) {
	w = Write{Record: known.Record, Values: map[string]any{}, Was: map[string]any{}}
	wrote = map[string]string{}
	for field, value := range values {
		name, text := m.seenAs(field), Text(value)
		restore, back := known.Restore[field]
		switch {
		case back && text == "" && restore != "": // the agreement has nothing to say of it any more: as it was
			value, text = restore, restore
		case !back && known.holds(name, field, text):
			known.settle(wrote, name, field, text)
			continue
		case !back && name == SeenStage && known.foreign(field, text, m):
			continue
		}
		known.put(&w, wrote, field, name, value, text)
	}
	for field, text := range known.Restore {
		if _, told := values[field]; !told {
			known.put(&w, wrote, field, m.seenAs(field), orNil(text), text)
		}
	}
	switch {
	case owner == "":
	case known.holds(SeenOwner, OwnerField, owner):
		known.settle(wrote, SeenOwner, OwnerField, owner)
	default:
		w.Owner, wrote[SeenOwner] = &owner, owner
	}
	return w, wrote
}

// foreign says whether the record has a stage from before us, and all that is to be said of it is that the lead came in: whoever was a customer, or an
// evangelist, before the agreement knew of him stays one until the ledger has more to say.
func (k Known) foreign(field, text string, m Mapping) bool {
	_, wrote := k.wroteInto(SeenStage, field)
	return !wrote && text != "" && k.Seen[SeenStage] != "" && text == m.Stages[string(lead.StageInquiry)]
}

// put has a value written.
func (k Known) put(w *Write, wrote map[string]string, field, name string, value any, text string) {
	w.Values[field] = value
	note(wrote, name, field, text)
	_, restored := k.Restore[field]
	was, _ := k.wroteInto(name, field)
	if people[name] && (restored || !k.Diverged.IsZero() || k.current(name, field)) {
		was = k.Seen[name]
	}
	if was != "" {
		w.Was[field] = was
	}
}

// settle notes what the record holds already; and into which field it was written, where that was not noted then.
func (k Known) settle(wrote map[string]string, name, field, text string) {
	_, noted := k.Wrote[notedIn+name]
	switch before, was := k.wroteInto(name, field); {
	case before != text, !was && people[name]:
		note(wrote, name, field, text)
	case was && !noted && people[name] && name != SeenOwner:
		wrote[notedIn+name] = field
	}
}

// note what a field holds; and of those that do not go by the CRM's name, which field that was: it may have the other one's name.
func note(wrote map[string]string, name, field, text string) {
	if wrote[name] = text; people[name] && name != SeenOwner {
		wrote[notedIn+name] = field
	}
}

// wroteInto is what was last written into a field. What was written while the mapping named another one does not count: this one was never told.
func (k Known) wroteInto(name, field string) (text string, did bool) {
	if in, noted := k.Wrote[notedIn+name]; noted && in != field {
		return "", false
	}
	text, did = k.Wrote[name]
	return text, did
}

// holds says whether the record is known to hold a value: it was written, or was read since.
func (k Known) holds(name, field, text string) bool {
	before, was := k.wroteInto(name, field)
	switch {
	case was && before == text:
		return true
	case people[name]:
		return k.Seen[name] == text && k.current(name, field)
	default:
		return !was && text == ""
	}
}

// current says whether what was seen is what the record holds still: nothing was written since.
func (k Known) current(name, field string) bool {
	_, was := k.wroteInto(name, field)
	return !was || !k.Modified.Before(k.WroteAt)
}

// notedIn, and a name, is the key of Known.Wrote for the field that it was written into.
const notedIn = "~in."

// people set these, too.
var people = map[string]bool{SeenOwner: true, SeenStage: true, SeenStatus: true, SeenReason: true, SeenOptOut: true}

// seenAs is the name under which Known has a field.
func (m Mapping) seenAs(field string) string {
	switch field {
	case m.Fields.Stage:
		return SeenStage
	case m.Fields.Status:
		return SeenStatus
	case m.Fields.Reason:
		return SeenReason
	case m.OptOut:
		return SeenOptOut
	default:
		return field
	}
}

// Empty says whether there is nothing to write.
func (w Write) Empty() bool { return len(w.Values) == 0 && w.Owner == nil }

// Text of a value of a record, the same for the same value: the empty text for nil, all digits of a number, a time in UTC.
func Text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Planned is a Write as a dry run keeps it. It has Handoff's own fields only; of those that a new record would begin with, the names.
type Planned struct {
	Values map[string]string `json:"values,omitempty"` // empty: the field would be emptied
	Owner  string            `json:"owner,omitempty"`
	Match  string            `json:"match,omitempty"`  // field by which the record would be found, or else made
	Begins []string          `json:"begins,omitempty"` // fields of a new record
	Note   string            `json:"note,omitempty"`   // key of one that would be left
}

// Plan of a write.
func (w Write) Plan() Planned {
	p := Planned{Values: map[string]string{}}
	for field, value := range w.Values {
		p.Values[field] = Text(value)
	}
	if w.Owner != nil {
		p.Owner = *w.Owner
	}
	if w.Match != nil {
		p.Match, p.Begins = w.Match.Field, slices.Sorted(maps.Keys(w.Match.Values))
	}
	return p
}
