// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// misfits is the share of values that may not fit the type that the others have; they count as absent.
const misfits = 0.01

// infer is the narrowest type that the texts fit, String when none does. Only whole and decimal numbers, true and false, and dates are
// recognised.
func infer(texts []string) lead.FieldType {
	for _, t := range []lead.FieldType{lead.Boolean, lead.Integer, lead.Number, lead.Timestamp} {
		if fits(t, texts) {
			return t
		}
	}
	return lead.String
}

func fits(t lead.FieldType, texts []string) bool {
	most := misfits * float64(len(texts))
	wrong := 0
	for _, text := range texts {
		if _, ok := parse(t, text); !ok {
			if wrong++; float64(wrong) > most {
				return false
			}
		}
	}
	return true
}

// parse a present value; numbers, booleans (0 and 1) and instants (seconds since 1970) become a number.
func parse(t lead.FieldType, text string) (float64, bool) {
	if t == lead.Timestamp {
		at, err := leadfile.ParseTime(text)
		return float64(at.Unix()), err == nil
	}
	value, err := lead.Coerce(lead.Field{Type: t}, text)
	if err != nil {
		return 0, false
	}
	switch v := value.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// fieldName makes a name that expressions can read of a column's: landing_page_id becomes landingPageId.
func fieldName(column string) string {
	var b strings.Builder
	upper := false
	for _, r := range column {
		switch {
		case r > unicode.MaxASCII || (!unicode.IsLetter(r) && !unicode.IsDigit(r)):
			upper = b.Len() > 0
		case b.Len() == 0 && unicode.IsDigit(r):
			b.WriteByte('f')
			b.WriteRune(r)
		case b.Len() == 0:
			b.WriteRune(unicode.ToLower(r))
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	name := b.String()
	switch name {
	case "":
		return "field"
	case "true", "false", "null", "in":
		return name + "Value"
	}
	return name[:min(len(name), longestName)]
}

// longestName of a field that the API takes.
const longestName = 63

// NameFields gives each column without a field a name of its own.
func NameFields(columns []Column) {
	taken := map[string]bool{}
	for _, c := range columns {
		taken[c.Field] = true
	}
	for i := range columns {
		if columns[i].Field != "" {
			continue
		}
		name := fieldName(columns[i].Property)
		for n := 2; taken[name]; n++ {
			name = numbered(fieldName(columns[i].Property), n)
		}
		columns[i].Field, taken[name] = name, true
	}
}

func numbered(name string, n int) string {
	suffix := strconv.Itoa(n)
	return name[:min(len(name), longestName-len(suffix))] + suffix
}
