// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/salesforce/soql"
)

const timeForm = "2006-01-02T15:04:05.000+0000"

// A row holds strings (dates are strings, too), float64, bool and time.Time by the fields' names; empty ones are absent.

// shown is a value as JSON has it.
func shown(f *Field, v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(timeForm)
	case float64:
		if f.Type == typeInt {
			return int64(v)
		}
		return v
	case nil:
		if f.Type == typeBoolean {
			return false
		}
		return nil
	default:
		return v
	}
}

// taken is a JSON value as a row holds it. Malformed ones spoil the request, the others the record.
func taken(f *Field, raw any) (v any, malformed, wrong *apiError) {
	if raw == nil {
		if f.Type == typeBoolean {
			return nil, nil, wrongf("INVALID_TYPE_ON_FIELD_IN_RECORD", f, "%s: value not of required type: ", f.Label)
		}
		return nil, nil, nil
	}
	var ok bool
	switch f.Type {
	case typeBoolean:
		v, ok = truth(raw)
	case typeInt, typeDouble, typeCurrency:
		v, ok = number(raw, f.Type == typeInt)
	case typeDateTime:
		v, ok = moment(raw)
	case typeDate:
		v, ok = date(raw)
	default:
		var said string
		said, ok = raw.(string)
		if ok {
			v, wrong = words(f, strings.TrimSpace(said))
		}
	}
	if !ok {
		return nil, cannotRead(f, raw), nil
	}
	return v, nil, wrong
}

func cannotRead(f *Field, raw any) *apiError {
	kind := f.Type
	if f.text() || f.id() {
		kind = "string"
	}
	token, said := "VALUE_STRING", fmt.Sprint(raw)
	switch raw.(type) {
	case json.Number:
		token = "VALUE_NUMBER_INT"
		if strings.ContainsAny(said, ".eE") {
			token = "VALUE_NUMBER_FLOAT"
		}
	case bool:
		token = "VALUE_" + strings.ToUpper(said)
	case map[string]any:
		token, said = "START_OBJECT", "{"
	case []any:
		token, said = "START_ARRAY", "["
	}
	return &apiError{Status: 400, Code: "JSON_PARSER_ERROR", Message: fmt.Sprintf(
		"Cannot deserialize instance of %s from %s value %s or request may be missing a required field at [line:1, column:1]", kind, token, said)}
}

func truth(raw any) (any, bool) {
	switch v := raw.(type) {
	case bool:
		return v, true
	case string:
		b, err := strconv.ParseBool(v)
		return b, err == nil
	}
	return nil, false
}

func number(raw any, whole bool) (any, bool) {
	said := ""
	switch v := raw.(type) {
	case json.Number:
		said = v.String()
	case string:
		said = v
	}
	n, err := strconv.ParseFloat(said, 64)
	return n, err == nil && (!whole || n == float64(int64(n)))
}

// moment is to the second: what is below is lost.
func moment(raw any) (any, bool) {
	said, _ := raw.(string)
	if at, err := soql.Time(said); err == nil {
		return at.UTC().Truncate(time.Second), true
	}
	at, err := time.Parse(time.DateOnly, said)
	return at, err == nil
}

func date(raw any) (any, bool) {
	said, _ := raw.(string)
	if at, err := soql.Time(said); err == nil {
		return at.UTC().Format(time.DateOnly), true
	}
	_, err := time.Parse(time.DateOnly, said)
	return said, err == nil
}

// words checks a text: an empty one is none.
func words(f *Field, said string) (any, *apiError) {
	switch {
	case said == "":
		return nil, nil
	case f.id():
		id, ok := canonical(said)
		if !ok {
			return nil, wrongf("MALFORMED_ID", f, "%s: id value of incorrect type: %s", f.Label, said)
		}
		return id, nil
	case len([]rune(said)) > f.length():
		return nil, wrongf("STRING_TOO_LONG", f, "%s: data value too large: %s (max length=%d)", f.Label, said, f.length())
	case f.Type == typeEmail && !mailAddress(said):
		return nil, wrongf("INVALID_EMAIL_ADDRESS", f, "%s: invalid email address: %s", f.Label, said)
	case f.Restricted && !f.offers(said):
		return nil, wrongf("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f, "%s: bad value for restricted picklist field: %s", f.Label, said)
	}
	return said, nil
}

// offers says whether the text is one of the options, or several of them where more than one can be chosen.
func (f *Field) offers(said string) bool {
	chosen := []string{said}
	if f.Type == typePicklists {
		chosen = strings.Split(said, ";")
	}
	return !slices.ContainsFunc(chosen, func(one string) bool { return !slices.Contains(f.Options, one) })
}

func mailAddress(said string) bool {
	a, err := mail.ParseAddress(said)
	return err == nil && a.Address == said
}
