// SPDX-License-Identifier: Apache-2.0

package review

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A report that is read is the report that was written.
func TestOpen(t *testing.T) {
	for name, sample := range samples {
		d := made(t, sample())
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		opened, err := Open(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rendered(t, d), rendered(t, opened)); diff != "" {
			t.Errorf("%s (-written +read):\n%s", name, diff)
		}
	}
}

func TestSealFindsWhatWasChanged(t *testing.T) {
	text, err := made(t, weekly()).JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ old, new string }{
		"a count":           {`"nobodyAvailable": 9`, `"nobodyAvailable": 0`},
		"a digest of terms": {"v1:sha256:77ab01c2", "v1:sha256:00000000"},
		"a verdict":         {`"verdict": "Missed"`, `"verdict": "Met"`},
		"a reason":          {"missed 2 weeks in a row", "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(text), tc.old, tc.new, 1)
			if changed == string(text) {
				t.Fatalf("no %s in the report", tc.old)
			}
			if _, err := Open([]byte(changed)); !errors.Is(err, ErrSeal) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// White space and the order of members are no part of what is sealed.
func TestSealIsOfTheMeaning(t *testing.T) {
	d := made(t, weekly())
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := Canonical(text)
	if err == nil {
		t.Fatalf("results hold numbers that are not whole, yet their canonical form was made: %.80s", canonical)
	}
	compact := strings.Join(strings.Fields(string(text)), " ")
	if _, err := Open([]byte(compact)); err != nil {
		t.Errorf("a report on one line: %v", err)
	}
	want, err := d.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"seal": "`+want+`"`) {
		t.Errorf("%s is not in the report", want)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no JSON":           {"report", "report.json: invalid character"},
		"another version":   {`{"version": "v2"}`, `report.json has the version "v2"; this program reads v1`},
		"a field too many":  {`{"version": "v1", "extra": 1}`, `unknown field "extra"`},
		"a broken fraction": {`{"version": "v1", "inputs": {"x": 1.5}}`, "1.5 is no whole number"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// The vectors follow RFC 8785: sections 3.2.2.2 (texts) and 3.2.3 (order of members).
func TestCanonical(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"order of members": {
			`{"€":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","😀":"Emoji: Grinning Face",` +
				`"\u0080":"Control","ö":"o"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"o\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\"," +
				"\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		},
		"texts":      {`"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/<&>"`, "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/<&>\""},
		"literals":   {" [ null , true ,\n false, -7, 0, 9007199254740993 ] ", `[null,true,false,-7,0,9007199254740993]`},
		"nested":     {`{"b":{"d":[],"c":{}},"a":[{"y":1,"x":2}]}`, `{"a":[{"x":2,"y":1}],"b":{"c":{},"d":[]}}`},
		"minus zero": {`-0`, `0`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Canonical([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, text := range []string{"", "1 2", "{", "1e3", "0.5"} {
		if got, err := Canonical([]byte(text)); err == nil {
			t.Errorf("%q gave %q", text, got)
		}
	}
}
