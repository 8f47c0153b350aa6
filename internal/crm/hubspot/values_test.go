// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/hubspot"
)

func TestValues(t *testing.T) {
	at := time.Date(2027, 1, 4, 12, 0, 0, 123_000_000, time.UTC)
	for name, c := range map[string]struct {
		text string
		is   crm.FieldType
		want any
	}{
		"empty":                  {"", crm.TypeNumber, nil},
		"text":                   {" 12 ", crm.TypeText, " 12 "},
		"number":                 {"1.2e3", crm.TypeNumber, 1200.0},
		"no number":              {"many", crm.TypeNumber, "many"},
		"true":                   {"true", crm.TypeBoolean, true},
		"false":                  {"FALSE", crm.TypeBoolean, false},
		"neither":                {"maybe", crm.TypeBoolean, "maybe"},
		"time":                   {"2027-01-04T12:00:00.123Z", crm.TypeTime, at},
		"of another zone":        {"2027-01-04T13:00:00.123+01:00", crm.TypeTime, at},
		"milliseconds":           {"1799064000123", crm.TypeTime, at},
		"date":                   {"2027-01-04", crm.TypeDate, at.Truncate(24 * time.Hour)},
		"no time":                {"soon", crm.TypeTime, "soon"},
		"option":                 {"NEW", crm.TypeOptions, "NEW"},
		"of an unknown property": {"5", "", "5"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, hubspot.Value(&c.text, c.is)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := hubspot.Value(nil, crm.TypeText); got != nil {
		t.Errorf("%v of null", got)
	}
	for name, c := range map[string]struct {
		value any
		is    crm.FieldType
		want  string
	}{
		"nothing": {nil, crm.TypeText, ""}, "text": {"x", crm.TypeText, "x"}, "whole": {70.0, crm.TypeNumber, "70"}, "large": {1e15, crm.TypeNumber, "1000000000000000"},
		"part": {0.1, crm.TypeNumber, "0.1"}, "boolean": {false, crm.TypeBoolean, "false"}, "time": {at, crm.TypeTime, "2027-01-04T12:00:00.123Z"},
		"time as a date": {at, crm.TypeDate, "2027-01-04"}, "no time": {time.Time{}, crm.TypeTime, ""}, "integer": {7, crm.TypeNumber, "7"},
	} {
		t.Run("written: "+name, func(t *testing.T) {
			if got := hubspot.Text(c.value, c.is); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
