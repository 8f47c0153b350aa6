// SPDX-License-Identifier: Apache-2.0

package salesforce

import "slices"

// system are the fields that every record has.
func system() []*Field {
	return []*Field{
		{Name: "IsDeleted", Type: typeBoolean, ReadOnly: true},
		{Name: "CreatedDate", Type: typeDateTime, ReadOnly: true},
		{Name: "CreatedById", Type: typeReference, ReadOnly: true, RefersTo: []string{"User"}, Relationship: "CreatedBy"},
		{Name: "LastModifiedDate", Type: typeDateTime, ReadOnly: true},
		{Name: "LastModifiedById", Type: typeReference, ReadOnly: true, RefersTo: []string{"User"}, Relationship: "LastModifiedBy"},
		{Name: "SystemModstamp", Type: typeDateTime, ReadOnly: true},
	}
}

func owner(refersTo ...string) *Field {
	return &Field{Name: "OwnerId", Type: typeReference, RefersTo: refersTo, Relationship: "Owner", Default: "", Label: "Owner ID"}
}

func text(name string, length int) *Field {
	return &Field{Name: name, Type: typeString, Length: length}
}

func required(f *Field) *Field { f.Required = true; return f }

func readOnly(name, kind string) *Field { return &Field{Name: name, Type: kind, ReadOnly: true} }

func reference(name, relationship string, to ...string) *Field {
	return &Field{Name: name, Type: typeReference, RefersTo: to, Relationship: relationship}
}

func picklist(name string, options ...string) *Field {
	return &Field{Name: name, Type: typePicklist, Options: options}
}

// statuses of leads; LeadStatus has them as records.
var statuses = []string{
	"Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted", "Sales Accepted Lead", "Nurture", "Re-map", "Disqualified",
}

// convertedStatus is the one that conversion sets.
const convertedStatus = "Closed - Converted"

