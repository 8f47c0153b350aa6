// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

// shownMisses is how many missed weeks a reason tells, the newest ones.
const shownMisses = 3

// maxReason is how long a reason may be where it is kept.
const maxReason = 1024

// reason of a level in words, with the numbers.
func (l *ladder) reason() string {
	var text string
	switch {
	case len(l.run) == 0:
		text = "fell short last: " + l.last.words()
	case len(l.run) == 1:
		text = "fell short: " + l.last.words()
	default:
		var weeks []string
		for _, m := range slices.Backward(l.run) {
			if len(weeks) == shownMisses {
				break
			}
			weeks = append(weeks, m.words())
		}
		text = l.running() + ": " + strings.Join(weeks, ", ")
	}
	switch {
	case l.severe == nil:
	case l.severe.index != l.last.index:
		text = fmt.Sprintf("fell far short in %s; %s", l.severe.week, text)
	case len(l.run) > 1:
		text = l.severe.far() + "; " + l.running()
	case len(l.run) == 1:
		text = l.severe.far()
	}
	if l.level == levelExecutive {
		text += "; not resolved since both owners took it up"
	}
	return text
}

// running says how often a clause was missed in a row.
func (l *ladder) running() string {
	n := len(l.run)
	if l.last.index-l.run[0].index == n-1 {
		return fmt.Sprintf("fell short %s weeks running", number(n))
	}
	times := number(n) + " times"
	if n == 2 {
		times = "twice"
	}
	return fmt.Sprintf("fell short %s running, leaving out weeks that were not judged", times)
}

// words of a week: High 81% (97 of 120) against 90% in 2027-W03.
func (m missed) words() string {
	switch {
	case m.row.Clause == sla.ClauseDefinitionRefresh:
		return m.row.Actual
	case m.row.Clause == sla.ClauseReviewsHeld:
		return fmt.Sprintf("%s, due in %s", m.row.Actual, m.week)
	case m.row.Tier != "":
		return fmt.Sprintf("tier %s %s against %s in %s", m.row.Tier, m.row.Actual, m.row.Target, m.week)
	default:
		return fmt.Sprintf("%s against %s in %s", m.row.Actual, m.row.Target, m.week)
	}
}

// far says what fell far short.
func (m missed) far() string { return "fell far short: " + m.words() }

// resolved says in words why an escalation ended.
func (l *ladder) resolved() string {
	if l.level == levelExecutive {
		return "met two weeks running, the last time " + l.metIn.words()
	}
	return "met: " + l.metIn.words()
}

// clears says in words what ends an escalation.
func (l *ladder) clears() string {
	switch {
	case l.level == levelExecutive && l.met == 1:
		return "one more week in which it is met"
	case l.level == levelExecutive:
		return "two weeks in a row in which it is met"
	case l.clause == sla.ClauseVolume:
		return "one week on pace, or a month that reaches its target"
	case l.clause == sla.ClauseReviewsHeld:
		return "a week whose reviews are all held by their dates"
	case l.clause == sla.ClauseDefinitionRefresh:
		return "both parties sign definition and terms again"
	default:
		return "one week in which it is met"
	}
}

// words of a dispute.
func (d *Dispute) words() string {
	return clip(fmt.Sprintf("%s disputes %s: %s", d.RaisedBy, d.what(), d.Reason), maxReason/2)
}

func (d *Dispute) what() string {
	if d.Clause == "" {
		return "the terms"
	}
	return "the terms of " + string(d.Clause)
}

func (d *Dispute) settled() string {
	return clip(fmt.Sprintf("%s resolved the dispute about %s: %s", d.ResolvedBy, strings.TrimPrefix(d.what(), "the terms of "), d.Decision), maxReason/2)
}

// clip shortens a text to a number of bytes, between characters.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len("…")], "") + "…"
}

// number in words, as far as they are shorter to read.
func number(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

// list joins with commas and a last "and".
func list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
