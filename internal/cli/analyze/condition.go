// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// longestList of texts in one rule, in characters of CEL; longer ones become several rules of the same points.
const longestList = 1200

// conditions are the CEL expressions of a class; exactly one holds for each of its leads. The reference has none.
func (c *classing) conditions(n int) []string {
	k := c.classes[n]
	field := "lead." + c.field
	var out []string
	switch {
	case c.kind == lead.StringList:
		out = c.entryCondition(k, field)
	case c.kind == lead.Boolean:
		out = c.booleanConditions(k, field)
	case c.numeric():
		out = bandConditions(k, field)
	default:
		out = c.textConditions(k, field)
	}
	if !k.absent() {
		return out
	}
	if len(out) == 0 {
		return []string{"!has(" + field + ")"}
	}
	if c.kind == lead.StringList {
		return out
	}
	return append([]string{fmt.Sprintf("!has(%s) || %s", field, parenthesised(out[0]))}, out[1:]...)
}

func parenthesised(condition string) string {
	if strings.Contains(condition, " && ") {
		return "(" + condition + ")"
	}
	return condition
}

// entryCondition: a lead without the list has none of its entries.
func (c *classing) entryCondition(k class, field string) []string {
	has := strconv.Quote(c.entry) + " in " + field
	if k.levels[0].code == 1 {
		return []string{has}
	}
	return []string{fmt.Sprintf("!has(%s) || !(%s)", field, has)}
}

func (c *classing) booleanConditions(k class, field string) []string {
	var out []string
	for _, l := range k.levels {
		switch {
		case l.absent || l.other:
		case c.names[l.code] == "true":
			out = append(out, field)
		default:
			out = append(out, "!"+field)
		}
	}
	return out
}

func (c *classing) textConditions(k class, field string) []string {
	var texts []string
	for _, l := range k.levels {
		if !l.absent && !l.other {
			texts = append(texts, strconv.Quote(c.names[l.code]))
		}
	}
	slices.Sort(texts)
	var out []string
	for len(texts) > 0 {
		n, length := 1, len(texts[0])
		for n < len(texts) && length+len(texts[n]) < longestList {
			length += len(texts[n]) + 2
			n++
		}
		if n == 1 {
			out = append(out, field+" == "+texts[0])
		} else {
			out = append(out, field+" in ["+strings.Join(texts[:n], ", ")+"]")
		}
		texts = texts[n:]
	}
	return out
}

// bandConditions: the bands of a class stand next to each other.
func bandConditions(k class, field string) []string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range k.levels {
		if !l.absent {
			low, high = min(low, l.low), max(high, l.high)
		}
	}
	if low > high {
		return nil
	}
	var parts []string
	if !math.IsInf(low, -1) {
		parts = append(parts, field+" >= "+decimal(low))
	}
	if !math.IsInf(high, 1) {
		parts = append(parts, field+" < "+decimal(high))
	}
	if len(parts) == 0 { // one band: all leads that have a number
		return []string{"has(" + field + ")"}
	}
	return []string{strings.Join(parts, " && ")}
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// label of a level, for people.
func (v *variable) label(l level) string {
	say := decimal
	if v.kind == lead.Timestamp {
		say = func(x float64) string { return time.Unix(int64(x), 0).UTC().Format(time.DateOnly) }
	}
	switch {
	case l.absent:
		return "(absent)"
	case l.other:
		return "(all rarer values)"
	case !v.numeric() && v.kind == lead.StringList && l.code == 0:
		return "without " + v.entry
	case !v.numeric() && v.kind == lead.StringList:
		return "with " + v.entry
	case !v.numeric():
		return v.names[l.code]
	case math.IsInf(l.low, -1) && math.IsInf(l.high, 1):
		return "any"
	case math.IsInf(l.low, -1):
		return "below " + say(l.high)
	case math.IsInf(l.high, 1):
		return say(l.low) + " and above"
	default:
		return say(l.low) + " to below " + say(l.high)
	}
}
