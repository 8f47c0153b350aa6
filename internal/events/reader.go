// SPDX-License-Identifier: Apache-2.0

package events

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// reader takes typed members from an event's data and keeps the first error.
type reader struct {
	members map[string]any
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

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
