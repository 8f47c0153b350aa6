// SPDX-License-Identifier: Apache-2.0

package events

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// reader takes typed members from an event's data and keeps the first error.
type reader struct {
	members map[string]any
	lead    string    // that the event is about
	now     time.Time // of the worker
	err     error
}

func (r *reader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

// text is a string member of 1 to maxName bytes; "" when it is absent.
func (r *reader) text(name string, required bool) string {
	field := "data." + name
	switch v := r.members[name].(type) {
	case nil:
		if required {
			r.note(wrong(field, "missing"))
		}
		return ""
	case string:
		if strings.TrimSpace(v) == "" {
			if required {
				r.note(wrong(field, "empty"))
			}
			return ""
		}
		r.note(plainText(field, v, maxName))
		return v
	default:
		r.note(wrong(field, "should be a string"))
		return ""
	}
}

func (r *reader) oneOf(name string, required bool, allowed []string) string {
	v := r.text(name, required)
	if v != "" && !slices.Contains(allowed, v) {
		r.note(wrong("data."+name, "should be one of %s", strings.Join(allowed, ", ")))
	}
	return v
}

func (r *reader) boolean(name string) bool {
	switch v := r.members[name].(type) {
	case nil:
		return false
	case bool:
		return v
	default:
		r.note(wrong("data."+name, "should be true or false"))
		return false
	}
}

func (r *reader) object(name string, required bool) map[string]any {
	switch v := r.members[name].(type) {
	case nil:
		if required {
			r.note(wrong("data."+name, "missing"))
		}
		return nil
	case map[string]any:
		return v
	default:
		r.note(wrong("data."+name, "should be an object"))
		return nil
	}
}

// longText is a string member of any length that a value may have; "" when it is absent.
func (r *reader) longText(name string) string {
	switch v := r.members[name].(type) {
	case nil:
		return ""
	case string: // its length was checked with the rest of the data
		return v
	default:
		r.note(wrong("data."+name, "should be a string"))
		return ""
	}
}

// texts is a list of different members of a closed set, in the order of that set; nil when it is absent.
func (r *reader) texts(name string, allowed []string) []string {
	field := "data." + name
	list, is := r.members[name].([]any)
	if !is {
		if r.members[name] != nil {
			r.note(wrong(field, "should be a list"))
		}
		return nil
	}
	var given []string
	for _, v := range list {
		text, is := v.(string)
		if !is || !slices.Contains(allowed, text) {
			r.note(wrong(field, "should be a list of %s", strings.Join(allowed, ", ")))
			return nil
		}
		given = append(given, text)
	}
	slices.SortFunc(given, func(a, b string) int { return slices.Index(allowed, a) - slices.Index(allowed, b) })
	return slices.Compact(given)
}

// number is a number within bounds; 0 when it is absent.
func (r *reader) number(name string, low, high float64) float64 {
	switch v := r.members[name].(type) {
	case nil:
		return 0
	case float64:
		if v < low || v > high {
			r.note(wrong("data."+name, "should be a number from %.0f to %.0f", low, high))
		}
		return v
	default:
		r.note(wrong("data."+name, "should be a number"))
		return 0
	}
}

// time is an instant that is not ahead of the worker's clock; nil when it is absent.
func (r *reader) time(name string) *time.Time {
	text := r.text(name, false)
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		r.note(wrong("data."+name, "not a time by RFC 3339, such as 2027-01-04T14:03:00Z"))
		return nil
	case at.Before(earliest):
		r.note(wrong("data."+name, "is before %s", earliest.Format(time.RFC3339)))
	case at.After(r.now.Add(ahead)):
		r.note(wrong("data."+name, "is more than 5 minutes in the future: it is %s now", r.now.UTC().Format(time.RFC3339)))
	}
	at = at.UTC()
	return &at
}

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
