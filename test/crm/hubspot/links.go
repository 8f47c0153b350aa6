// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// end of links: a record, and the type that it is linked with.
type end struct{ fromType, from, toType string }

// linkType is an association type.
type linkType struct {
	Category string  `json:"category"`
	TypeID   int     `json:"typeId"`
	Label    *string `json:"label"`
}

// spec of an association, as it is sent.
type spec struct {
	Category string `json:"associationCategory"`
	TypeID   int    `json:"associationTypeId"`
}

// defined is HubSpot's own association type from one type of objects to another; 0: none that this fake knows.
func defined(from, to objectType) int {
	switch {
	case to.plural == "contacts":
		return from.toContact
	case from.plural == "contacts":
		return to.fromContact
	}
	return 0
}

// connect two records both ways.
func (f *Fake) connect(a, b *record, at time.Time) bool {
	if !f.link(a, b) {
		return false
	}
	f.link(b, a)
	activity, contact := a, b
	if a.kind.plural == "contacts" {
		activity, contact = b, a
	}
	f.logged(activity, contact, at)
	if activity.kind.plural == "deals" {
		f.moveStages(activity, at)
	}
	return true
}

// link them one way. False: they are.
func (f *Fake) link(from, to *record) bool {
	key := end{from.kind.plural, from.id, to.kind.plural}
	if len(f.links[key][to.id]) > 0 {
		return false
	}
	if f.links[key] == nil {
		f.links[key] = map[string][]linkType{}
	}
	f.links[key][to.id] = []linkType{{Category: "HUBSPOT_DEFINED", TypeID: defined(from.kind, to.kind)}}
	return true
}

// linked are the ids of a type that a record is linked with, by their numbers.
func (f *Fake) linked(fromType, from, toType string) []string {
	var out []string
	for to := range f.links[end{fromType, from, toType}] {
		if other := f.objects[toType][to]; other != nil && other.archived.IsZero() {
			out = append(out, to)
		}
	}
	slices.SortFunc(out, byNumber)
	return out
}

// relink what a record was linked with to the one that it was merged into.
func (f *Fake) relink(part, result *record) {
	for _, t := range types {
		key := end{part.kind.plural, part.id, t.plural}
		for id := range f.links[key] {
			other := f.objects[t.plural][id]
			delete(f.links[end{t.plural, id, part.kind.plural}], part.id)
			f.link(result, other)
			f.link(other, result)
		}
		delete(f.links, key)
	}
}

func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// association of a record that is being made.
type association struct {
	To    objectID `json:"to"`
	Types []spec   `json:"types"`
}

type objectID struct {
	ID looseID `json:"id"`
}

// looseID is an id that was sent as a text or as a number.
type looseID string

// UnmarshalJSON takes both.
func (l *looseID) UnmarshalJSON(b []byte) error {
	*l = looseID(strings.Trim(string(b), `"`))
	return nil
}

