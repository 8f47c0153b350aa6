// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// State is everything in the org, for whoever compares. Records are as the API shows them, those in the recycle bin too.
type State struct {
	Records    map[string][]map[string]any `json:"records"` // by object
	Owners     map[string]string           `json:"owners"`  // e-mail addresses by id of the user
	Queue      string                      `json:"queue"`   // id of the queue of the active assignment rule
	Reassigned []Reassigned                `json:"reassigned"`
	Used       int                         `json:"used"` // of the allowance of requests
	Limit      int                         `json:"limit"`
	Tokens     int                         `json:"tokens"` // granted so far
}

// State of the org.
func (f *Fake) State() any { return f.Look() }

// Look at everything in the org.
func (f *Fake) Look() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := State{
		Records: map[string][]map[string]any{}, Owners: map[string]string{}, Queue: f.queue, Reassigned: append([]Reassigned{}, f.reassigned...),
		Used: f.used, Limit: f.limit, Tokens: f.tokens,
	}
	for _, o := range f.org.objects {
		t := f.org.table(o.name)
		list := make([]map[string]any, 0, len(t.order))
		for _, id := range t.order {
			record := map[string]any{}
			for _, field := range t.fields {
				record[field.Name] = shown(field, t.rows[id][field.Name])
			}
			list = append(list, record)
		}
		s.Records[o.name] = list
	}
	for email, id := range f.users {
		s.Owners[id] = email
	}
	return s
}

// Settings change how the org behaves. What is absent stays.
type Settings struct {
	ExpireTokens bool `json:"expireTokens,omitempty"` // every session ends
	DropLocators bool `json:"dropLocators,omitempty"` // queries that were begun cannot be gone on with
	LosePages    int  `json:"losePages,omitempty"`    // so many of the next pages of queries that were begun are not found

	Fields []Field  `json:"fields,omitempty"` // of Lead: new ones, and others in the place of those of the same name
	Remove []string `json:"remove,omitempty"` // fields of Lead

	Used    *int  `json:"used,omitempty"` // of the allowance
	Limit   *int  `json:"limit,omitempty"`
	NoRule  *bool `json:"noRule,omitempty"`  // no assignment rule is active
	PerItem *bool `json:"perItem,omitempty"` // a field that is not there spoils its record only, and not the collection

	Tracked    []string       `json:"tracked,omitempty"`    // fields of Lead whose changes are kept from now on
	Deactivate []string       `json:"deactivate,omitempty"` // e-mail addresses of users
	Lock       map[string]int `json:"lock,omitempty"`       // records that cannot be locked, so many times
}

// Set changes settings.
func (f *Fake) Set(raw json.RawMessage) error {
	var s Settings
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return err
	}
	return f.Change(s)
}

// Change settings.
func (f *Fake) Change(s Settings) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, email := range s.Deactivate {
		if f.users[strings.ToLower(email)] == "" {
			return fmt.Errorf("user %s: %w", email, control.ErrUnknown)
		}
	}
	for _, email := range s.Deactivate {
		f.org.table("User").rows[f.users[strings.ToLower(email)]]["IsActive"] = false
	}
	if s.ExpireTokens {
		for token := range f.sessions {
			f.end(token)
		}
	}
	if s.DropLocators {
		clear(f.locators)
	}
	f.losing += s.LosePages
	f.describeAnew(s)
	if s.Used != nil {
		f.used = *s.Used
	}
	if s.Limit != nil {
		f.limit = *s.Limit
	}
	if s.NoRule != nil {
		f.queue = f.org.table("Group").order[0]
		if *s.NoRule {
			f.queue = ""
		}
	}
	if s.PerItem != nil {
		f.perItem = *s.PerItem
	}
	maps.Copy(f.locked, s.Lock)
	return nil
}

func (f *Fake) describeAnew(s Settings) {
	lead := f.org.table("Lead")
	for i := range s.Fields {
		lead.add(&s.Fields[i])
	}
	for _, name := range s.Remove {
		lead.remove(name)
	}
	if s.Tracked != nil {
		clear(f.tracked)
		for _, name := range s.Tracked {
			f.tracked[name] = true
		}
	}
}

// Act does what a person does, or the org's automation.
func (f *Fake) Act(a control.Act) (control.Done, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	user := f.users[strings.ToLower(a.As)]
	if user == "" {
		return control.Done{}, fmt.Errorf("user %s: %w", a.As, control.ErrUnknown)
	}
	x := f.transaction(user, a.As)
	x.person = true
	if a.AtMS != 0 {
		x.now = time.UnixMilli(a.AtMS).UTC().Truncate(time.Second)
	}
	t := f.org.table(a.Type)
	if t == nil {
		return control.Done{}, fmt.Errorf("object %s: %w", a.Type, control.ErrUnknown)
	}
	id, err := f.act(x, t, a)
	if err != nil {
		x.back(mark{})
		return control.Done{}, err
	}
	f.commit(x)
	return control.Done{ID: id}, nil
}

func (f *Fake) act(x *tx, t *table, a control.Act) (string, error) {
	if a.Do == "create" || a.Do == "log" {
		return x.made(t, a)
	}
	id, ok := canonical(a.ID)
	r := t.rows[id]
	if !ok || r == nil {
		return "", fmt.Errorf("%s %s: %w", a.Type, a.ID, control.ErrUnknown)
	}
	switch a.Do {
	case "set":
		p, err := x.said(t, a.Values)
		if err != nil {
			return "", err
		}
		return id, first(x.update(t, id, p))
	case "delete":
		return id, first(x.remove(t, id))
	case "merge":
		into, _ := canonical(a.Into)
		return into, x.merge(t, id, into)
	case "convert":
		return id, x.convert(t, r, a.Values)
	default:
		return "", fmt.Errorf("do %q is unknown: should be create, log, set, delete, merge or convert", a.Do)
	}
}

// first of the errors about a record.
func first(wrong []*apiError) error {
	if wrong == nil {
		return nil
	}
	return wrong[0]
}

// said are values as a person gives them: text, whatever the field's type.
func (x *tx) said(t *table, values map[string]string) (*parsed, error) {
	raw := map[string]any{}
	for name, value := range values {
		raw[name] = value
		if f := t.field(name); value == "" && f != nil {
			raw[name] = nil
			if f.Type == typeBoolean {
				raw[name] = false
			}
		}
	}
	p, malformed := parse(t.object, raw)
	if malformed != nil {
		return nil, malformed
	}
	return p, nil
}

// made: log is an activity that is over, create anything.
func (x *tx) made(t *table, a control.Act) (string, error) {
	values := maps.Clone(a.Values)
	if values == nil {
		values = map[string]string{}
	}
	for _, of := range a.Of {
		_, id, ok := strings.Cut(of, "/")
		if !ok {
			return "", fmt.Errorf("of %q: should be object/id", of)
		}
		values["WhoId"] = id
	}
	if a.Do == "log" && t.name == "Task" {
		values["Status"] = "Completed"
	}
	p, err := x.said(t, values)
	if err != nil {
		return "", err
	}
	id, wrong := x.create(t, p)
	return id, first(wrong)
}
