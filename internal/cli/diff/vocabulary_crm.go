// SPDX-License-Identifier: Apache-2.0

package diff

const (
	crmDefault = "the default of the type"
	elsewhere  = "another system, or another part of it, holds the leads"
)

// crmWords are about the system that the leads live in. Nobody signs them.
var crmWords = []word{
	{at: "crm", shape: clause, noun: "CRM"},
	{at: "crm.type", label: "type", unit: plain, neither: elsewhere},
	{at: "crm.events", shape: group},
	{at: "crm.events.secretRef", shape: group},
	{at: "crm.events.secretRef.name", label: "Secret", unit: plain},
	{at: "crm.hubSpot", shape: group},
	{at: "crm.hubSpot.secretRef", shape: group},
	{at: "crm.hubSpot.secretRef.name", label: "Secret", unit: plain},
	{at: "crm.hubSpot.url", label: "URL", unit: plain, none: crmDefault, neither: elsewhere},
	{at: "crm.hubSpot.version", label: "version of the API", unit: plain, none: crmDefault},
	{at: "crm.hubSpot.webhooks", label: "webhooks at", unit: plain, none: "none", neither: "how soon changes are seen"},
	{at: "crm.hubSpot.matchBy", label: "records found by", unit: plain, none: "nothing", neither: "into which record a lead is written that came as an event"},
	{at: "crm.salesforce", shape: group},
	{at: "crm.salesforce.secretRef", shape: group},
	{at: "crm.salesforce.secretRef.name", label: "Secret", unit: plain},
	{at: "crm.salesforce.url", label: "URL", unit: plain, neither: elsewhere},
	{at: "crm.salesforce.version", label: "version of the API", unit: plain, none: crmDefault},
	{at: "crm.salesforce.matchBy", label: "records found by", unit: plain, none: "nothing", neither: "into which record a lead is written that came as an event"},

	{at: "crm.fields", shape: group},
	crmField("stage"), crmField("status"), crmField("reason"), crmField("score"), crmField("revision"), crmField("due"),
	{at: "crm.fields.firstTouch", label: "field of the first touch", unit: plain, none: crmDefault},
	crmField("attempts"),
	{at: "crm.fields.missing", label: "field of what is missing", unit: plain, none: crmDefault},

	{at: "crm.stages", shape: keyed, key: "stage", noun: "stage"},
	{at: "crm.stages[].value", label: "in the CRM", unit: plain},
	{at: "crm.statuses", shape: keyed, key: "status", noun: "status"},
	{at: "crm.statuses[].value", label: "in the CRM", unit: plain},
	{at: "crm.activities", shape: keyed, noun: "activity"},
	{at: "crm.activities[].at", label: "at", unit: plain},
	{at: "crm.activities[].properties", shape: keyed, noun: "property", nested: true},
	{at: "crm.activities[].properties[].field", label: "field", unit: plain},
	{at: "crm.qualification", shape: keyed, noun: "qualification"},
	{at: "crm.qualification[].field", label: "field", unit: plain},
	{at: "crm.optOut", label: "field of the opt-out", unit: plain, none: crmDefault, neither: "who is not to be contacted"},

	{at: "crm.pollEvery", label: "asked every", unit: orDefault(wall, "15s"), none: "15s"},
	{at: "crm.dryRun", label: "writes", unit: flag("are listed only", "are made"), none: "are made", neither: "whether anything is written"},
	{at: "crm.setBack", shape: group},
	{at: "crm.setBack.after", label: "set back after", unit: orDefault(wall, "1m"), none: "1m", neither: "how long there is to mend it"},
	{at: "crm.setBack.limit", label: "set back at most, of a lead in 24 hours", unit: orDefault(plain, "3"), none: "3"},
	{at: "crm.dailyPercent", label: "uses up to", unit: orDefault(percent, "90").of("of the requests of a day"), none: "90%"},
}

func crmField(name string) word {
	return word{at: "crm.fields." + name, label: "field of the " + name, unit: plain, none: crmDefault}
}