// targets of associations, or what is wrong with them.
func (f *Fake) targets(t objectType, list []association) ([]*record, error) {
	var out []*record
	for _, a := range list {
		for _, s := range a.Types {
			to, ok := target(t, s)
			if !ok {
				return nil, invalid("Association type %d (%s) from %s does not exist", s.TypeID, s.Category, t.singular)
			}
			r := f.get(to, string(a.To.ID), "")
			if r == nil {
				return nil, invalid("One or more associations are not valid: object %s of type %s does not exist", a.To.ID, to.singular)
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func target(from objectType, s spec) (objectType, bool) {
	for _, to := range types {
		if id := defined(from, to); id != 0 && id == s.TypeID && s.Category == "HUBSPOT_DEFINED" {
			return to, true
		}
	}
	return objectType{}, false
}

// serveAssociations is the batch API of associations.
func (f *Fake) serveAssociations(c *call) error {
	if len(c.parts) < 3 {
		return notFound()
	}
	from, err := mustType(c.parts[0])
	if err != nil {
		return err
	}
	to, err := mustType(c.parts[1])
	if err != nil {
		return err
	}
	switch action := c.r.Method + " " + strings.Join(c.parts[2:], "/"); action {
	case "POST batch/read":
		return f.readLinks(c, from, to)
	case "POST batch/create", "POST batch/associate/default":
		return f.makeLinks(c, from, to, action == "POST batch/associate/default")
	case "GET labels":
		return c.ok(map[string]any{"results": []linkType{{Category: "HUBSPOT_DEFINED", TypeID: defined(from, to)}}})
	}
	return notFound()
}

const linksPerPage = 500

func (f *Fake) readLinks(c *call, from, to objectType) error {
	var body struct {
		Inputs []struct {
			ID    looseID `json:"id"`
			After string  `json:"after"`
		} `json:"inputs"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if len(body.Inputs) > 1000 {
		return invalid("The maximum number of inputs is 1000, and %d were sent", len(body.Inputs))
	}
	var found []any
	var wrong []batchError
	for _, input := range body.Inputs {
		id := string(input.ID)
		ids := f.linked(from.plural, id, to.plural)
		if r := f.get(from, id, ""); r == nil || len(ids) == 0 {
			wrong = append(wrong, noLinks(from, to, id))
			continue
		}
		after, _ := strconv.Atoi(input.After)
		page := map[string]any{"from": map[string]string{"id": id}}
		ids = ids[min(after, len(ids)):]
		if len(ids) > linksPerPage {
			ids = ids[:linksPerPage]
			page["paging"] = paging(strconv.Itoa(after + linksPerPage))
		}
		page["to"] = f.describe(c, from, id, to, ids)
		found = append(found, page)
	}
	return c.batch(http.StatusOK, found, wrong)
}

func (f *Fake) describe(c *call, from objectType, id string, to objectType, ids []string) []any {
	out := make([]any, len(ids))
	for i, other := range ids {
		var shown any = other
		if c.version == "v4" { // a number there
			shown, _ = strconv.ParseInt(other, 10, 64)
		}
		out[i] = map[string]any{"toObjectId": shown, "associationTypes": f.links[end{from.plural, id, to.plural}][other]}
	}
	return out
}

func noLinks(from, to objectType, id string) batchError {
	return batchError{
		Status: "error", Category: "OBJECT_NOT_FOUND", SubCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
		Message: "No " + to.singular + " is associated with " + from.singular + " " + id + ".",
		Context: map[string][]string{"fromObjectId": {id}, "fromObjectType": {from.singular}, "toObjectType": {to.singular}},
	}
}

func (f *Fake) makeLinks(c *call, from, to objectType, byDefault bool) error {
	var body struct {
		Inputs []struct {
			From  objectID `json:"from"`
			To    objectID `json:"to"`
			Types []spec   `json:"types"`
		} `json:"inputs"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	var made []any
	var wrong []batchError
	for _, input := range body.Inputs {
		a, b := f.get(from, string(input.From.ID), ""), f.get(to, string(input.To.ID), "")
		if a == nil || b == nil {
			wrong = append(wrong, batchErrorOf(notFound(), map[string][]string{"fromObjectId": {string(input.From.ID)}, "toObjectId": {string(input.To.ID)}}))
			continue
		}
		known := spec{Category: "HUBSPOT_DEFINED", TypeID: defined(from, to)}
		if known.TypeID == 0 || !byDefault && !slices.Contains(input.Types, known) {
			return invalid("Association type from %s to %s is not valid", from.singular, to.singular)
		}
		if f.connect(a, b, c.at) {
			f.Log.Wrote(f.wrote(c.by, "associate", from.plural, a.id, nil))
		} else {
			f.Log.Unchanged()
		}
		if byDefault {
			made = append(made, map[string]any{"from": map[string]string{"id": a.id}, "to": map[string]string{"id": b.id}, "associationSpec": known})
			continue
		}
		made = append(made, map[string]any{
			"fromObjectTypeId": from.id, "fromObjectId": a.id, "toObjectTypeId": to.id, "toObjectId": b.id, "labels": []string{},
		})
	}
	status := http.StatusCreated
	if byDefault {
		status = http.StatusOK
	}
	return c.batch(status, made, wrong)
}

func paging(after string) map[string]any {
	return map[string]any{"next": map[string]string{"after": after}}
}
