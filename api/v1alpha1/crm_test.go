// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"

	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func inHubSpot() *slav1alpha1.CRM {
	return &slav1alpha1.CRM{Type: "HubSpot", HubSpot: &slav1alpha1.HubSpot{SecretRef: slav1alpha1.ObjectReference{Name: "a-secret"}}}
}

func inSalesforce() *slav1alpha1.CRM {
	return &slav1alpha1.CRM{Type: "Salesforce", Salesforce: &slav1alpha1.Salesforce{
		SecretRef: slav1alpha1.ObjectReference{Name: "a-secret"}, URL: "https://acme.my.salesforce.com",
	}}
}

func asEvents() *slav1alpha1.CRM {
	return &slav1alpha1.CRM{Type: "Events", Events: &slav1alpha1.CRMEvents{SecretRef: slav1alpha1.ObjectReference{Name: "a-secret"}}}
}

// written has every field that HubSpot and Salesforce share.
func written(c *slav1alpha1.CRM) {
	c.Fields = &slav1alpha1.CRMFields{
		Stage: "Handoff_Stage__c", Status: "None", Reason: "r", Score: "s", Revision: "v", Due: "d", FirstTouch: "f", Attempts: "a", Missing: "m",
	}
	c.Stages = []slav1alpha1.CRMStage{{Stage: "SAL", Value: "Sales accepted"}, {Stage: "Excluded", Value: "x"}}
	c.Statuses = []slav1alpha1.CRMStatus{{Status: "Sales Accepted Lead", Value: "Working - Contacted"}}
	c.Activities = []slav1alpha1.CRMActivity{{Name: "FormSubmit", At: "recent_conversion_date", Properties: []slav1alpha1.CRMProperty{{Name: "form", Field: "f"}}}}
	c.Qualification = []slav1alpha1.CRMQualification{{Name: "timelineDays", Field: "Days__c"}}
	c.OptOut, c.PollEvery, c.DryRun, c.DailyPercent = "None", "1m30s", ptr.To(false), ptr.To[int32](100)
	c.SetBack = &slav1alpha1.CRMSetBack{After: "1h", Limit: ptr.To[int32](20)}
}

