// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// lamps have a shape and a word each: colour alone would leave out who cannot tell the colours apart.
var lamps = map[sla.Indicator]string{sla.Green: "● Green", sla.Yellow: "▲ Yellow", sla.Red: "■ Red", sla.Grey: "○ Grey"}

// shapes are the lamps without a word, for places that are told by a legend.
var shapes = map[sla.Indicator]string{sla.Green: "●", sla.Yellow: "▲", sla.Red: "■", sla.Grey: "○"}

// judgedBy is the verdict of a row: what both owe the agreement itself lacks no leads, it is only not due yet.
func judgedBy(clause sla.Clause, v sla.Verdict) string {
	if governs := clause == sla.ClauseReviewsHeld || clause == sla.ClauseDefinitionRefresh; governs && v == sla.VerdictInsufficientData {
		return "Not due yet"
	}
	return verdict(v)
}

func verdict(v sla.Verdict) string {
	switch v {
	case sla.VerdictAtRisk:
		return "At risk"
	case sla.VerdictInsufficientData:
		return "Too few leads"
	default:
		return string(v)
	}
}

// named is a clause and its tier for people.
func named(clause sla.Clause, tier string) string {
	name, ok := map[sla.Clause]string{
		sla.ClauseVolume:            "MQL volume",
		sla.ClauseCompleteness:      "Data completeness",
		sla.ClauseScore:             "Score at hand-off",
		sla.ClauseDelivery:          "Delivery to an owner",
		sla.ClauseAcceptance:        "Acceptance",
		sla.ClauseFirstContact:      "First contact",
		sla.ClauseFollowUp:          "Follow-up",
		sla.ClauseDisposition:       "Disposition",
		sla.ClauseRejection:         "Reason codes of rejections",
		sla.ClauseFeedback:          "Feedback on rejections",
		sla.ClauseReviewsHeld:       "Reviews held",
		sla.ClauseDefinitionRefresh: "Definition refresh",
		"terms":                     "The terms as a whole",
	}[clause]
	if !ok {
		name = string(clause)
	}
	if tier != "" {
		name += ", " + tier
	}
	return name
}

// lowerFirst fits a title into a sentence; MQL stays as it is.
func lowerFirst(s string) string {
	if len(s) < 2 || strings.ToUpper(s[:2]) == s[:2] {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func commitments(n int) string { return several(int64(n), "commitment") }

// several counts things: "1 lead", "2 leads".
func several(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if before, ok := strings.CutSuffix(thing, "y"); ok && !strings.HasSuffix(thing, "ay") {
		return grouped(n) + " " + before + "ies"
	}
	return grouped(n) + " " + thing + "s"
}

// grouped writes a number with a comma between the thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(text, "-")
	var b strings.Builder
	b.WriteString(text[:len(text)-len(digits)])
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func orNone(key string) string { return cmp.Or(key, "(none)") }

// lasted is a stretch of seconds for people; two units are enough.
func lasted(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d >= 48*time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%dd %dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour), " 0h")
	case d >= time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute), " 0m")
	case d >= time.Minute:
		return strings.TrimSuffix(fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second), " 0s")
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

// special characters of Markdown and HTML that could turn an id into markup; ids come from outside.
var special = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "|", `\|`, "#", `\#`,
	"\n", " ", "\r", " ",
)

// escape keeps text text.
func escape(s string) string { return special.Replace(s) }
