// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCoerce(t *testing.T) {
	utc := func(h, m int) time.Time { return time.Date(2027, 1, 15, h, m, 0, 0, time.UTC) }
	manyTexts := make([]any, MaxList+1)
	for i := range manyTexts {
		manyTexts[i] = "x"
	}
	cases := map[string]struct {
		to    FieldType
		value any
		want  any
		err   string // what was given
	}{
		"null":                       {to: Integer, value: nil},
		"empty cell":                 {to: String, value: ""},
		"empty cell of a list":       {to: StringList, value: ""},
		"blank cell of a number":     {to: Integer, value: "  "},
		"text":                       {to: String, value: "Acme", want: "Acme"},
		"text keeps its spaces":      {to: String, value: " a ", want: " a "},
		"longest text":               {to: String, value: strings.Repeat("ä", MaxText), want: strings.Repeat("ä", MaxText)},
		"too long text":              {to: String, value: strings.Repeat("ä", MaxText+1), err: "a string of more than 1024 characters"},
		"number is no text":          {to: String, value: 5.0, err: "a number"},
		"boolean is no text":         {to: String, value: true, err: "a boolean"},
		"list of texts":              {to: StringList, value: []any{"a", "b"}, want: []string{"a", "b"}},
		"typed list":                 {to: StringList, value: []string{"a"}, want: []string{"a"}},
		"empty list":                 {to: StringList, value: []any{}, want: []string{}},
		"cell of a list":             {to: StringList, value: "a;b", want: []string{"a", "b"}},
		"cell with gaps":             {to: StringList, value: " a ;; b;", want: []string{"a", "b"}},
		"list with a number":         {to: StringList, value: []any{"a", 1.0}, err: "a list with an entry that is no string"},
		"too long list":              {to: StringList, value: manyTexts, err: "a list of more than 100 entries"},
		"list with a too long text":  {to: StringList, value: []any{strings.Repeat("a", MaxText+1)}, err: "a list with an entry of more than 1024 characters"},
		"number is no list":          {to: StringList, value: 5.0, err: "a number"},
		"object is no list":          {to: StringList, value: map[string]any{}, err: "an object"},
		"whole JSON number":          {to: Integer, value: 120.0, want: int64(120)},
		"negative":                   {to: Integer, value: -3.0, want: int64(-3)},
		"int":                        {to: Integer, value: 120, want: int64(120)},
		"int64":                      {to: Integer, value: int64(120), want: int64(120)},
		"exact JSON number":          {to: Integer, value: json.Number("9007199254740993"), want: int64(9007199254740993)},
		"cell of an integer":         {to: Integer, value: " 120 ", want: int64(120)},
		"spreadsheet's integer":      {to: Integer, value: "120.0", want: int64(120)},
		"fraction":                   {to: Integer, value: 1.5, err: "a number that is not whole or too large"},
		"cell with a fraction":       {to: Integer, value: "1.5", err: "a number that is not whole or too large"},
		"too large":                  {to: Integer, value: 1e300, err: "a number that is not whole or too large"},
		"infinite":                   {to: Integer, value: math.Inf(1), err: "a number that is not whole or too large"},
		"words are no integer":       {to: Integer, value: "many", err: "a string that is none"},
		"boolean is no integer":      {to: Integer, value: true, err: "a boolean"},
		"list is no integer":         {to: Integer, value: []any{1.0}, err: "a list"},
		"number":                     {to: Number, value: 1.5, want: 1.5},
		"int to number":              {to: Number, value: 2, want: 2.0},
		"int64 to number":            {to: Number, value: int64(2), want: 2.0},
		"number kept as text":        {to: Number, value: json.Number("1.5"), want: 1.5},
		"cell of a number":           {to: Number, value: "-1.5e2", want: -150.0},
		"number that overflows":      {to: Number, value: "1e999", err: "a string that is none"},
		"not a number":               {to: Number, value: "NaN", err: "a string that is none"},
		"not a number in Go":         {to: Number, value: math.NaN(), err: "a number that is not finite"},
		"infinity is no number":      {to: Number, value: "Inf", err: "a string that is none"},
		"hexadecimal":                {to: Number, value: "0x10", err: "a string that is none"},
		"two points":                 {to: Number, value: "1.2.3", err: "a string that is none"},
		"object is no number":        {to: Number, value: map[string]any{}, err: "an object"},
		"true":                       {to: Boolean, value: true, want: true},
		"false":                      {to: Boolean, value: false, want: false},
		"cell TRUE":                  {to: Boolean, value: "TRUE", want: true},
		"cell false":                 {to: Boolean, value: "false", want: false},
		"yes is no boolean":          {to: Boolean, value: "yes", err: "a string that is none"},
		"1 is no boolean":            {to: Boolean, value: 1.0, err: "a number"},
		"RFC 3339":                   {to: Timestamp, value: "2027-01-15T09:30:00Z", want: utc(9, 30)},
		"RFC 3339 with an offset":    {to: Timestamp, value: "2027-01-15T09:30:00-05:00", want: utc(14, 30)},
		"date":                       {to: Timestamp, value: "2027-01-15", want: utc(0, 0)},
		"typed time":                 {to: Timestamp, value: utc(9, 30).In(time.FixedZone("", 3600)), want: utc(9, 30)},
		"other ways to write a date": {to: Timestamp, value: "15.01.2027", err: "a string that is neither RFC 3339 nor YYYY-MM-DD"},
		"number is no timestamp":     {to: Timestamp, value: 1.8e9, err: "a number"},
		"timestamp is no text":       {to: String, value: utc(1, 1), err: "a timestamp"},
		"Go's own kinds":             {to: String, value: struct{}{}, err: "a value of another kind"},
		"unknown type":               {to: "Text", value: "x", err: "a value for an unknown type"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			field := Field{Name: "f", Property: "hs_f", Type: tc.to}
			got, err := Coerce(field, tc.value)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			want := ""
			if tc.err != "" {
				want = `field "f" (property "hs_f") expects ` + string(tc.to) + ", got " + tc.err
			}
			if text := errorText(err); text != want {
				t.Errorf("error %q, want %q", text, want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestErrorsOfCoerceHoldNoValue(t *testing.T) {
	for _, to := range []FieldType{StringList, Integer, Number, Boolean, Timestamp} {
		for _, secret := range []any{"jane@acme.example", []any{"jane@acme.example", 1.0}, map[string]any{"jane@acme.example": 1.0}} {
			if _, err := Coerce(Field{Name: "f", Type: to}, secret); err != nil && strings.Contains(err.Error(), "jane") {
				t.Errorf("%s: %v", to, err)
			}
		}
	}
}