func lead() *object {
	status := picklist("Status", statuses...)
	status.Default = statuses[0]
	o := newObject("Lead", "Lead", "00Q",
		&Field{Name: "MasterRecordId", Type: typeReference, ReadOnly: true, RefersTo: []string{"Lead"}, Relationship: "MasterRecord"},
		required(text("LastName", 80)), text("FirstName", 40), readOnly("Name", typeString), picklist("Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
		text("Title", 128), required(text("Company", 255)), text("City", 40), text("Country", 80), &Field{Name: "Phone", Type: typePhone, Length: 40},
		&Field{Name: "MobilePhone", Type: typePhone, Length: 40}, &Field{Name: "Email", Type: typeEmail, Length: 80}, &Field{Name: "Website", Type: typeURL},
		&Field{Name: "Description", Type: typeTextarea, Length: 32000, NoFilter: true, NoSort: true},
		picklist("LeadSource", "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"), status,
		picklist("Industry", "saas", "Technology", "Finance", "Healthcare", "Other"), picklist("Rating", "Hot", "Warm", "Cold"),
		&Field{Name: "NumberOfEmployees", Type: typeInt, Label: "Employees"}, &Field{Name: "AnnualRevenue", Type: typeCurrency}, owner("Group", "User"),
		&Field{Name: "HasOptedOutOfEmail", Type: typeBoolean, Label: "Email Opt Out"}, &Field{Name: "DoNotCall", Type: typeBoolean},
		&Field{Name: "IsUnreadByOwner", Type: typeBoolean, Default: true}, &Field{Name: "IsConverted", Type: typeBoolean, CreateOnly: true},
		readOnly("ConvertedDate", typeDate),
		&Field{Name: "ConvertedAccountId", Type: typeReference, ReadOnly: true, RefersTo: []string{"Account"}, Relationship: "ConvertedAccount"},
		&Field{Name: "ConvertedContactId", Type: typeReference, ReadOnly: true, RefersTo: []string{"Contact"}, Relationship: "ConvertedContact"},
		&Field{Name: "ConvertedOpportunityId", Type: typeReference, ReadOnly: true, RefersTo: []string{"Opportunity"}, Relationship: "ConvertedOpportunity"},
		readOnly("LastActivityDate", typeDate), readOnly("FirstCallDateTime", typeDateTime), readOnly("FirstEmailDateTime", typeDateTime),
		readOnly("ScheduledResumeDateTime", typeDateTime), readOnly("EmailBouncedDate", typeDateTime),
	)
	o.history = "LeadHistory"
	return o
}

func activities() []*object {
	task := newObject("Task", "Task", "00T",
		reference("WhoId", "Who", "Contact", "Lead"), reference("WhatId", "What", "Account", "Opportunity"), text("Subject", 255),
		&Field{Name: "ActivityDate", Type: typeDate},
		&Field{Name: "Status", Type: typePicklist, Options: []string{"Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"}, Default: "Not Started"},
		&Field{Name: "Priority", Type: typePicklist, Options: []string{"High", "Normal", "Low"}, Default: "Normal"}, owner("Group", "User"),
		&Field{Name: "Description", Type: typeTextarea, Length: 32000, NoFilter: true, NoSort: true}, picklist("Type", "Call", "Email", "Meeting", "Other"),
		readOnly("IsClosed", typeBoolean), readOnly("CompletedDateTime", typeDateTime), readOnly("IsArchived", typeBoolean),
		&Field{Name: "TaskSubtype", Type: typePicklist, CreateOnly: true, Restricted: true, Default: "Task", Options: []string{"Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn"}},
		&Field{Name: "CallType", Type: typePicklist, Restricted: true, Options: []string{"Internal", "Inbound", "Outbound"}},
		&Field{Name: "CallDurationInSeconds", Type: typeInt}, text("CallDisposition", 255), text("CallObject", 255),
		readOnly("IsRecurrence", typeBoolean),
	)
	event := newObject("Event", "Event", "00U",
		reference("WhoId", "Who", "Contact", "Lead"), reference("WhatId", "What", "Account", "Opportunity"), text("Subject", 255), text("Location", 255),
		&Field{Name: "IsAllDayEvent", Type: typeBoolean}, &Field{Name: "ActivityDateTime", Type: typeDateTime}, &Field{Name: "ActivityDate", Type: typeDate},
		&Field{Name: "DurationInMinutes", Type: typeInt}, &Field{Name: "StartDateTime", Type: typeDateTime}, &Field{Name: "EndDateTime", Type: typeDateTime},
		&Field{Name: "Description", Type: typeTextarea, Length: 32000, NoFilter: true, NoSort: true}, owner("User"), readOnly("IsChild", typeBoolean),
		readOnly("IsGroupEvent", typeBoolean), readOnly("IsArchived", typeBoolean), readOnly("IsRecurrence", typeBoolean),
		&Field{Name: "IsPrivate", Type: typeBoolean},
		&Field{Name: "EventSubtype", Type: typePicklist, CreateOnly: true, Restricted: true, Default: "Event", Options: []string{"Event"}},
		picklist("Type", "Call", "Email", "Meeting", "Other"),
	)
	note := newObject("Note", "Note", "002",
		&Field{Name: "ParentId", Type: typeReference, Required: true, CreateOnly: true, RefersTo: []string{"Account", "Contact", "Lead", "Opportunity"}, Relationship: "Parent"},
		required(text("Title", 80)), &Field{Name: "IsPrivate", Type: typeBoolean}, owner("User"),
		&Field{Name: "Body", Type: typeTextarea, Length: 32000, NoFilter: true, NoSort: true},
	)
	email := newObject("EmailMessage", "Email Message", "02s",
		&Field{Name: "ActivityId", Type: typeReference, RefersTo: []string{"Task"}, Relationship: "Activity"}, reference("RelatedToId", "RelatedTo", "Account", "Opportunity"),
		text("Subject", 3000), &Field{Name: "TextBody", Type: typeTextarea, Length: 131072, NoFilter: true, NoSort: true},
		&Field{Name: "FromAddress", Type: typeEmail, Length: 1000}, &Field{Name: "ToAddress", Type: typeString, Length: 4000}, &Field{Name: "Incoming", Type: typeBoolean},
		&Field{Name: "Status", Type: typePicklist, Restricted: true, Options: []string{"0", "1", "2", "3", "4", "5"}, Default: "0"}, &Field{Name: "MessageDate", Type: typeDateTime},
	)
	return []*object{task, event, note, email}
}

func others() []*object {
	stage := required(picklist("StageName", "Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"))
	opportunity := newObject("Opportunity", "Opportunity", "006",
		reference("AccountId", "Account", "Account"), required(text("Name", 120)), stage, &Field{Name: "Amount", Type: typeCurrency},
		&Field{Name: "Probability", Type: typeDouble}, &Field{Name: "CloseDate", Type: typeDate, Required: true}, owner("User"),
		picklist("LeadSource", "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"), readOnly("IsClosed", typeBoolean), readOnly("IsWon", typeBoolean),
		&Field{Name: "Description", Type: typeTextarea, Length: 32000, NoFilter: true, NoSort: true},
	)
	account := newObject("Account", "Account", "001", required(text("Name", 255)), owner("User"))
	contact := newObject("Contact", "Contact", "003", required(text("LastName", 80)), text("FirstName", 40), readOnly("Name", typeString),
		reference("AccountId", "Account", "Account"), &Field{Name: "Email", Type: typeEmail, Length: 80}, owner("User"))
	user := newObject("User", "User", "005",
		required(text("Username", 80)), required(text("LastName", 80)), text("FirstName", 40), readOnly("Name", typeString),
		required(&Field{Name: "Email", Type: typeEmail, Length: 128}), required(text("Alias", 8)), &Field{Name: "IsActive", Type: typeBoolean}, text("Department", 80),
		readOnly("UserType", typePicklist), text("TimeZoneSidKey", 40),
	)
	group := newObject("Group", "Group", "00G", required(text("Name", 40)), text("DeveloperName", 80), readOnly("Type", typePicklist), &Field{Name: "Email", Type: typeEmail})
	leadStatus := newObject("LeadStatus", "Lead Status Value", "01J", readOnly("MasterLabel", typeString), readOnly("ApiName", typeString),
		readOnly("SortOrder", typeInt), readOnly("IsDefault", typeBoolean), readOnly("IsConverted", typeBoolean))
	organization := newObject("Organization", "Organization", "00D", text("Name", 80), readOnly("OrganizationType", typePicklist), readOnly("InstanceName", typeString),
		readOnly("IsSandbox", typeBoolean), text("TimeZoneSidKey", 40), text("LanguageLocaleKey", 40))
	rule := newObject("AssignmentRule", "Assignment Rule", "01Q", readOnly("Name", typeString), readOnly("SobjectType", typePicklist), readOnly("Active", typeBoolean))
	for _, o := range []*object{user, group, leadStatus, organization, rule} {
		o.readOnly = true
	}
	return []*object{opportunity, account, contact, user, group, leadStatus, organization, rule}
}

// history keeps what changed in tracked fields of leads. It has no SystemModstamp, and its values cannot be filtered.
func history() *object {
	o := newObject("LeadHistory", "Lead History", "017",
		readOnly("IsDeleted", typeBoolean),
		&Field{Name: "LeadId", Type: typeReference, ReadOnly: true, RefersTo: []string{"Lead"}, Relationship: "Lead"},
		&Field{Name: "CreatedById", Type: typeReference, ReadOnly: true, RefersTo: []string{"User"}, Relationship: "CreatedBy"},
		readOnly("CreatedDate", typeDateTime), readOnly("Field", typePicklist), readOnly("DataType", typePicklist),
		&Field{Name: "OldValue", Type: typeAny, ReadOnly: true, NoFilter: true}, &Field{Name: "NewValue", Type: typeAny, ReadOnly: true, NoFilter: true},
	)
	o.readOnly = true
	return o
}

// schema of an org as it is delivered, in the order of the global describe.
func schema() []*object {
	all := slices.Concat([]*object{lead()}, activities(), others())
	for _, o := range all {
		o.add(system()...)
	}
	return append(all, history())
}

// CustomFields are those of Lead that Handoff's defaults and the sample definition name: what an administrator makes before Handoff is pointed at the
// org.
func CustomFields() []Field {
	options := func(name string, values ...string) Field {
		return Field{Name: name, Type: typePicklist, Restricted: true, Options: values}
	}
	return []Field{
		options("Handoff_Stage__c", "Inquiry", "Held", "MQL", "SAL", "SQL", "Opportunity", "Won", "Lost", "Recycled", "Disqualified", "Suppressed", "Merged",
			"Duplicate", "Excluded"),
		options("Handoff_Reason__c", "AcceptAsSQL", "BadTiming", "NoResponse", "StakeholderChange", "NotICP", "InvalidContact"),
		{Name: "Handoff_Score__c", Type: typeDouble},
		{Name: "Handoff_Revision__c", Type: typeString},
		{Name: "Handoff_Due_At__c", Type: typeDateTime},
		{Name: "Handoff_First_Touch_At__c", Type: typeDateTime},
		{Name: "Handoff_Attempts__c", Type: typeDouble},
		{Name: "Handoff_Missing__c", Type: typeString},
		{Name: "Handoff_Id__c", Type: typeString, External: true, Length: 64},
		options("Seniority__c", "individual", "manager", "director", "vp", "cxo"), options("Lifecycle__c", "prospect", "customer"),
		{Name: "Last_Form_At__c", Type: typeDateTime},
		{Name: "Last_Form__c", Type: typeString},
		{Name: "Last_Page_At__c", Type: typeDateTime},
		{Name: "Last_Page__c", Type: typeString},
		{Name: "Last_Download_At__c", Type: typeDateTime},
		{Name: "Last_Download_Gated__c", Type: typeBoolean},
		{Name: "Budget__c", Type: typeBoolean},
		{Name: "Authority__c", Type: typeBoolean},
		{Name: "Need__c", Type: typeString},
		{Name: "Timeline_Days__c", Type: typeDouble},
	}
}
