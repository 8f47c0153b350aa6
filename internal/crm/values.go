// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// StatusOf is what the CRM's status field says for a status of the definition.
func (m Mapping) StatusOf(status string) string {
	if value, mapped := m.Statuses[status]; mapped {
		return value
	}
	return status
}

// Values are what the CRM's fields are to say of a lead, by their names: a string, a float64, a time.Time, or nil for an empty field. A field that is not
// among them is left alone: the stage where it has no value, status and reason while no disposition counts, since a person may be about to
// give one.
//
// codes are the dispositions of the definition that judges the lead.
func (m Mapping) Values(d Data, codes []lead.Disposition) map[string]any {
	out := map[string]any{}
	set := func(field string, value any) {
		if field != "" {
			out[field] = value
		}
	}
	if stage, mapped := m.Stages[d.Stage]; mapped {
		set(m.Fields.Stage, stage)
	}
	status, reason := counting(d.Disposition, codes)
	if status != "" {
		set(m.Fields.Status, m.StatusOf(status))
	}
	if reason != "" {
		set(m.Fields.Reason, reason)
	}
	set(m.Fields.Score, float64(d.Score))
	set(m.Fields.Revision, text(d.Definition))
	set(m.Fields.FirstTouch, instant(d.FirstTouchAt))
	set(m.Fields.Attempts, float64(d.Attempts))
	set(m.Fields.Missing, text(strings.Join(d.Missing, ", ")))
	if d.Deadline != nil {
		set(m.Fields.Due, instant(d.Deadline.Due))
	} else {
		set(m.Fields.Due, nil)
	}
	return out
}

// counting are the status and the code of the disposition that counts. What was written by hand is no code, and has no status but that which it came
// with.
func counting(d *Disposition, codes []lead.Disposition) (status, reason string) {
	if d == nil {
		return "", ""
	}
	for _, code := range codes {
		if d.Code != "" && code.Name == d.Code {
			return code.Status, code.Name
		}
	}
	return d.Status, ""
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// instant in milliseconds, which is what the CRMs keep.
func instant(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Truncate(time.Millisecond)
}
