// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// thousands groups a count: 8,000.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func leads(n int) string {
	if n == 1 {
		return "1 lead"
	}
	return thousands(n) + " leads"
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// oneLine keeps a value with line breaks, tabs or a terminal's control characters from breaking a table or a comment.
func oneLine(text string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(visible), " ")
}
