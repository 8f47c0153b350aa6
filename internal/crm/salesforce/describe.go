// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// org is what is known of an org. It is not changed: a newer one takes its place.
type org struct {
	account string
	lead    map[string]crm.SchemaField
	begin   map[string]beginning       // fields that a new lead can have, by name
	has     map[string]map[string]bool // fields of the other objects, by object
	people  *people
}

// people who use the org, by their ids and, those who can own a lead, by e-mail address.
type people struct {
	byID    map[string]person
	byEmail map[string]string
	read    time.Time
}

type person struct {
	email  string
	active bool
}

// sobject as describe has it.
type sobject struct {
	Queryable  bool `json:"queryable"`
	Updateable bool `json:"updateable"`
	Createable bool `json:"createable"`
	Fields     []struct {
		Name       string `json:"name"`
		Type       string `json:"type"`
		Length     int    `json:"length"`
		Createable bool   `json:"createable"`
		Updateable bool   `json:"updateable"`
		Nillable   bool   `json:"nillable"`
		Defaulted  bool   `json:"defaultedOnCreate"`
		Unique     bool   `json:"unique"`
		ExternalID bool   `json:"externalId"`
		Restricted bool   `json:"restrictedPicklist"`
		Values     []struct {
			Value  string `json:"value"`
			Active bool   `json:"active"`
		} `json:"picklistValues"`
	} `json:"fields"`
}

// Fields of leads that are spoken of here.
const (
	ownerField       = "OwnerId"
	statusField      = "Status"
	firstCall        = "FirstCallDateTime"
	firstEmail       = "FirstEmailDateTime"
	convertedContact = "ConvertedContactId"
	convertedDeal    = "ConvertedOpportunityId"
	objectLead       = "Lead"
	objectTask       = "Task"
	objectEvent      = "Event"
	objectDeal       = "Opportunity"
	currency         = "CurrencyIsoCode"
	createdBy        = "CreatedById"
	createdDate      = "CreatedDate"
	lastModifiedAt   = "LastModifiedDate"
)

// Describe implements crm.System.
func (s *System) Describe(ctx context.Context) (crm.Schema, error) {
	o, lacks, err := s.describe(ctx)
	if err != nil {
		return crm.Schema{}, wire.Failure(err)
	}
	s.keep(o)
	s.mu.Lock()
	clear(s.absent)
	s.mu.Unlock()
	schema := crm.Schema{Account: o.account, Fields: o.lead, Owners: map[string]bool{}, Lacks: lacks}
	for email := range o.people.byEmail {
		schema.Owners[email] = true
	}
	return schema, nil
}

func (s *System) keep(o *org) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.org = o
}

