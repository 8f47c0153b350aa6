// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// stamp is how HubSpot writes a time.
const stamp = "2006-01-02T15:04:05.000Z"

// value of a property as the port has it; nil for an empty one, and text for what is not of its own type.
func value(text *string, is crm.FieldType) any {
	if text == nil || *text == "" {
		return nil
	}
	switch is {
	case crm.TypeNumber:
		if n, err := strconv.ParseFloat(*text, 64); err == nil {
			return n
		}
	case crm.TypeBoolean:
		if b, err := strconv.ParseBool(*text); err == nil {
			return b
		}
	case crm.TypeTime, crm.TypeDate:
		if at := moment(text); !at.IsZero() {
			return at
		}
	case crm.TypeText, crm.TypeOptions, crm.TypeOther:
	}
	return *text
}

// moment that a property tells: a time, a date or milliseconds since 1970; zero for none.
func moment(text *string) time.Time {
	if text == nil || *text == "" {
		return time.Time{}
	}
	if ms, err := strconv.ParseInt(*text, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC()
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, *text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// text of a value for a property; an empty one clears it.
func text(v any, is crm.FieldType) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		switch {
		case v.IsZero():
			return ""
		case is == crm.TypeDate:
			return v.UTC().Format(time.DateOnly)
		default:
			return v.UTC().Format(stamp)
		}
	default:
		return fmt.Sprint(v)
	}
}

func isTrue(text *string) bool { return text != nil && strings.EqualFold(*text, "true") }

func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
