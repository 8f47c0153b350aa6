// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"strings"
	"time"
)

// Identity of a person: who has the same is the same. The zero Identity is nobody's.
type Identity struct {
	Key   string    // of all values; "" when one of them is blank, and by a definition that names no field
	Since time.Time // when the lead had all of them
}

// IdentityIn is the identity that a lead has at the end of its history, which is in (Time, Sequence) order, and since when: as long as that
// is known, its values did not change.
func (p *Program) IdentityIn(history []Event) Identity {
	d := p.definition
	if len(d.Identity) == 0 {
		return Identity{}
	}
	values := make([]string, len(d.Identity))
	var now Identity
	for _, e := range history {
		if e.Kind != KindCaptured && e.Kind != KindUpdated {
			continue
		}
		for n, name := range d.Identity {
			field := d.Fields[slices.IndexFunc(d.Fields, func(f Field) bool { return f.Name == name })]
			if sent, stated := e.Properties[field.SourceProperty()]; stated {
				value, _ := Coerce(field, sent) // one that does not fit is taken as absent
				text, _ := value.(string)
				values[n] = strings.ToLower(strings.TrimSpace(text))
			}
		}
		if key := keyOf(values); key != now.Key {
			now = Identity{Key: key, Since: e.Time}
		}
	}
	if now.Key == "" {
		return Identity{}
	}
	return now
}

// keyOf values is the same for the same values only.
func keyOf(values []string) string {
	if slices.Contains(values, "") {
		return ""
	}
	return strings.Join(values, "\x00")
}

// CapturedAt is when a lead came in: at the first event of its history, which is in order of time; zero without one.
func CapturedAt(history []Event) time.Time {
	if len(history) == 0 {
		return time.Time{}
	}
	return history[0].Time
}
