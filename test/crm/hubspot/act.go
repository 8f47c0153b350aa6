// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// backend is the fake behind the control API.
type backend struct{ f *Fake }

// State of the account.
type State struct {
	Objects  map[string]map[string]Record `json:"objects"` // by type and id
	Owners   map[string]string            `json:"owners"`  // e-mail address by id; those that left are not in it
	Webhooks int                          `json:"webhooks"`
	Settings Settings                     `json:"settings"`
}

// Record of the account.
type Record struct {
	Values   map[string]string   `json:"values"`
	Links    map[string][]string `json:"links,omitempty"` // ids by type
	Archived bool                `json:"archived,omitempty"`
	Into     string              `json:"into,omitempty"` // record that it was merged into
}

// Account is everything that is in it.
func (f *Fake) Account() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := State{Objects: map[string]map[string]Record{}, Owners: map[string]string{}, Webhooks: f.hooks.waiting(), Settings: f.settings}
	for _, t := range types {
		state.Objects[t.plural] = map[string]Record{}
		for id, r := range f.objects[t.plural] {
			state.Objects[t.plural][id] = f.record(r)
		}
	}
	for _, o := range f.owners {
		if !o.Archived {
			state.Owners[o.ID] = o.Email
		}
	}
	return state
}

// Get one record as it is.
func (f *Fake) Get(kind, id string) (Record, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.objects[kind][id]
	if r == nil {
		return Record{}, false
	}
	return f.record(r), true
}

func (f *Fake) record(r *record) Record {
	out := Record{Values: maps.Clone(r.values), Archived: !r.archived.IsZero(), Into: f.moved[r.kind.plural+" "+r.id], Links: map[string][]string{}}
	for _, t := range types {
		if ids := f.linked(r.kind.plural, r.id, t.plural); len(ids) > 0 {
			out.Links[t.plural] = ids
		}
	}
	return out
}

func (b backend) State() any { return b.f.Account() }

