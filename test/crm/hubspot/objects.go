// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// serveObjects is the API of records.
func (f *Fake) serveObjects(c *call) error {
	t, err := mustType(first(c.parts))
	if err != nil {
		return err
	}
	action := strings.Join(c.parts[1:], "/")
	if serve, ok := map[string]func(*call, objectType) error{
		"search": f.search, "merge": f.serveMerge, "batch/read": f.batchRead, "batch/create": f.batchCreate, "batch/update": f.batchUpdate,
		"batch/upsert": f.batchUpsert, "batch/archive": f.batchArchive,
	}[action]; ok {
		if c.r.Method != http.MethodPost {
			return notAllowed()
		}
		return serve(c, t)
	}
	switch {
	case len(c.parts) == 1 && c.r.Method == http.MethodGet:
		return f.list(c, t)
	case len(c.parts) == 1 && c.r.Method == http.MethodPost:
		return f.createOne(c, t)
	case len(c.parts) == 2:
		return f.serveRecord(c, t, c.parts[1])
	case len(c.parts) == 4 && c.parts[2] == "associations" && c.r.Method == http.MethodGet:
		return f.listLinks(c, t, c.parts[1], c.parts[3])
	}
	return notFound()
}

func (f *Fake) serveRecord(c *call, t objectType, id string) error {
	id = strings.ReplaceAll(id, "%40", "@")
	property := c.r.URL.Query().Get("idProperty")
	if err := f.mayFind(t, property); err != nil {
		return err
	}
	r := f.get(t, id, property)
	if c.r.Method == http.MethodGet && c.r.URL.Query().Get("archived") == "true" {
		if r = f.objects[t.plural][id]; r != nil && r.archived.IsZero() {
			r = nil
		}
	}
	if r == nil {
		if c.r.Method == http.MethodDelete {
			return c.none() // it is gone, which is what was asked for
		}
		return notFound()
	}
	switch c.r.Method {
	case http.MethodGet:
		return c.ok(f.show(r, view{
			properties: c.list("properties"), history: c.list("propertiesWithHistory"), associations: c.list("associations"),
		}))
	case http.MethodPatch:
		var body input
		if err := c.read(&body); err != nil {
			return err
		}
		clean, err := f.check(t, r, body.Properties, c.by)
		if err != nil {
			return err
		}
		f.write(r, clean, c.by, c.at)
		return c.ok(f.show(r, view{properties: slices.Collect(maps.Keys(clean))}))
	case http.MethodDelete:
		f.remove(r, c.by, c.at)
		return c.none()
	}
	return notAllowed()
}

// mayFind says whether records can be found by the property.
func (f *Fake) mayFind(t objectType, property string) error {
	if property == "" {
		return nil
	}
	if p := f.schema[t.plural].live(property); p == nil || !p.HasUniqueValue {
		return invalid("Unable to perform update/upsert by non-unique %s property %s in portal ID %d", t.id, property, f.portal)
	}
	return nil
}

// check what is to be written into a record, or into a new one.
func (f *Fake) check(t objectType, r *record, sent map[string]*string, by author) (map[string]string, error) {
	clean, wrong := f.clean(t, sent, by)
	if len(wrong) == 0 {
		wrong = f.broken(t, r, clean)
	}
	if len(wrong) > 0 {
		return nil, wrongValues(wrong)
	}
	id := ""
	if r != nil {
		id = r.id
	}
	if other, taken := f.taken(t, id, clean); taken {
		return nil, apiError{
			status: http.StatusConflict, Category: "CONFLICT", Message: strings.Title(t.singular) + " already exists. Existing ID: " + other, //nolint:staticcheck // ASCII
			Context: map[string][]string{"existingId": {other}},
		}
	}
	for _, name := range t.required {
		if r == nil && clean[name] == "" {
			return nil, invalid("Error creating %s. Some required properties were not set: [%s]", strings.ToUpper(t.singular), name)
		}
	}
	return clean, nil
}

func (f *Fake) createOne(c *call, t objectType) error {
	var body input
	if err := c.read(&body); err != nil {
		return err
	}
	r, err := f.create(c, t, body)
	if err != nil {
		return err
	}
	return c.created(f.show(r, view{properties: slices.Collect(maps.Keys(body.Properties))}))
}

func (f *Fake) create(c *call, t objectType, in input) (*record, error) {
	clean, err := f.check(t, nil, in.Properties, c.by)
	if err != nil {
		return nil, err
	}
	with, err := f.targets(t, in.Associations)
	if err != nil {
		return nil, err
	}
	r := f.make(t, clean, c.by, c.at)
	for _, other := range with {
		f.connect(r, other, c.at)
	}
	return r, nil
}

