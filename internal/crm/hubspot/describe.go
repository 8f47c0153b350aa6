// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// schema is what is known of the account.
type schema struct {
	fields   map[string]crm.SchemaField
	currency string
	read     time.Time
}

// owners that contacts can have.
type owners struct {
	byEmail map[string]string // active ones: id by e-mail address in lower case
	byID    map[string]string // e-mail address, of those who left, too
	read    time.Time
}

// Describe reads the account, the properties of contacts and the owners, and asks for one of everything that is read later, so that a scope which was
// not granted is known before the first lead is touched.
func (s *System) Describe(ctx context.Context) (crm.Schema, error) {
	var account struct {
		PortalID int64  `json:"portalId"`
		Currency string `json:"companyCurrency"`
	}
	if err := s.call(ctx, http.MethodGet, s.path("account-info", "/details"), nil, &account); err != nil {
		return crm.Schema{}, port(err, nil)
	}
	fields, err := s.readFields(ctx)
	if err != nil {
		return crm.Schema{}, port(err, nil)
	}
	out := crm.Schema{Account: strconv.FormatInt(account.PortalID, 10), Fields: maps.Clone(fields)}
	people, err := s.readOwners(ctx)
	switch lacks := lacking(err, "crm.objects.owners.read"); {
	case lacks != nil:
		out.Lacks = append(out.Lacks, lacks...)
	case err != nil:
		return crm.Schema{}, port(err, nil)
	default:
		out.Owners = map[string]bool{}
		for email := range people.byEmail {
			out.Owners[email] = true
		}
	}
	for _, object := range []string{contacts, "deals", "calls", "emails", "meetings", "tasks", notes} {
		err := s.call(ctx, http.MethodGet, s.objects(object, "?limit=1"), nil, nil)
		if lacks := lacking(err, "crm.objects."+object+".read"); lacks != nil {
			out.Lacks = append(out.Lacks, lacks...)
		} else if err != nil {
			return crm.Schema{}, port(err, nil)
		}
	}
	slices.Sort(out.Lacks)
	out.Lacks = slices.Compact(out.Lacks)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.known.currency, s.recent = account.Currency, recall{}
	return out, nil
}

// lacking are the scopes for want of which a request failed; nil when that was not why.
func lacking(err error, otherwise string) []string {
	var answer *answerError
	if !errors.As(err, &answer) || answer.status != http.StatusForbidden {
		return nil
	}
	// HubSpot names all the scopes of which one is enough.
	if scopes := answer.body.scopes(); len(scopes) > 0 && !slices.Contains(scopes, otherwise) {
		return scopes[:1]
	}
	return []string{otherwise}
}

type option struct {
	Value string `json:"value"`
	Order int    `json:"displayOrder"`
}

type property struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	FieldType  string   `json:"fieldType"`
	Calculated bool     `json:"calculated"`
	Unique     bool     `json:"hasUniqueValue"`
	Options    []option `json:"options"`
	Metadata   struct {
		ReadOnly bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`
}

func (s *System) readFields(ctx context.Context) (map[string]crm.SchemaField, error) {
	var answer struct {
		Results []property `json:"results"`
	}
	if err := s.call(ctx, http.MethodGet, s.path("crm/properties", "/"+contacts), nil, &answer); err != nil {
		return nil, err
	}
	fields := make(map[string]crm.SchemaField, len(answer.Results))
	for _, p := range answer.Results {
		fields[p.Name] = p.field()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.known.fields, s.known.read = fields, s.access.Now()
	return fields, nil
}

func (p property) field() crm.SchemaField {
	field := crm.SchemaField{
		Type: typeOf(p), ReadOnly: p.Metadata.ReadOnly || p.Calculated, Native: strings.Trim(p.Type+", "+p.FieldType, ", "),
		Shared: !p.Unique && p.Name != emailProperty && p.Name != objectID,
	}
	if field.Type == crm.TypeOptions {
		slices.SortStableFunc(p.Options, func(a, b option) int { return a.Order - b.Order })
		for _, option := range p.Options {
			field.Options = append(field.Options, option.Value)
		}
	}
	return field
}

func typeOf(p property) crm.FieldType {
	switch p.Type {
	case "string", "phone_number":
		return crm.TypeText
	case "number":
		return crm.TypeNumber
	case "bool":
		return crm.TypeBoolean
	case "datetime":
		return crm.TypeTime
	case "date":
		return crm.TypeDate
	case "enumeration":
		if p.FieldType == "booleancheckbox" {
			return crm.TypeBoolean
		}
		return crm.TypeOptions
	default:
		return crm.TypeOther
	}
}

// several says whether more than one of a property's options can be chosen.
func several(field crm.SchemaField) bool { return strings.HasSuffix(field.Native, ", checkbox") }

// fields of contacts, as they were last read.
func (s *System) fields(ctx context.Context) (map[string]crm.SchemaField, error) {
	s.mutex.Lock()
	fields := s.known.fields
	s.mutex.Unlock()
	if fields != nil {
		return fields, nil
	}
	return s.readFields(ctx)
}

// fresh says whether something was read so lately that it is not read again for what is not in it.
func (s *System) fresh(read time.Time) bool { return s.access.Now().Sub(read) < refreshAfter }

type owner struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Type     string `json:"type"`
	Archived bool   `json:"archived"`
}

// readOwners reads those who are active and those who left: a contact may still be theirs.
func (s *System) readOwners(ctx context.Context) (owners, error) {
	all := owners{byEmail: map[string]string{}, byID: map[string]string{}, read: s.access.Now()}
	for _, archived := range []bool{true, false} {
		for after := ""; ; {
			query := url.Values{"limit": {strconv.Itoa(maxOwners)}, "archived": {strconv.FormatBool(archived)}}
			if after != "" {
				query.Set("after", after)
			}
			var answer struct {
				Results []owner `json:"results"`
				Paging  paging  `json:"paging"`
			}
			if err := s.call(ctx, http.MethodGet, s.path("crm/owners", "?"+query.Encode()), nil, &answer); err != nil {
				return owners{}, err
			}
			for _, one := range answer.Results {
				all.add(one, archived)
			}
			next := answer.Paging.Next.After
			if next == "" || next == after {
				break
			}
			after = next
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.owners = all
	return all, nil
}

func (o owners) add(one owner, archived bool) {
	email := strings.ToLower(strings.TrimSpace(one.Email))
	if email == "" || one.Type == "QUEUE" {
		return
	}
	o.byID[one.ID] = email
	if other, taken := o.byEmail[email]; !archived && !one.Archived && (!taken || len(one.ID) < len(other) || len(one.ID) == len(other) && one.ID < other) {
		o.byEmail[email] = one.ID
	}
}

// people are the owners. They are read again when one is looked for who is not among them, if that was not done just now.
func (s *System) people(ctx context.Context, has func(owners) bool) (owners, error) {
	s.mutex.Lock()
	all := s.owners
	s.mutex.Unlock()
	if all.byID != nil && (has(all) || s.fresh(all.read)) {
		return all, nil
	}
	return s.readOwners(ctx)
}

type paging struct {
	Next struct {
		After string `json:"after"`
	} `json:"next"`
}

// ownerRefusal is the answer to a write for a rep who is no owner.
func ownerRefusal() error {
	return &crm.RefusedError{Status: http.StatusBadRequest, Reason: fmt.Sprintf("no active owner has the rep's e-mail address, for %s", ownerProperty)}
}
