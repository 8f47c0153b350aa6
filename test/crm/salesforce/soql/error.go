// SPDX-License-Identifier: Apache-2.0

package soql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is how Salesforce refuses a query.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// What may be wrong with a query. Unsupported is not Salesforce's: it is valid there, and this package does not read it.
const (
	Malformed   = "MALFORMED_QUERY"
	Invalid     = "INVALID_FIELD"
	Unsupported = "NOT_SUPPORTED_BY_THIS_FAKE"
)

// At is an error that shows the place, as Salesforce does: the line, a caret below it, row and column.
func At(query string, at int, code, format string, args ...any) *Error {
	at = min(at, len(query))
	row := 1 + strings.Count(query[:at], "\n")
	from := strings.LastIndexByte(query[:at], '\n') + 1
	line, _, _ := strings.Cut(query[from:], "\n")
	column := utf8.RuneCountInString(query[from:at])
	shown, caret := window(line, column)
	return &Error{Code: code, Message: fmt.Sprintf("\n%s\n%s^\nERROR at Row:%d:Column:%d\n%s",
		shown, strings.Repeat(" ", caret), row, column+1, fmt.Sprintf(format, args...))}
}

// window is the part of a line around a column, and where the column is in it.
func window(line string, column int) (shown string, caret int) {
	const around = 40
	runes := []rune(line)
	from, to := max(0, column-around), min(len(runes), column+around)
	return string(runes[from:to]), column - from
}
