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
		return nil, fmt.Errorf("field %q (property %q) expects %s, got %w", field.Name, field.SourceProperty(), field.Type, err)
	}
	return typed, nil
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

func toString(value any) (any, error) {
	text, ok := value.(string)
	switch {
	case !ok:
		return nil, given(value)
	case utf8.RuneCountInString(text) > MaxText:
		return nil, mismatch{fmt.Sprintf("a string of more than %d characters", MaxText)}
	}
	return text, nil
}

func toList(value any) (any, error) {
	var list []string
	switch v := value.(type) {
	case string:
		list = entries(v)
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
	if len(list) > MaxList {
		return nil, mismatch{fmt.Sprintf("a list of more than %d entries", MaxList)}
	}
	for _, text := range list {
		if utf8.RuneCountInString(text) > MaxText {
			return nil, mismatch{fmt.Sprintf("a list with an entry of more than %d characters", MaxText)}
		}
	}
	return list, nil
}

// entries of a CSV cell, without the empty ones that trailing and doubled separators leave.
func entries(cell string) []string {
	list := []string{}
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
		if i, err := strconv.ParseInt(v, 10, 64); err == nil {
			return i, nil
		}
		f, err := parseNumber(v) // "120.0", as spreadsheets export it
		if err != nil {
			return nil, err
		}
		return whole(f)
	default:
		return nil, given(value)
	}
}

func whole(f float64) (any, error) {
	if f != math.Trunc(f) || math.Abs(f) > exactIntegers {
		return nil, mismatch{"a number that is not whole or too large"}
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
		f, err := parseNumber(v)
		if err != nil {
			return nil, err
		}
		return f, nil
	default:
		return nil, given(value)
	}
}

// parseNumber takes decimal notation only: neither "Inf" nor "0x1p3" comes from a form.
func parseNumber(text string) (float64, error) {
	if strings.Trim(text, "+-.0123456789eE") != "" {
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
		switch strings.ToLower(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return nil, given(value)
}

func toTimestamp(value any) (any, error) {
	switch v := value.(type) {
	case time.Time:
		return v.UTC(), nil
	case string:
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), nil
			}
		}
		return nil, mismatch{"a string that is neither RFC 3339 nor YYYY-MM-DD"}
	}
	return nil, given(value)
}
