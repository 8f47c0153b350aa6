// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// listSeparator stands between the entries of a StringList in a CSV cell.
const listSeparator = ";"

// exactIntegers is the largest whole number that a float64, and so a JSON number, holds exactly with all below it.
const exactIntegers = 1 << 53

// mismatch says what was given, by its type: values may be personal data.
type mismatch struct{ given string }

func (m mismatch) Error() string { return m.given }

// Coerce turns a JSON value or the text of a CSV cell into the field's type: string, []string, int64, float64, bool or
// time.Time (UTC). nil and "" are absent: nil without an error. A StringList's text is separated by ";", a Timestamp's is
// RFC 3339 or a date, which means midnight UTC. The error names the field and the type expected, and says what was given
// by its type, never by its value, which may be personal data.
func Coerce(field Field, value any) (any, error) {
	if value == nil || value == "" {
		return nil, nil
	}
	typed, err := coerce(field.Type, value)
	if err != nil {
		return nil, refusal(field, err)
	}
	return typed, nil
}

func refusal(field Field, given error) error {
	return fmt.Errorf("field %q (property %q) expects %s, got %w", field.Name, field.SourceProperty(), field.Type, given)
}

func coerce(to FieldType, value any) (any, error) {
	if text, ok := value.(string); ok && to != String && to != StringList {
		value = strings.TrimSpace(text)
		if value == "" {
			return nil, nil
		}
	}
	switch to {
	case String:
		return toString(value)
	case StringList:
		return toList(value)
	case Integer:
		return toInteger(value)
	case Number:
		return toNumber(value)
	case Boolean:
		return toBoolean(value)
	case Timestamp:
		return toTimestamp(value)
	default:
		return nil, mismatch{"a value for an unknown type"}
	}
}

func given(value any) error {
	switch value.(type) {
	case string:
		return mismatch{"a string that is none"}
	case bool:
		return mismatch{"a boolean"}
	case json.Number, float64, float32, int, int32, int64:
		return mismatch{"a number"}
	case []any, []string:
		return mismatch{"a list"}
	case map[string]any:
		return mismatch{"an object"}
	case time.Time:
		return mismatch{"a timestamp"}
	default:
		return mismatch{"a value of another kind"}
	}
}

var (
	errLongText  = mismatch{fmt.Sprintf("a string of more than %d characters", MaxText)}
	errLongList  = mismatch{fmt.Sprintf("a list of more than %d entries", MaxList)}
	errLongEntry = mismatch{fmt.Sprintf("a list with an entry of more than %d characters", MaxText)}
	errNotWhole  = mismatch{"a number that is not whole or too large"}
	errNoTime    = mismatch{"a string that is neither RFC 3339 nor YYYY-MM-DD"}
)

func fits(text string, otherwise mismatch) error {
	if len(text) > MaxText && utf8.RuneCountInString(text) > MaxText {
		return otherwise
	}
	return nil
}

func listFits(list []string) error {
	if len(list) > MaxList {
		return errLongList
	}
	for _, text := range list {
		if err := fits(text, errLongEntry); err != nil {
			return err
		}
	}
	return nil
}

func toString(value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, given(value)
	}
	if err := fits(text, errLongText); err != nil {
		return nil, err
	}
	return text, nil
}

func toList(value any) (any, error) {
	var list []string
	switch v := value.(type) {
	case string:
		list = appendEntries([]string{}, v)
	case []string:
		list = v
	case []any:
		list = make([]string, 0, len(v))
		for _, entry := range v {
			text, ok := entry.(string)
			if !ok {
				return nil, mismatch{"a list with an entry that is no string"}
			}
			list = append(list, text)
		}
	default:
		return nil, given(value)
	}
	if err := listFits(list); err != nil {
		return nil, err
	}
	return list, nil
}

// appendEntries of a CSV cell, without the empty ones that trailing and doubled separators leave.
func appendEntries(list []string, cell string) []string {
	for part := range strings.SplitSeq(cell, listSeparator) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

func toInteger(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		return whole(v)
	case json.Number:
		return toInteger(v.String())
	case string:
		return typed(parseInteger(v))
	default:
		return nil, given(value)
	}
}

// typed makes the result of a parser a value, nil with an error.
func typed[T any](value T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return value, nil
}

func parseInteger(text string) (int64, error) {
	if digitsAnd(text, "+-") {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, nil
		}
	}
	f, err := parseNumber(text) // "120.0", as spreadsheets export it
	if err != nil {
		return 0, err
	}
	return truncated(f)
}

func whole(f float64) (any, error) { return typed(truncated(f)) }

func truncated(f float64) (int64, error) {
	if f != math.Trunc(f) || math.Abs(f) > exactIntegers {
		return 0, errNotWhole
	}
	return int64(f), nil
}

func toNumber(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		return finite(v)
	case int64:
		return float64(v), nil
	case int:
		return float64(v), nil
	case json.Number:
		return toNumber(v.String())
	case string:
		return typed(parseNumber(v))
	default:
		return nil, given(value)
	}
}

// digitsAnd says whether a text holds nothing but digits and the others given.
func digitsAnd(text, others string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

// parseNumber takes decimal notation only: neither "Inf" nor "0x1p3" comes from a form.
func parseNumber(text string) (float64, error) {
	if !digitsAnd(text, "+-.eE") {
		return 0, given(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, given(text)
	}
	return f, nil
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, mismatch{"a number that is not finite"}
	}
	return f, nil
}

func toBoolean(value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		return typed(parseBoolean(v))
	}
	return nil, given(value)
}

func parseBoolean(text string) (bool, error) {
	switch { // EqualFold alone would take letters that are longer in UTF-8
	case len(text) == len("true") && strings.EqualFold(text, "true"):
		return true, nil
	case len(text) == len("false") && strings.EqualFold(text, "false"):
		return false, nil
	default:
		return false, given(text)
	}
}

func toTimestamp(value any) (any, error) {
	switch v := value.(type) {
	case time.Time:
		return v.UTC(), nil
	case string:
		return typed(parseTimestamp(v))
	}
	return nil, given(value)
}

func parseTimestamp(text string) (time.Time, error) {
	layout := time.RFC3339
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	at, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}, errNoTime
	}
	return at.UTC(), nil
}
