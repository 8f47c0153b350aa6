// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Bounds of an event. What is larger is refused and the field named.
const (
	maxID     = 256 // characters of id
	maxSource = 512 // characters of source
	// An entry of the index over tenant, source and id has room for 2704 bytes.
	maxIDBytes     = 512
	maxSourceBytes = 1024
	maxSubject     = 128       // characters of subject, the lead's id: 512 bytes at most
	maxName        = 253       // characters of a rep, an activity, a property's name, a reason
	maxText        = 32 << 10  // bytes of one text
	maxData        = 256 << 10 // bytes of the data of one event
	maxMembers     = 500       // members of one object or list
	maxDepth       = 8         // objects and lists within each other
	exact          = 1 << 53   // from here on a JSON number loses digits
	ahead          = 5 * time.Minute
)

var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Checker knows the definition that events are checked against, and whether its terms enforce what it asks for.
type Checker struct {
	fields       map[string][]lead.Field // by source property
	required     []lead.Field
	codes        map[string]lead.Outcome
	dispositions []lead.Disposition
	observes     bool
}

// NewChecker makes a Checker.
func NewChecker(d lead.Definition, mode sla.Mode) *Checker {
	c := &Checker{
		fields: map[string][]lead.Field{}, codes: map[string]lead.Outcome{}, dispositions: d.Dispositions,
		observes: mode == sla.Observe,
	}
	for _, f := range d.Fields {
		c.fields[f.SourceProperty()] = append(c.fields[f.SourceProperty()], f)
		if f.Required {
			c.required = append(c.required, f)
		}
	}
	for _, d := range d.Dispositions {
		c.codes[d.Name] = d.Outcome
	}
	return c
}

// check turns an envelope into an entry of the ledger. The error is a FieldError.
func (c *Checker) check(e envelope, now time.Time) (ledger.Entry, error) {
	for _, name := range slices.Sorted(mapKeys(e.attributes)) {
		if err := plainText(name, e.attributes[name], maxText); err != nil {
			return ledger.Entry{}, err
		}
	}
	ce, err := e.cloudEvent()
	if err != nil {
		return ledger.Entry{}, err
	}
	entry := ledger.Entry{Source: ce.Source(), ID: ce.ID(), Lead: ce.Subject(), Time: ce.Time().UTC()}
	// The SDK may write a source in another form; the identity is what was sent.
	entry.Source = e.attributes["source"]
	if err := bounds(entry, now); err != nil {
		return entry, err
	}
	kind, ours := strings.CutPrefix(ce.Type(), TypePrefix)
	if !ours {
		return entry, wrong("type", "unknown; it should be %s and one of %s", TypePrefix, strings.Join(kinds(), ", "))
	}
	entry.Kind = lead.Kind(kind)
	entry.Data, err = c.data(entry, e.data, now)
	entry.Resolved = c.resolve(entry)
	entry.Refused = err == nil && c.refuses(entry)
	return entry, err
}

// resolve says what a disposition means by the codes of the definition.
func (c *Checker) resolve(e ledger.Entry) ledger.Resolved {
	outcome, known := c.codes[e.Data.Reason]
	if e.Kind != lead.KindDisposition || !known || (e.Data.Outcome != "" && e.Data.Outcome != outcome) {
		return ledger.Resolved{}
	}
	return ledger.Resolved{Outcome: outcome, Coded: true}
}

func bounds(e ledger.Entry, now time.Time) error {
	for _, b := range []struct {
		field, text string
		most, bytes int
	}{
		{"id", e.ID, maxID, maxIDBytes},
		{"source", e.Source, maxSource, maxSourceBytes},
		{"subject", e.Lead, maxSubject, maxSubject * utf8.UTFMax},
	} {
		if n := utf8.RuneCountInString(b.text); n > b.most {
			return wrong(b.field, "has %d characters; at most %d are allowed", n, b.most)
		}
		if len(b.text) > b.bytes {
			return wrong(b.field, "has %d bytes; at most %d are allowed", len(b.text), b.bytes)
		}
	}
	if strings.ContainsFunc(e.Lead, unicode.IsSpace) {
		return wrong("subject", "is the lead's id and has no white space")
	}
	if e.Time.Before(earliest) {
		return wrong("time", "is before %s", earliest.Format(time.RFC3339))
	}
	if latest := now.Add(ahead); e.Time.After(latest) {
		return wrong("time", "is more than 5 minutes in the future: it is %s now", now.UTC().Format(time.RFC3339))
	}
	return nil
}

