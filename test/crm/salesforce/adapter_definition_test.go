// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import "github.com/handoff-sla/handoff/internal/lead"

// definition with the fields that the adapter is to read.
func definition() lead.Definition {
	return lead.Definition{
		Fields: []lead.Field{
			{Name: "company", Type: lead.String, Property: "Company"}, {Name: "employees", Type: lead.Integer, Property: "NumberOfEmployees"},
		},
		Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled, Status: "Nurture"}},
	}
}