func (b backend) Set(options json.RawMessage) error {
	b.f.mu.Lock()
	defer b.f.mu.Unlock()
	changed := b.f.settings
	decoder := json.NewDecoder(strings.NewReader(string(options)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&changed); err != nil {
		return err
	}
	b.f.settings = changed
	if changed.Token != "" {
		b.f.token = changed.Token
	}
	return nil
}

// seed is what POST /_control/seed takes.
type seed struct {
	Contacts   int               `json:"contacts"`   // so many more
	Values     map[string]string `json:"values"`     // of each; {n} is its number
	AtMS       int64             `json:"atMs"`       // created and modified then, all at once; 0: now
	Owners     []string          `json:"owners"`     // e-mail addresses of users who can own
	Properties []Property        `json:"properties"` // of contacts, that an admin has made
}

func (b backend) Seed(spec json.RawMessage) error {
	var s seed
	if err := json.Unmarshal(spec, &s); err != nil {
		return err
	}
	b.f.mu.Lock()
	defer b.f.mu.Unlock()
	for _, p := range s.Properties {
		b.f.schema["contacts"].add(p, b.f.now())
	}
	for _, email := range s.Owners {
		b.f.hire(email)
	}
	return b.f.seedContacts(s)
}

// Seed as POST /_control/seed does.
func (f *Fake) Seed(contacts int, at time.Time, values map[string]string, owners ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, email := range owners {
		f.hire(email)
	}
	s := seed{Contacts: contacts, Values: values}
	if !at.IsZero() {
		s.AtMS = at.UnixMilli()
	}
	return f.seedContacts(s)
}

// seedContacts makes contacts, as an import does.
func (f *Fake) seedContacts(s seed) error {
	contacts, _ := typeOf("contacts")
	at := f.now()
	if s.AtMS != 0 {
		at = time.UnixMilli(s.AtMS)
	}
	at = at.UTC().Truncate(time.Millisecond)
	by := author{kind: "IMPORT", id: "1", log: "import", system: true}
	for range s.Contacts {
		n := strconv.FormatInt(f.nextID+1, 10)
		sent := map[string]*string{}
		for name, value := range s.Values {
			value = strings.ReplaceAll(value, "{n}", n)
			sent[name] = &value
		}
		if sent["email"] == nil {
			email := "lead" + n + "@example.com"
			sent["email"] = &email
		}
		clean, err := f.check(contacts, nil, sent, by)
		if err != nil {
			return err
		}
		f.make(contacts, clean, by, at)
	}
	return nil
}

// Act does what a person does in HubSpot, or an app of somebody else: who is not an owner yet becomes one, and "app:NAME" is an app.
func (f *Fake) Act(a control.Act) (control.Done, error) { return backend{f}.Act(a) }

func (b backend) Act(a control.Act) (control.Done, error) {
	f := b.f
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.now().UTC().Truncate(time.Millisecond)
	if a.AtMS != 0 {
		at = time.UnixMilli(a.AtMS).UTC()
	}
	switch a.Type {
	case "properties":
		return f.actOnProperty(a, at)
	case "owners":
		return f.actOnOwner(a)
	case "webhooks":
		f.hooks.replay()
		return control.Done{}, nil
	}
	t, ok := typeOf(a.Type)
	if !ok {
		return control.Done{}, fmt.Errorf("type %q is unknown", a.Type)
	}
	if a.As == "" {
		return control.Done{}, errors.New("as is missing: should be the e-mail address of a user, or app:NAME")
	}
	return f.actOn(t, a, f.actor(a.As), at)
}

func (f *Fake) actor(as string) author {
	if name, isApp := strings.CutPrefix(as, "app:"); isApp {
		return author{kind: "INTEGRATION", id: "9" + strconv.Itoa(len(name)) + "0001", label: name, log: as}
	}
	user := f.hire(as)
	return author{kind: "CRM_UI", id: "userId:" + strconv.FormatInt(user.Inactive, 10), user: user.Inactive, log: as}
}

func (f *Fake) actOn(t objectType, a control.Act, by author, at time.Time) (control.Done, error) {
	var r *record
	switch a.Do {
	case "create", "log", "stamp":
	case "restore":
		r = f.objects[t.plural][a.ID]
		if _, merged := f.moved[t.plural+" "+a.ID]; r == nil || merged || r.archived.IsZero() {
			return control.Done{}, control.ErrUnknown
		}
	default:
		if r = f.get(t, a.ID, ""); r == nil {
			return control.Done{}, control.ErrUnknown
		}
	}
	switch a.Do {
	case "create", "log":
		return f.actMake(t, a, by, at)
	case "set":
		clean, err := f.check(t, r, pointers(f.named(a.Values)), by)
		if err != nil {
			return control.Done{}, err
		}
		f.write(r, clean, by, at)
	case "delete":
		f.remove(r, by, at)
	case "forget": // for good, as a law on privacy demands it
		f.remove(r, by, at)
		delete(f.objects[t.plural], r.id)
		f.hooks.forgotten(r, by, at)
	case "restore": // out of the recycling bin
		f.restore(r, by, at)
	case "merge":
		into := f.get(t, a.Into, "")
		if into == nil || into == r {
			return control.Done{}, control.ErrUnknown
		}
		r = f.merge(into, r, by, at)
	case "stamp": // a job that goes over every record
		for _, each := range f.objects[t.plural] {
			if each.archived.IsZero() {
				f.put(each, maps.Clone(a.Values), system("BATCH_UPDATE", "1"), at)
				f.touch(each, at)
			}
		}
		return control.Done{}, nil
	default:
		return control.Done{}, fmt.Errorf("%q cannot be done: should be create, log, set, delete, forget, restore, merge or stamp", a.Do)
	}
	return control.Done{ID: r.id}, nil
}

func (f *Fake) actMake(t objectType, a control.Act, by author, at time.Time) (control.Done, error) {
	values := f.named(a.Values)
	if t.isActivity() && values["hs_timestamp"] == "" {
		values["hs_timestamp"] = stamp(at)
	}
	if t.isActivity() && values["hubspot_owner_id"] == "" && by.user != 0 {
		values["hubspot_owner_id"] = f.user(a.As).ID
	}
	clean, err := f.check(t, nil, pointers(values), by)
	if err != nil {
		return control.Done{}, err
	}
	var with []*record
	for _, of := range a.Of {
		word, id, _ := strings.Cut(of, "/")
		to, ok := typeOf(word)
		if !ok {
			return control.Done{}, fmt.Errorf("%q is unknown: should be TYPE/ID", of)
		}
		other := f.get(to, id, "")
		if other == nil {
			return control.Done{}, control.ErrUnknown
		}
		with = append(with, other)
	}
	r := f.make(t, clean, by, at)
	for _, other := range with {
		f.connect(r, other, at)
	}
	return control.Done{ID: r.id}, nil
}

// named has the owner by the e-mail address, as people choose it.
func (f *Fake) named(values map[string]string) map[string]string {
	out := maps.Clone(values)
	if out == nil {
		out = map[string]string{}
	}
	if email := out["hubspot_owner_id"]; strings.Contains(email, "@") {
		out["hubspot_owner_id"] = f.hire(email).ID
	}
	return out
}

func pointers(values map[string]string) map[string]*string {
	out := make(map[string]*string, len(values))
	for name, value := range values {
		out[name] = &value
	}
	return out
}

// actOnProperty is an admin at work: an option more or less, a property in the archive.
func (f *Fake) actOnProperty(a control.Act, at time.Time) (control.Done, error) {
	s := f.schema["contacts"]
	p := s.properties[a.ID]
	switch a.Do {
	case "create":
		made := Property{
			Name: a.ID, Type: a.Values["type"], FieldType: a.Values["fieldType"], GroupName: "contactinformation", Label: a.ID,
			HasUniqueValue: a.Values["unique"] == "true", ReadOnly: a.Values["readOnly"] == "true",
		}
		if list := a.Values["options"]; list != "" {
			made.Options = options(strings.Split(list, ";")...)
		}
		if err := s.takes(made); err != nil {
			return control.Done{}, err
		}
		s.add(made, at)
	case "set":
		if p == nil {
			return control.Done{}, control.ErrUnknown
		}
		p.Options = options(strings.Split(a.Values["options"], ";")...)
	case "delete":
		if p == nil {
			return control.Done{}, control.ErrUnknown
		}
		p.Archived, p.ArchivedAt = true, &moments{at}
	default:
		return control.Done{}, fmt.Errorf("%q cannot be done to a property: should be create, set or delete", a.Do)
	}
	return control.Done{ID: a.ID}, nil
}

func (f *Fake) actOnOwner(a control.Act) (control.Done, error) {
	switch a.Do {
	case "create":
		return control.Done{ID: f.hire(a.ID).ID}, nil
	case "delete":
		o := f.user(a.ID)
		if o == nil {
			return control.Done{}, control.ErrUnknown
		}
		f.leave(o)
		return control.Done{ID: o.ID}, nil
	}
	return control.Done{}, errors.New("an owner is created or deleted")
}