func kinds() []string {
	var all []string
	for _, kind := range lead.Kinds() {
		all = append(all, string(kind))
	}
	return all
}

// coerce checks that the values of mapped properties have their field's type. What no field maps is kept as it is: a later
// definition may map it.
func (c *Checker) coerce(properties map[string]any) error {
	for _, name := range slices.Sorted(mapKeys(properties)) {
		for _, field := range c.fields[name] {
			if _, err := lead.Coerce(field, properties[name]); err != nil {
				return wrong("data.properties."+name, "%s", err)
			}
		}
	}
	return nil
}

// qualification checks the names and the types of what a conversation told. The names are fixed: one that is not known is a mistake.
func qualification(told map[string]any) error {
	fields := lead.QualificationFields()
	for _, name := range slices.Sorted(mapKeys(told)) {
		at := "data.qualification." + name
		i := slices.IndexFunc(fields, func(f lead.Field) bool { return f.Name == name })
		if i < 0 {
			return wrong(at, "unknown; it should be one of %s", strings.Join(names(fields), ", "))
		}
		if _, err := lead.Coerce(fields[i], told[name]); err != nil {
			return wrong(at, "%s", err)
		}
	}
	return nil
}

func names(fields []lead.Field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}

func object(text json.RawMessage) (map[string]any, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, wrong("data", "missing")
	}
	if !utf8.Valid(text) {
		return nil, wrong("data", "not valid UTF-8")
	}
	var decoded any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil {
		return nil, wrong("data", "not JSON%s", position(err))
	}
	if decoder.More() {
		return nil, wrong("data", "more than one JSON value")
	}
	members, is := decoded.(map[string]any)
	if !is {
		return nil, wrong("data", "should be a JSON object")
	}
	checked, err := value("data", members, 0)
	if err != nil {
		return nil, err
	}
	members, is = checked.(map[string]any)
	if !is {
		return nil, wrong("data", "should be a JSON object")
	}
	return members, nil
}

// value bounds a value and all within it, and turns its numbers into float64.
func value(path string, v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, wrong(path, "is nested deeper than %d levels", maxDepth)
	}
	switch v := v.(type) {
	case string:
		return v, plainText(path, v, maxText)
	case json.Number:
		return number(path, v)
	case []any:
		if len(v) > maxMembers {
			return nil, wrong(path, "has %d entries; at most %d are allowed", len(v), maxMembers)
		}
		for i := range v {
			var err error
			if v[i], err = value(fmt.Sprintf("%s[%d]", path, i), v[i], depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		return objectValue(path, v, depth)
	default:
		return v, nil
	}
}

func objectValue(path string, v map[string]any, depth int) (any, error) {
	if len(v) > maxMembers {
		return nil, wrong(path, "has %d members; at most %d are allowed", len(v), maxMembers)
	}
	for _, name := range slices.Sorted(mapKeys(v)) {
		if err := plainText(path, name, maxName); err != nil {
			return nil, wrong(path, "has a member whose name is longer than %d bytes or has a NUL character", maxName)
		}
		var err error
		if v[name], err = value(path+"."+name, v[name], depth+1); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func number(path string, n json.Number) (any, error) {
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return nil, wrong(path, "is a number that is too large")
	}
	if math.Abs(f) >= exact {
		return nil, wrong(path, "is a number of 2^53 or more, which JSON does not carry exactly; send it as a string")
	}
	return f, nil
}

// plainText refuses what PostgreSQL cannot store and what nobody means to send.
func plainText(path, text string, most int) error {
	switch {
	case len(text) > most:
		return wrong(path, "has %d bytes; at most %d are allowed", len(text), most)
	case !utf8.ValidString(text):
		return wrong(path, "is not valid UTF-8")
	case strings.ContainsRune(text, 0):
		return wrong(path, "has a NUL character")
	}
	return nil
}
