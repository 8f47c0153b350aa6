// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// unit is how a value is read and said.
type unit struct {
	norm   func(any) string          // two values with the same one mean the same; empty: the same as absent
	say    func(any) string          // for people
	number func(any) (float64, bool) // to tell more from less
	suffix string                    // said behind both values
}

var (
	plain      = unit{norm: text, say: sayAny, number: number}
	expression = unit{norm: canonical, say: sayAny, number: none}
	percent    = unit{norm: text, say: func(v any) string { return text(v) + "%" }, number: number}
	decimal    = unit{norm: plainDecimal, say: func(v any) string { return plainDecimal(v) + "%" }, number: number}

	amount   = unit{norm: text, say: thousands, number: number}
	business = unit{norm: window, say: window, number: seconds, suffix: "business time"}
	wall     = unit{norm: window, say: window, number: seconds}
)

// names are a set: their order means nothing.
var names = unit{norm: func(v any) string { return strings.Join(sorted(v), ",") }, say: func(v any) string { return strings.Join(sorted(v), ", ") }, number: none}

// signed is a list of sign-offs: each is another one when anything in it is.
var signed = unit{
	norm: func(v any) string { return strings.Join(sorted(v), ",") },
	say: func(v any) string {
		var out []string
		for _, entry := range asList(v) {
			off := asMap(entry)
			out = append(out, fmt.Sprintf("%s (%s, %s)", text(off["party"]), text(off["by"]), instant(off["at"])))
		}
		return strings.Join(out, ", ")
	},
	number: none,
}

// ranked are words of which each is more than those before it, and all are more than none.
func ranked(words ...string) unit {
	return unit{norm: text, say: sayAny, number: func(v any) (float64, bool) {
		i := slices.Index(words, text(v))
		return float64(i + 1), i >= 0
	}}
}

// flag is a yes or no of which no is the same as absent.
func flag(yes, no string) unit {
	return unit{
		norm: func(v any) string {
			if v == true {
				return "true"
			}
			return ""
		},
		say: func(v any) string {
			if v == true {
				return yes
			}
			return no
		},
		number: func(v any) (float64, bool) {
			if v == true {
				return 1, true
			}
			return 0, true
		},
	}
}

// orDefault is a unit of which one value is the same as absent: the API server writes it in.
func orDefault(u unit, standard string) unit {
	norm := u.norm
	u.norm = func(v any) string {
		if n := norm(v); n != standard {
			return n
		}
		return ""
	}
	return u
}

// text of a scalar; JSON, with sorted keys, of anything else.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any, []any:
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v) // what came from JSON goes back to it
		}
		return string(data)
	default:
		return fmt.Sprint(v)
	}
}

// sayAny says a scalar as it is and a structure without the quotes of JSON.
func sayAny(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, entry := range v {
			parts[i] = sayAny(entry)
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		var parts []string
		for key, field := range v {
			parts = append(parts, key+" "+sayAny(field))
		}
		slices.Sort(parts)
		return strings.Join(parts, ", ")
	default:
		return text(v)
	}
}

func none(any) (float64, bool) { return 0, false }

func number(v any) (float64, bool) {
	n, err := strconv.ParseFloat(text(v), 64)
	return n, err == nil
}

// canonical form of an expression; the text itself when it does not parse.
func canonical(v any) string {
	tree, err := lead.CanonicalExpression(text(v))
	if err != nil {
		return text(v)
	}
	return tree
}

func window(v any) string {
	d, err := sla.ParseWindow(text(v))
	if err != nil {
		return text(v)
	}
	return sla.FormatWindow(d)
}

func seconds(v any) (float64, bool) {
	d, err := sla.ParseWindow(text(v))
	return d.Seconds(), err == nil
}

// plainDecimal drops zeros that do not change a number, as the digest does.
func plainDecimal(v any) string {
	t := text(v)
	if !strings.Contains(t, ".") {
		return t
	}
	return strings.TrimRight(strings.TrimRight(t, "0"), ".")
}

// thousands groups the digits of a number: 500,000.
func thousands(v any) string {
	digits := text(v)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func sorted(v any) []string {
	var out []string
	for _, entry := range asList(v) {
		out = append(out, text(entry))
	}
	slices.Sort(out)
	return out
}

// instants of time away and the like, to the minute where they are whole minutes.
func instant(v any) string {
	at, err := time.Parse(time.RFC3339, text(v))
	if err != nil {
		return text(v)
	}
	return strings.TrimSuffix(at.UTC().Format("2006-01-02 15:04:05"), ":00") + " UTC"
}

// of is the unit with a suffix.
func (u unit) of(suffix string) unit {
	u.suffix = suffix
	return u
}
