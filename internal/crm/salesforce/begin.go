// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/handoff-sla/handoff/internal/crm"
)

// beginning is what is known of a field that a new lead can have. One that can be written later need not be among them, and the other way round.
type beginning struct {
	length   int  // of a text, in characters; 0: not said
	required bool // no lead is made without it
}

func (o sobject) beginnings() map[string]beginning {
	out := map[string]beginning{}
	for _, f := range o.Fields {
		if f.Createable && f.Name != ownerField { // who owns it is routed
			out[f.Name] = beginning{length: f.Length, required: !f.Nillable && !f.Defaulted}
		}
	}
	return out
}

// begins is what a new lead has of the values: what Salesforce computes, the user may not write or the field has no room for is left out, and keeps no lead
// from being made. What a lead cannot be without is in it all the same: Salesforce says then what is wrong with it.
func (o *org) begins(values map[string]any) map[string]any {
	out := map[string]any{}
	for field, v := range values {
		known, there := o.begin[field]
		if !there {
			continue
		}
		is := o.lead[field]
		if _, instant := v.(time.Time); !instant && (is.Type == crm.TypeText || is.Type == crm.TypeOptions) {
			v = crm.Text(v) // no number is taken for a text
		}
		if known.required || fits(is, known, v) {
			out[field] = v
		}
	}
	return out
}

func fits(is crm.SchemaField, known beginning, v any) bool {
	is.ReadOnly = false // that is for a lead that is there
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) || known.length > 0 && utf8.RuneCountInString(strings.TrimSpace(v)) > known.length {
			return false
		}
	case float64:
		if is.Native == "int" && v != math.Trunc(v) {
			return false
		}
	}
	return is.Takes(v, is.Native == "multipicklist")
}
