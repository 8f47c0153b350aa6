// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// CRMType is a kind of system that leads live in, or that is told how they stand.
// +kubebuilder:validation:Enum=Events;HubSpot;Salesforce
type CRMType string

// The types.
const (
	// EventsCRM posts CloudEvents to a URL; what comes in comes as CloudEvents.
	EventsCRM CRMType = "Events"
	// HubSpotCRM reads contacts, engagements and deals of HubSpot, and writes back.
	HubSpotCRM CRMType = "HubSpot"
	// SalesforceCRM reads leads, tasks and opportunities of Salesforce, and writes back.
	SalesforceCRM CRMType = "Salesforce"
)

// CRMURL is the address of a system: http or https, a host, perhaps a port and a path, no user, no query, and no slash at its end.
// +kubebuilder:validation:MinLength=8
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~\-]+)*$`
type CRMURL string

// CRMField is the name of a field as the CRM's API has it, such as hs_lead_status or Handoff_Score__c.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_]*$`
type CRMField string

// NoCRMField as the name of a field says that the CRM is not told.
const NoCRMField CRMField = "None"

// CRMInterval is a length of time in hours, minutes and seconds, such as `15s` or `1m`, from a second to an hour.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:Pattern=`^([1-9][0-9]{0,4}h)?([1-9][0-9]{0,4}m)?([1-9][0-9]{0,4}s)?$`
// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="should be from 1s to 1h"
type CRMInterval string

// CRMEvents posts each change of a lead as a CloudEvent.
type CRMEvents struct {
	// secretRef names the Secret whose key `url` is where events are posted, and whose key `token`, if it is there, is the bearer token.
	// +required
	SecretRef ObjectReference `json:"secretRef,omitzero"`
}