// described is what was last described; it is done now if it was not.
func (s *System) described(ctx context.Context) (*org, error) {
	s.mu.Lock()
	o := s.org
	s.mu.Unlock()
	if o != nil {
		return o, nil
	}
	if _, err := s.Describe(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.org, nil
}

func (s *System) describe(ctx context.Context) (*org, []string, error) {
	o := &org{has: map[string]map[string]bool{}}
	organisation, err := s.whole(ctx, live, "SELECT Id FROM Organization LIMIT 1")
	if err != nil {
		return nil, nil, err
	}
	if len(organisation) == 0 || !isID(organisation[0].text("Id"), "") {
		return nil, nil, &crm.UnavailableError{Cause: "does not say which organisation it is"}
	}
	o.account = organisation[0].text("Id")
	lacks, err := s.lead(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{objectTask, objectEvent, objectDeal} {
		object, granted, err := s.sobject(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if !granted || !object.Queryable {
			lacks = append(lacks, "Read on "+name)
		}
		o.has[name] = map[string]bool{}
		for _, f := range object.Fields {
			o.has[name][f.Name] = true
		}
	}
	o.people, err = s.people(ctx)
	return o, lacks, err
}

// sobject describes one. Salesforce does not show what the user may not see.
func (s *System) sobject(ctx context.Context, name string) (object sobject, granted bool, err error) {
	err = s.get(ctx, "sobjects/"+name+"/describe", &object)
	var f *failure
	if errors.As(err, &f) && (f.status == http.StatusNotFound || slices.Contains(f.codes, "INVALID_TYPE")) {
		return sobject{}, false, nil
	}
	return object, err == nil, err
}

// lead describes leads, and says what may not be done with them.
func (s *System) lead(ctx context.Context, o *org) (lacks []string, err error) {
	object, granted, err := s.sobject(ctx, objectLead)
	if err != nil {
		return nil, err
	}
	o.lead, o.begin = map[string]crm.SchemaField{}, object.beginnings()
	if !granted || !object.Queryable {
		return []string{"Read on Lead"}, nil
	}
	statuses, err := s.statuses(ctx)
	if err != nil {
		return nil, err
	}
	fields := object.fields()
	if status, there := fields[statusField]; there {
		// What leads get by conversion only is no value that can be written.
		status.Options = slices.DeleteFunc(status.Options, func(value string) bool { return statuses[value] })
		fields[statusField] = status
	}
	o.lead = fields
	if !object.Updateable {
		lacks = append(lacks, "Edit on Lead")
	} else if owner, there := fields[ownerField]; there && owner.ReadOnly {
		lacks = append(lacks, "Edit on Lead.OwnerId")
	}
	if s.access.Settings.MatchBy != "" && !object.Createable {
		lacks = append(lacks, "Create on Lead")
	}
	return lacks, nil
}

// fields as the port has them.
func (o sobject) fields() map[string]crm.SchemaField {
	out := map[string]crm.SchemaField{}
	for _, f := range o.Fields {
		field := crm.SchemaField{Type: typeOf(f.Type), ReadOnly: !f.Updateable, Shared: !f.Unique || !f.ExternalID, Native: f.Type}
		for _, v := range f.Values {
			if v.Active {
				field.Options = append(field.Options, v.Value)
			}
		}
		// A picklist that is not restricted takes any value of the API. The status is none that is restricted, and still has a list of its own.
		if field.Type == crm.TypeOptions && !f.Restricted && f.Name != statusField {
			field.Type, field.Options = crm.TypeText, nil
		}
		out[f.Name] = field
	}
	return out
}

// statuses of leads that say that it is converted.
func (s *System) statuses(ctx context.Context) (map[string]bool, error) {
	list, err := s.whole(ctx, live, "SELECT ApiName, IsConverted FROM LeadStatus")
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, r := range list {
		if r.is("IsConverted") {
			out[r.text("ApiName")] = true
		}
	}
	return out, nil
}

func typeOf(native string) crm.FieldType {
	switch native {
	case "string", "textarea", "email", "phone", "url", "id", "reference", "combobox", "encryptedstring":
		return crm.TypeText
	case "int", "double", "currency", "percent", "long":
		return crm.TypeNumber
	case "boolean":
		return crm.TypeBoolean
	case "datetime":
		return crm.TypeTime
	case "date":
		return crm.TypeDate
	case "picklist", "multipicklist":
		return crm.TypeOptions
	default:
		return crm.TypeOther
	}
}

// denied says that an object or a field of it is not there for us, which is no reason to do without the rest.
func denied(err error) bool {
	code := codeOf(err)
	return code == "INVALID_TYPE" || code == "INVALID_FIELD" || code == "INSUFFICIENT_ACCESS"
}

// kinds of users who own leads and work on them: of the company, and of its partners.
const kinds = "UserType IN ('Standard', 'PowerPartner')"

func (s *System) people(ctx context.Context) (*people, error) {
	list, err := s.whole(ctx, live, selectFrom("User", []string{"Id", "Email", "IsActive"}, "Id", kinds))
	if err != nil {
		return nil, err
	}
	out := &people{byID: map[string]person{}, byEmail: map[string]string{}, read: s.access.Now()}
	for _, r := range list {
		p := person{email: strings.ToLower(strings.TrimSpace(r.text("Email"))), active: r.is("IsActive")}
		out.byID[r.text("Id")] = p
		// Two users may have one address: the one who was there first owns the leads.
		if _, taken := out.byEmail[p.email]; p.active && p.email != "" && !taken {
			out.byEmail[p.email] = r.text("Id")
		}
	}
	return out, nil
}

const (
	// again is how long people are taken as known when one is asked for who is not among them.
	again = time.Minute
	// aged is how long they are taken as known at all: addresses change, and users come and go.
	aged = 15 * time.Minute
)

// peopleWith reads them anew if they are old, or one is unknown who may have come since: not more often than once a minute.
func (s *System) peopleWith(ctx context.Context, o *org, known func(*people) bool) (*people, error) {
	s.mu.Lock()
	if s.org != nil {
		o = s.org
	}
	s.mu.Unlock()
	age, all := s.access.Now().Sub(o.people.read), known(o.people)
	if age < again || all && age < aged {
		return o.people, nil
	}
	fresh, err := s.people(ctx)
	if err != nil && all {
		return o.people, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.org != nil { // it may have been described anew meanwhile
		o = s.org
	}
	next := *o
	next.people = fresh
	s.org = &next
	return fresh, nil
}

// owner of a record: the rep, or the id of an owner who is none.
func (p *people) owner(id string) (rep, unknown string) {
	if known, there := p.byID[id]; there && known.active && known.email != "" {
		return known.email, ""
	}
	return "", id
}
