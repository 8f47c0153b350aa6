// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Defaults are the settings of a type where a contract says nothing. The zero settings are those of a type that has none: Events.
func Defaults(t Type) Settings {
	s := Settings{Type: t, PollEvery: 15 * time.Second, SetBack: SetBack{After: time.Minute, Limit: 3}, UsedPercent: 90}
	switch t {
	case TypeHubSpot:
		s.URL, s.Version, s.Mapping = "https://api.hubapi.com", "2026-09", hubSpotMapping()
	case TypeSalesforce:
		s.Version, s.Mapping = "v65.0", salesforceMapping()
	case TypeEvents:
		return Settings{Type: t}
	}
	return s
}

func hubSpotMapping() Mapping {
	return Mapping{
		Fields: Fields{
			Stage: "lifecyclestage", Status: "hs_lead_status", Reason: "handoff_reason", Score: "handoff_score", Revision: "handoff_revision",
			Due: "handoff_due_at", FirstTouch: "handoff_first_touch_at", Attempts: "handoff_attempts", Missing: "handoff_missing",
		},
		Stages: hubSpotStages(),
		OptOut: "hs_email_optout",
	}
}

// hubSpotStages are what the property lifecyclestage of a new account says of each stage.
//
// HubSpot has no value for SAL. It stays a marketingqualifiedlead, because a salesqualifiedlead is one that sales has qualified, which is what the
// definition's criteria decide: a person who moves a lead there moves it past a gate. Sales accepts a lead by the lead status of a code with the
// outcome Accepted. An account with a stage of its own for SAL maps it, and then a person accepts by moving the lead there, too.
//
// What was given back is marketing's again; a deal that is lost leaves the contact where the deal had brought it. Suppressed, Merged, Duplicate and
// Excluded have no value, so that nothing is written for them: such a contact is a customer, say, and stays one.
func hubSpotStages() map[string]string {
	return stages(map[lead.Stage]string{
		lead.StageInquiry:      "lead",
		lead.StageHeld:         "lead",
		lead.StageMQL:          "marketingqualifiedlead",
		lead.StageSAL:          "marketingqualifiedlead",
		lead.StageSQL:          "salesqualifiedlead",
		lead.StageOpportunity:  "opportunity",
		lead.StageWon:          "customer",
		lead.StageLost:         "opportunity",
		lead.StageRecycled:     "lead",
		lead.StageDisqualified: "other",
	})
}

// salesforceMapping has the stage in a picklist of our own, with our own names: the field Status of Salesforce, by which reps work, is what the
// definition's statuses are of, and its values differ from org to org.
func salesforceMapping() Mapping {
	names := map[lead.Stage]string{}
	for _, stage := range lead.Stages() {
		names[stage] = string(stage)
	}
	return Mapping{
		Fields: Fields{
			Stage: "Handoff_Stage__c", Status: "Status", Reason: "Handoff_Reason__c", Score: "Handoff_Score__c", Revision: "Handoff_Revision__c",
			Due: "Handoff_Due_At__c", FirstTouch: "Handoff_First_Touch_At__c", Attempts: "Handoff_Attempts__c", Missing: "Handoff_Missing__c",
		},
		Stages: stages(names),
		OptOut: "HasOptedOutOfEmail",
	}
}

func stages(values map[lead.Stage]string) map[string]string {
	out := make(map[string]string, len(values))
	for stage, value := range values {
		out[string(stage)] = value
	}
	return out
}