// HubSpot is an account of HubSpot: its contacts are the leads.
type HubSpot struct {
	// secretRef names the Secret whose key `token` is a Service Key (or the access token of an app) and whose key `clientSecret`, with `webhooks`, is what
	// HubSpot signs its webhooks with.
	// +required
	SecretRef ObjectReference `json:"secretRef,omitzero"`

	// url of the API. Default https://api.hubapi.com.
	// +optional
	URL CRMURL `json:"url,omitempty"`

	// version of the API, by its date. Default 2026-09.
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}(-beta)?$`
	// +optional
	Version string `json:"version,omitempty"`

	// webhooks is the URL at which HubSpot reaches POST /v1/crm/hubspot of the ingest Service, exactly as it stands in HubSpot: it is signed. With it
	// changes are there in seconds; without it, at the next poll.
	// +optional
	Webhooks CRMURL `json:"webhooks,omitempty"`

	// matchBy is a property in which every value is unique, as in `email`: a lead that came as an event is written into the contact with its value,
	// which is created when there is none. The definition should have an identity. Absent: such leads are not written.
	// +optional
	MatchBy CRMField `json:"matchBy,omitempty"`
}

// Salesforce is an org of Salesforce: its leads are the leads.
type Salesforce struct {
	// secretRef names the Secret whose key `clientId` is that of a connected or external client app; and whose key `clientSecret` is its secret (client
	// credentials), or whose keys `username` and `privateKey` are a user and a PEM key (JWT bearer).
	// +required
	SecretRef ObjectReference `json:"secretRef,omitzero"`

	// url of the org: its My Domain, such as https://acme.my.salesforce.com.
	// +required
	URL CRMURL `json:"url,omitempty"`

	// version of the API. Default v65.0.
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:Pattern=`^v[0-9]{2,3}\.0$`
	// +optional
	Version string `json:"version,omitempty"`

	// matchBy is an external id of Lead with unique values: a lead that came as an event is written into the lead that has its id there, which is
	// created when there is none. The definition should have an identity. Absent: such leads are not written.
	// +optional
	MatchBy CRMField `json:"matchBy,omitempty"`
}

// CRMFields are the CRM's fields that hold what Handoff tells, by the names of its API. `None`: it is not told. Defaults are those of the type, see
// docs/crm.
type CRMFields struct {
	// stage of the lead, by `stages`. People may set it too. Default lifecyclestage, Handoff_Stage__c.
	// +optional
	Stage CRMField `json:"stage,omitempty"`

	// status that the definition gives leads with the code of their disposition. People set it to dispose of a lead. Default hs_lead_status, Status.
	// +optional
	Status CRMField `json:"status,omitempty"`

	// reason holds the reason code. People set it with the status. Default handoff_reason, Handoff_Reason__c.
	// +optional
	Reason CRMField `json:"reason,omitempty"`

	// score is a number. Default handoff_score, Handoff_Score__c.
	// +optional
	Score CRMField `json:"score,omitempty"`

	// revision of the definition that handed the lead off. Default handoff_revision, Handoff_Revision__c.
	// +optional
	Revision CRMField `json:"revision,omitempty"`

	// due is the time of the next deadline. Default handoff_due_at, Handoff_Due_At__c.
	// +optional
	Due CRMField `json:"due,omitempty"`

	// firstTouch is the time of the first genuine contact. Default handoff_first_touch_at, Handoff_First_Touch_At__c.
	// +optional
	FirstTouch CRMField `json:"firstTouch,omitempty"`

	// attempts to reach the lead, a number. Default handoff_attempts, Handoff_Attempts__c.
	// +optional
	Attempts CRMField `json:"attempts,omitempty"`

	// missing are the required fields that the lead is without, in one text. Default handoff_missing, Handoff_Missing__c.
	// +optional
	Missing CRMField `json:"missing,omitempty"`
}

// LeadStage is a stage of a lead; docs/stages.md says what makes each.
// +kubebuilder:validation:Enum=Inquiry;Held;MQL;SAL;SQL;Opportunity;Won;Lost;Recycled;Disqualified;Suppressed;Merged;Duplicate;Excluded
type LeadStage string

// CRMStage is what the CRM's field says of leads in a stage.
type CRMStage struct {
	// stage of the lead.
	// +required
	Stage LeadStage `json:"stage,omitempty"`

	// value of the field, as the API has it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Value string `json:"value,omitempty"`
}

// CRMStatus is what the CRM's field says for a status of the definition.
type CRMStatus struct {
	// status as the definition's dispositions have it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Status string `json:"status,omitempty"`

	// value of the field, as the API has it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Value string `json:"value,omitempty"`
}

// CRMProperty is a property of an activity.
type CRMProperty struct {
	// name of the property, as the definition's signals have it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +required
	Name string `json:"name,omitempty"`

	// field of the CRM that holds it.
	// +required
	Field CRMField `json:"field,omitempty"`
}

// CRMActivity is behaviour of which the CRM keeps the latest time in a field: whenever that is another one, it happened again.
type CRMActivity struct {
	// name of the activity, as the definition's signals have it, such as FormSubmit.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +required
	Name string `json:"name,omitempty"`

	// at is the field with its time, such as recent_conversion_date.
	// +required
	At CRMField `json:"at,omitempty"`

	// properties of the activity that the CRM keeps beside it.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	// +optional
	Properties []CRMProperty `json:"properties,omitempty"`
}

// QualificationName is something that sales is to find out in a conversation.
// +kubebuilder:validation:Enum=budget;businessCase;authority;decisionMakerAccess;need;timelineDays
type QualificationName string

// CRMQualification is a field in which sales notes what it found out.
type CRMQualification struct {
	// name of what was found out, as in `qualification` of the definition's expressions.
	// +required
	Name QualificationName `json:"name,omitempty"`

	// field of the CRM that holds it.
	// +required
	Field CRMField `json:"field,omitempty"`
}

// CRMSetBack is how what is done in the CRM against the agreement is undone, where the terms enforce it: a rejection without a reason code, a stage
// moved past its gate.
type CRMSetBack struct {
	// after is how long whoever did it has to mend it. Default 1m.
	// +optional
	After CRMInterval `json:"after,omitempty"`

	// limit of undoings of one lead in 24 hours. Then it stops for that lead, so that two systems do not fight, and sales and marketing are
	// told. Default 3.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	// +optional
	Limit *int32 `json:"limit,omitempty"`
}

// CRM is the system that leads live in, or that is told how they stand: stage, score, owner, disposition and deadlines, after each change.
// +kubebuilder:validation:XValidation:rule="has(self.events) == (self.type == 'Events')",message="type Events needs events, and no other type may have it"
// +kubebuilder:validation:XValidation:rule="has(self.hubSpot) == (self.type == 'HubSpot')",message="type HubSpot needs hubSpot, and no other type may have it"
// +kubebuilder:validation:XValidation:rule="has(self.salesforce) == (self.type == 'Salesforce')",message="type Salesforce needs salesforce, and no other type may have it"
// +kubebuilder:validation:XValidation:rule="self.type != 'Events' || !has(self.fields) && !has(self.stages) && !has(self.statuses) && !has(self.activities) && !has(self.qualification) && !has(self.optOut) && !has(self.pollEvery) && !has(self.dryRun) && !has(self.setBack) && !has(self.dailyPercent)",message="with type Events nothing is read and no field is written: leave the rest out"
type CRM struct {
	// type of the system.
	// +required
	Type CRMType `json:"type,omitempty"`

	// events says where events are posted; with type Events only.
	// +optional
	Events *CRMEvents `json:"events,omitempty"`

	// hubSpot is the account; with type HubSpot only.
	// +optional
	HubSpot *HubSpot `json:"hubSpot,omitempty"`

	// salesforce is the org; with type Salesforce only.
	// +optional
	Salesforce *Salesforce `json:"salesforce,omitempty"`

	// fields that are written.
	// +optional
	Fields *CRMFields `json:"fields,omitempty"`

	// stages: what the field `fields.stage` says of leads in a stage. Stages that are not listed have the default of the type, see docs/crm.
	// +listType=map
	// +listMapKey=stage
	// +kubebuilder:validation:MaxItems=14
	// +optional
	Stages []CRMStage `json:"stages,omitempty"`

	// statuses: what the field `fields.status` says for a status of the definition. One that is not listed is its own value.
	// +listType=map
	// +listMapKey=status
	// +kubebuilder:validation:MaxItems=50
	// +optional
	Statuses []CRMStatus `json:"statuses,omitempty"`

	// activities that are read from fields which hold the time of the latest one.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	// +optional
	Activities []CRMActivity `json:"activities,omitempty"`

	// qualification: fields in which sales notes what it found out.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=6
	// +optional
	Qualification []CRMQualification `json:"qualification,omitempty"`

	// optOut is a field that is true when the person is not to be contacted. Default hs_email_optout, HasOptedOutOfEmail; `None`: it is not read.
	// +optional
	OptOut CRMField `json:"optOut,omitempty"`

	// pollEvery is how often the CRM is asked what has changed. Default 15s.
	// +optional
	PollEvery CRMInterval `json:"pollEvery,omitempty"`

	// dryRun: everything is read and worked out, and nothing is written; `kubectl sla crm writes` lists what would be.
	// +optional
	DryRun *bool `json:"dryRun,omitempty"`

	// setBack is how what is done in the CRM against the agreement is undone.
	// +optional
	SetBack *CRMSetBack `json:"setBack,omitempty"`

	// dailyPercent of the requests that the CRM allows in a day, by all who use it, from where on Handoff asks nothing more until there are fewer again.
	// Default 90.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	DailyPercent *int32 `json:"dailyPercent,omitempty"`
}