func TestCRM(t *testing.T) {
	const (
		needs   = "needs "
		leave   = "with type Events nothing is read and no field is written: leave the rest out"
		outside = "should be from 1s to 1h"
	)
	for name, c := range map[string]struct {
		from   func() *slav1alpha1.CRM
		change func(*slav1alpha1.CRM)
		want   string
	}{
		"HubSpot":                    {inHubSpot, func(*slav1alpha1.CRM) {}, ""},
		"HubSpot, all of it":         {inHubSpot, written, ""},
		"Salesforce":                 {inSalesforce, func(*slav1alpha1.CRM) {}, ""},
		"Salesforce, all of it":      {inSalesforce, written, ""},
		"HubSpot without its part":   {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot = nil }, "type HubSpot " + needs + "hubSpot"},
		"HubSpot with another's":     {inHubSpot, func(c *slav1alpha1.CRM) { c.Salesforce = inSalesforce().Salesforce }, "type Salesforce " + needs + "salesforce"},
		"HubSpot with events":        {inHubSpot, func(c *slav1alpha1.CRM) { c.Events = asEvents().Events }, "type Events " + needs + "events"},
		"Salesforce without":         {inSalesforce, func(c *slav1alpha1.CRM) { c.Salesforce = nil }, "type Salesforce " + needs + "salesforce"},
		"Salesforce with another's":  {inSalesforce, func(c *slav1alpha1.CRM) { c.HubSpot = inHubSpot().HubSpot }, "type HubSpot " + needs + "hubSpot"},
		"no Secret":                  {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.SecretRef.Name = "" }, "spec.crm.hubSpot.secretRef"},
		"no org":                     {inSalesforce, func(c *slav1alpha1.CRM) { c.Salesforce.URL = "" }, "spec.crm.salesforce.url"},
		"events with fields":         {asEvents, func(c *slav1alpha1.CRM) { c.Fields = &slav1alpha1.CRMFields{Score: "s"} }, leave},
		"events with stages":         {asEvents, func(c *slav1alpha1.CRM) { c.Stages = []slav1alpha1.CRMStage{{Stage: "SAL", Value: "x"}} }, leave},
		"events with statuses":       {asEvents, func(c *slav1alpha1.CRM) { c.Statuses = []slav1alpha1.CRMStatus{{Status: "x", Value: "y"}} }, leave},
		"events with activities":     {asEvents, func(c *slav1alpha1.CRM) { c.Activities = []slav1alpha1.CRMActivity{{Name: "x", At: "y"}} }, leave},
		"events with qualification":  {asEvents, func(c *slav1alpha1.CRM) { c.Qualification = []slav1alpha1.CRMQualification{{Name: "need", Field: "n"}} }, leave},
		"events with an opt-out":     {asEvents, func(c *slav1alpha1.CRM) { c.OptOut = "o" }, leave},
		"events with polls":          {asEvents, func(c *slav1alpha1.CRM) { c.PollEvery = "15s" }, leave},
		"events with a dry run":      {asEvents, func(c *slav1alpha1.CRM) { c.DryRun = ptr.To(true) }, leave},
		"events with undoing":        {asEvents, func(c *slav1alpha1.CRM) { c.SetBack = &slav1alpha1.CRMSetBack{After: "1m"} }, leave},
		"events with an allowance":   {asEvents, func(c *slav1alpha1.CRM) { c.DailyPercent = ptr.To[int32](50) }, leave},
		"a second":                   {inHubSpot, func(c *slav1alpha1.CRM) { c.PollEvery = "1s" }, ""},
		"polls all the time":         {inHubSpot, func(c *slav1alpha1.CRM) { c.PollEvery = "500ms" }, "spec.crm.pollEvery"},
		"polls too seldom":           {inHubSpot, func(c *slav1alpha1.CRM) { c.PollEvery = "1h1s" }, outside},
		"polls by the day":           {inHubSpot, func(c *slav1alpha1.CRM) { c.PollEvery = "1d" }, "spec.crm.pollEvery"},
		"undone too late":            {inHubSpot, func(c *slav1alpha1.CRM) { c.SetBack = &slav1alpha1.CRMSetBack{After: "61m"} }, outside},
		"undone never":               {inHubSpot, func(c *slav1alpha1.CRM) { c.SetBack = &slav1alpha1.CRMSetBack{Limit: ptr.To[int32](0)} }, "spec.crm.setBack.limit"},
		"undone all the time":        {inHubSpot, func(c *slav1alpha1.CRM) { c.SetBack = &slav1alpha1.CRMSetBack{Limit: ptr.To[int32](21)} }, "spec.crm.setBack.limit"},
		"nothing of the allowance":   {inHubSpot, func(c *slav1alpha1.CRM) { c.DailyPercent = ptr.To[int32](0) }, "spec.crm.dailyPercent"},
		"more than the allowance":    {inHubSpot, func(c *slav1alpha1.CRM) { c.DailyPercent = ptr.To[int32](101) }, "spec.crm.dailyPercent"},
		"a dated version":            {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.Version = "2027-03-beta" }, ""},
		"no dated version":           {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.Version = "v3" }, "spec.crm.hubSpot.version"},
		"a numbered version":         {inSalesforce, func(c *slav1alpha1.CRM) { c.Salesforce.Version = "v66.0" }, ""},
		"no numbered version":        {inSalesforce, func(c *slav1alpha1.CRM) { c.Salesforce.Version = "66.0" }, "spec.crm.salesforce.version"},
		"within the cluster":         {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.URL = "http://crm-fake.revenue.svc:8080" }, ""},
		"a URL with a slash":         {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.URL = "https://api.hubapi.com/" }, "spec.crm.hubSpot.url"},
		"a URL with a password":      {inSalesforce, func(c *slav1alpha1.CRM) { c.Salesforce.URL = "https://me:secret@acme.my.salesforce.com" }, "spec.crm.salesforce.url"},
		"webhooks":                   {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.Webhooks = "https://handoff.example.com/v1/crm/hubspot" }, ""},
		"webhooks with a query":      {inHubSpot, func(c *slav1alpha1.CRM) { c.HubSpot.Webhooks = "https://handoff.example.com/v1?a=b" }, "spec.crm.hubSpot.webhooks"},
		"no name of a field":         {inHubSpot, func(c *slav1alpha1.CRM) { c.Fields = &slav1alpha1.CRMFields{Score: "lead score"} }, "spec.crm.fields.score"},
		"no stage":                   {inHubSpot, func(c *slav1alpha1.CRM) { c.Stages = []slav1alpha1.CRMStage{{Stage: "Customer", Value: "x"}} }, "spec.crm.stages"},
		"no value":                   {inHubSpot, func(c *slav1alpha1.CRM) { c.Stages = []slav1alpha1.CRMStage{{Stage: "SAL"}} }, "spec.crm.stages"},
		"nothing sales may find out": {inHubSpot, func(c *slav1alpha1.CRM) { c.Qualification = []slav1alpha1.CRMQualification{{Name: "mood", Field: "m"}} }, "spec.crm.qualification"},
		"a stage twice": {
			inHubSpot, func(c *slav1alpha1.CRM) {
				c.Stages = []slav1alpha1.CRMStage{{Stage: "SAL", Value: "x"}, {Stage: "SAL", Value: "y"}}
			}, "spec.crm.stages[1]",
		},
		"a status twice": {
			inHubSpot, func(c *slav1alpha1.CRM) {
				c.Statuses = []slav1alpha1.CRMStatus{{Status: "Nurture", Value: "x"}, {Status: "Nurture", Value: "y"}}
			}, "spec.crm.statuses[1]",
		},
		"an activity without a time": {
			inHubSpot, func(c *slav1alpha1.CRM) { c.Activities = []slav1alpha1.CRMActivity{{Name: "FormSubmit"}} }, "spec.crm.activities",
		},
	} {
		t.Run(name, func(t *testing.T) {
			contract := testkit.Contract("default", "crm", "mid-market")
			contract.Spec.CRM = c.from()
			c.change(contract.Spec.CRM)
			check(t, contract, c.want)
		})
	}
}