func (f *Fake) serveMerge(c *call, t objectType) error {
	var body struct {
		Primary looseID `json:"primaryObjectId"`
		Other   looseID `json:"objectIdToMerge"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	into, from := f.get(t, string(body.Primary), ""), f.get(t, string(body.Other), "")
	switch {
	case into == nil || from == nil:
		return notFound()
	case into == from:
		return invalid("Cannot merge %s %s into itself", t.singular, body.Primary)
	}
	return c.ok(f.show(f.merge(into, from, c.by, c.at), view{}))
}

// list pages through all records by their ids.
func (f *Fake) list(c *call, t objectType) error {
	history := c.list("propertiesWithHistory")
	most := 100
	if len(history) > 0 {
		most = 50
	}
	limit, err := c.number("limit", 10, most)
	if err != nil {
		return err
	}
	after := int64(0)
	if text := c.r.URL.Query().Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return invalid("after is %q: use the value of paging.next.after", text)
		}
	}
	archived := c.r.URL.Query().Get("archived") == "true"
	var page []*record
	for _, r := range f.objects[t.plural] {
		if r.number >= after && r.archived.IsZero() != archived {
			page = append(page, r)
		}
	}
	slices.SortFunc(page, func(a, b *record) int { return int(a.number - b.number) })
	body := map[string]any{}
	if len(page) > limit {
		next := paging(page[limit].id)
		body["paging"] = next
		page = page[:limit]
	}
	body["results"] = f.showAll(page, view{properties: c.list("properties"), history: history, associations: c.list("associations")})
	return c.ok(body)
}

func (f *Fake) listLinks(c *call, t objectType, id, word string) error {
	to, err := mustType(word)
	if err != nil {
		return err
	}
	r := f.get(t, id, "")
	if r == nil {
		return notFound()
	}
	return c.ok(map[string]any{"results": f.describe(c, t, r.id, to, f.linked(t.plural, r.id, to.plural))})
}

// view is what is to be told of records.
type view struct {
	properties, history, associations []string
	trace                             string
	upserted                          *bool
}

func (f *Fake) showAll(records []*record, v view) []any {
	out := make([]any, len(records))
	for i, r := range records {
		out[i] = f.show(r, v)
	}
	return out
}

// show a record: properties that it does not have are null, and those that nobody has are left out.
func (f *Fake) show(r *record, v view) map[string]any {
	body := f.render(r, r.values, v.properties)
	body["updatedAt"], body["archived"] = stamp(r.modified), !r.archived.IsZero()
	if !r.archived.IsZero() {
		body["archivedAt"] = stamp(r.archived)
	}
	if len(v.history) > 0 {
		history := map[string][]version{}
		for _, name := range v.history {
			if f.schema[r.kind.plural].live(name) != nil {
				latest := slices.Clone(r.history[name])
				slices.Reverse(latest)
				history[name] = append([]version{}, latest[:min(len(latest), 20)]...)
			}
		}
		body["propertiesWithHistory"] = history
	}
	if links := f.showLinks(r, v.associations); len(links) > 0 {
		body["associations"] = links
	}
	if v.trace != "" {
		body["objectWriteTraceId"] = v.trace
	}
	if v.upserted != nil {
		body["new"] = *v.upserted
	}
	return body
}

// render the values that are asked for.
func (f *Fake) render(r *record, values map[string]string, asked []string) map[string]any {
	if len(asked) == 0 {
		asked = r.kind.defaults
	}
	properties := map[string]*string{}
	for _, name := range slices.Concat(asked, r.kind.always()) {
		if f.schema[r.kind.plural].live(name) == nil {
			continue
		}
		properties[name] = nil
		if value, ok := values[name]; ok {
			properties[name] = &value
		}
	}
	return map[string]any{
		"id": r.id, "properties": properties, "createdAt": stamp(r.created),
		"url": "https://app.hubspot.com/contacts/" + strconv.FormatInt(f.portal, 10) + "/record/" + r.kind.id + "/" + r.id,
	}
}

func (f *Fake) showLinks(r *record, asked []string) map[string]any {
	out := map[string]any{}
	for _, word := range asked {
		to, ok := typeOf(word)
		if !ok {
			continue
		}
		results := []any{}
		for _, id := range f.linked(r.kind.plural, r.id, to.plural) {
			results = append(results, map[string]string{"id": id, "type": r.kind.singular + "_to_" + to.singular})
		}
		if len(results) > 0 {
			out[to.plural] = map[string]any{"results": results}
		}
	}
	return out
}
