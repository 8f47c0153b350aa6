// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/salesforce/soql"
)

// begin is the transaction of the call. Assignment rules take hold unless the caller said otherwise.
func (c *call) begin() *tx {
	if c.tx == nil {
		c.tx = c.transaction(c.user, c.by)
	}
	c.tx.autoAssign = !strings.EqualFold(c.header.Get("Sforce-Auto-Assign"), "false")
	return c.tx
}

// sobjects is all below /sobjects.
func (c *call) sobjects() answer {
	if len(c.path) == 1 {
		return c.only("GET", c.describeAll)
	}
	t := c.org.table(c.path[1])
	if t == nil {
		return notFound()
	}
	rest := c.path[2:]
	switch {
	case len(rest) == 0 && c.method == "POST":
		return c.createOne(t)
	case len(rest) == 0:
		return c.only("GET", func() answer { return c.basics(t) })
	case len(rest) == 1 && rest[0] == "describe":
		return c.only("GET", func() answer { return answer{status: http.StatusOK, body: describe(t.object, c.version)} })
	case len(rest) == 1 && (rest[0] == "deleted" || rest[0] == "updated"):
		return c.only("GET", func() answer { return c.replicate(t, rest[0] == "deleted") })
	case len(rest) == 1:
		id, ok := canonical(rest[0])
		if !ok {
			return fault(refuse(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", rest[0]))
		}
		return c.one(t, id)
	case len(rest) == 2:
		return c.external(t, rest[0], rest[1])
	default:
		return notFound()
	}
}

func (c *call) createOne(t *table) answer {
	p, wrong := c.fields(t)
	if wrong != nil {
		return fault(wrong)
	}
	id, all := c.begin().create(t, p)
	if all != nil {
		return fault(all...)
	}
	return answer{status: http.StatusCreated, body: created(id), header: map[string]string{"Location": address(t.name, id, c.version)}}
}

func created(id string) map[string]any {
	return map[string]any{"id": id, "success": true, "errors": []any{}}
}

// fields of the body.
func (c *call) fields(t *table) (*parsed, *apiError) {
	var raw map[string]any
	if wrong := c.input(&raw); wrong != nil {
		return nil, wrong
	}
	return parse(t.object, raw)
}

// one record, by its id.
func (c *call) one(t *table, id string) answer {
	switch c.method {
	case "GET", "HEAD":
		return c.get(t, id)
	case "PATCH":
		p, wrong := c.fields(t)
		if wrong != nil {
			return fault(wrong)
		}
		if slices.ContainsFunc(p.order, func(f *Field) bool { return f.Name == "Id" }) {
			return fault(refuse(http.StatusBadRequest, "INVALID_FIELD", "The Id field should not be specified in the sobject data."))
		}
		if all := c.begin().update(t, id, p); all != nil {
			return fault(single(all)...)
		}
		return answer{status: http.StatusNoContent}
	case "DELETE":
		if all := c.begin().remove(t, id); all != nil {
			return fault(single(all)...)
		}
		return answer{status: http.StatusNoContent}
	default:
		return c.notAllowed("HEAD", "GET", "PATCH", "DELETE")
	}
}

// single is how an id that leads nowhere is told when it stands in the path.
func single(all []*apiError) []*apiError {
	if all[0].Code == "INVALID_CROSS_REFERENCE_KEY" && len(all[0].Fields) == 0 {
		return []*apiError{refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")}
	}
	return all
}

func (c *call) get(t *table, id string) answer {
	r := t.rows[id]
	switch {
	case r == nil:
		return notFound()
	case r.is("IsDeleted"):
		return fault(&apiError{Status: http.StatusNotFound, Code: "ENTITY_IS_DELETED", Message: "entity is deleted", Fields: []string{}})
	}
	names := strings.FieldsFunc(c.query.Get("fields"), func(r rune) bool { return r == ',' })
	body, wrong := c.record(t, r, names)
	if wrong != nil {
		return fault(wrong)
	}
	return answer{status: http.StatusOK, body: body}
}

// record with the fields of those names; all, when there are none.
func (c *call) record(t *table, r row, names []string) (map[string]any, *apiError) {
	out := map[string]any{"attributes": attributes(t.name, r.id(), c.version)}
	if len(names) == 0 {
		for _, f := range t.fields {
			out[f.Name] = shown(f, r[f.Name])
		}
		return out, nil
	}
	for _, name := range append(names, "Id") {
		f := t.field(strings.TrimSpace(name))
		if f == nil {
			return nil, refuse(http.StatusBadRequest, "INVALID_FIELD", "No such column '%s' on entity '%s'", name, t.name)
		}
		out[f.Name] = shown(f, r[f.Name])
	}
	return out, nil
}

// external is a record by the value of an external id.
func (c *call) external(t *table, name, value string) answer {
	f := t.field(name)
	if f == nil || !f.External && f.Name != "Id" {
		return fault(refuse(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", name))
	}
	if c.method == "PATCH" {
		p, wrong := c.fields(t)
		if wrong != nil {
			return fault(wrong)
		}
		return c.upsertOne(t, f, value, p)
	}
	ids := t.byID(f, value)
	switch len(ids) {
	case 0:
		return notFound()
	case 1:
		return c.one(t, ids[0])
	default:
		return c.choices(t, ids)
	}
}

// byID are the ids of live records with that value of an id field.
func (t *table) byID(f *Field, value string) []string {
	if f.Name != "Id" {
		return t.matching(f, value)
	}
	if id, ok := canonical(value); ok && t.rows[id] != nil {
		return []string{id}
	}
	return nil
}

func (c *call) choices(t *table, ids []string) answer {
	urls := make([]string, 0, len(ids))
	for _, id := range ids {
		urls = append(urls, address(t.name, id, c.version))
	}
	return answer{status: http.StatusMultipleChoices, body: urls}
}

func (c *call) upsertOne(t *table, f *Field, value string, p *parsed) answer {
	ids := t.byID(f, value)
	if len(ids) > 1 {
		return c.choices(t, ids)
	}
	id, made, all := c.begin().upsert(t, f, value, p)
	if all != nil {
		return fault(single(all)...)
	}
	body := created(id)
	body["created"] = made
	if made {
		return answer{status: http.StatusCreated, body: body}
	}
	return answer{status: http.StatusOK, body: body}
}

// upsert makes the record with that external id, or changes it.
func (x *tx) upsert(t *table, f *Field, value string, p *parsed) (id string, made bool, wrong []*apiError) {
	if slices.Contains(p.order, f) && f.Name != "Id" {
		if s, _ := p.values[f].(string); !strings.EqualFold(s, value) {
			return "", false, []*apiError{wrongf("INVALID_FIELD", f, "The %s field should not be specified in the sobject data.", f.Name)}
		}
	}
	switch ids := t.byID(f, value); {
	case len(ids) > 1:
		return "", false, []*apiError{wrongf("DUPLICATE_EXTERNAL_ID", f, "%s: more than one record found for external id field: %v", f.Name, ids)}
	case len(ids) == 1:
		return ids[0], false, x.update(t, ids[0], p)
	case f.Name == "Id":
		return "", false, []*apiError{{Status: http.StatusNotFound, Code: "INVALID_CROSS_REFERENCE_KEY", Message: "invalid cross reference id", Fields: []string{}}}
	}
	with := &parsed{values: maps.Clone(p.values), order: p.order, wrong: p.wrong}
	if !slices.Contains(with.order, f) {
		with.order = append(slices.Clone(with.order), f)
	}
	v, _, bad := taken(f, value)
	if bad != nil {
		return "", false, []*apiError{bad}
	}
	with.values[f] = v
	id, wrong = x.create(t, with)
	return id, true, wrong
}

// replicate lists what was deleted or changed between two times.
func (c *call) replicate(t *table, deleted bool) answer {
	from, err := soql.Time(c.query.Get("start"))
	to, errTo := soql.Time(c.query.Get("end"))
	if err != nil || errTo != nil || !to.After(from) {
		return fault(refuse(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date, or end is not after start"))
	}
	gone, changed := []map[string]any{}, []string{}
	for _, id := range t.order {
		r := t.rows[id]
		at, _ := r["SystemModstamp"].(time.Time)
		if at.Before(from.UTC()) || !at.Before(to.UTC()) || r.is("IsDeleted") != deleted {
			continue
		}
		gone = append(gone, map[string]any{"id": id, "deletedDate": at.Format(timeForm)})
		changed = append(changed, id)
	}
	body := map[string]any{"latestDateCovered": to.UTC().Format(timeForm)}
	if deleted {
		body["deletedRecords"], body["earliestDateAvailable"] = gone, from.UTC().AddDate(0, 0, -15).Format(timeForm)
	} else {
		body["ids"] = changed
	}
	return answer{status: http.StatusOK, body: body}
}
