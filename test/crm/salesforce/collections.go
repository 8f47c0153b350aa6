// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"net/http"
	"strings"

	"github.com/handoff-sla/handoff/test/crm/control"
)

const (
	mostRecords = 200 // written by one request
	mostRead    = 2000
	mostByURL   = 800
	mostChunks  = 10 // runs of records of one type
)

// collection is the body of a write of several records.
type collection struct {
	AllOrNone bool             `json:"allOrNone"`
	Records   []map[string]any `json:"records"`
}

// item is one record of a collection.
type item struct {
	table *table
	id    string
	p     *parsed
	wrong []*apiError // why it is not written at all
}

func (c *call) collections() answer {
	rest := c.path[2:]
	switch {
	case len(rest) == 0 && c.method == "POST":
		return c.writeMany(func(x *tx, i item) (string, bool, []*apiError) {
			id, wrong := x.create(i.table, i.p)
			return id, false, wrong
		}, c.ofTypes(false))
	case len(rest) == 0 && c.method == "PATCH":
		return c.writeMany(func(x *tx, i item) (string, bool, []*apiError) { return i.id, false, x.update(i.table, i.id, i.p) }, c.ofTypes(true))
	case len(rest) == 0 && c.method == "DELETE":
		return c.deleteMany()
	case len(rest) == 1 && (c.method == "GET" || c.method == "POST"):
		return c.readMany(rest[0])
	case len(rest) == 2 && c.method == "PATCH":
		return c.upsertMany(rest[0], rest[1])
	case len(rest) == 0:
		return c.notAllowed("POST", "PATCH", "DELETE")
	case len(rest) == 1:
		return c.notAllowed("GET", "POST")
	default:
		return c.notAllowed("PATCH")
	}
}

func tooMany(n int) *apiError {
	return refuse(http.StatusBadRequest, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than %d records into this call", n)
}

// ofTypes reads records, each of the type that it says.
func (c *call) ofTypes(byID bool) func(raw map[string]any) (item, *apiError) {
	return func(raw map[string]any) (item, *apiError) {
		about, _ := raw["attributes"].(map[string]any)
		name, _ := about["type"].(string)
		t := c.org.table(name)
		if t == nil {
			return item{}, refuse(http.StatusBadRequest, "INVALID_TYPE", "sObject type '%s' is not supported.", name)
		}
		var i item
		i.table = t
		if byID {
			i.id, i.wrong = taking(raw)
		}
		var malformed *apiError
		i.p, malformed = parse(t.object, raw)
		return i, malformed
	}
}

// taking the id out of a record.
func taking(raw map[string]any) (string, []*apiError) {
	for name, value := range raw {
		if !strings.EqualFold(name, "id") {
			continue
		}
		delete(raw, name)
		said, _ := value.(string)
		id, ok := canonical(said)
		if !ok {
			return "", []*apiError{{Code: "MALFORMED_ID", Message: "Id: id value of incorrect type: " + said, Fields: []string{"Id"}}}
		}
		return id, nil
	}
	return "", []*apiError{{Code: "MISSING_ARGUMENT", Message: "Id not specified in an update call", Fields: []string{"Id"}}}
}

// writeMany reads the records, and writes each. What is wrong with one spoils no other, unless all or none was asked for.
func (c *call) writeMany(do func(*tx, item) (string, bool, []*apiError), one func(map[string]any) (item, *apiError)) answer {
	var in collection
	if wrong := c.input(&in); wrong != nil {
		return fault(wrong)
	}
	if len(in.Records) > mostRecords {
		return fault(tooMany(mostRecords))
	}
	if in.Records == nil {
		return fault(refuse(http.StatusBadRequest, "INVALID_INPUT", "'records' is required"))
	}
	items := make([]item, 0, len(in.Records))
	chunks := 0
	for _, raw := range in.Records {
		i, malformed := one(raw)
		if malformed != nil {
			if !c.perItem || i.table == nil {
				return fault(malformed)
			}
			malformed.Fields = []string{}
			i.wrong = []*apiError{malformed}
		}
		if n := len(items); n == 0 || items[n-1].table != i.table {
			chunks++
		}
		items = append(items, i)
	}
	if chunks > mostChunks {
		return fault(refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "records of no more than %d runs of one type can be in one request", mostChunks))
	}
	return c.each(len(items), in.AllOrNone, func(x *tx, n int) (string, bool, []*apiError) {
		if items[n].wrong != nil {
			return "", false, items[n].wrong
		}
		return do(x, items[n])
	})
}

// each writes n records and answers for each.
func (c *call) each(n int, allOrNone bool, do func(*tx, int) (string, bool, []*apiError)) answer {
	x := c.begin()
	start := x.mark()
	results := make([]map[string]any, 0, n)
	failed := false
	for i := range n {
		code, fails := control.FailItem(c.ctx, i)
		if fails {
			results = append(results, failure([]*apiError{onCommand(code)}))
			failed = true
			continue
		}
		id, made, wrong := do(x, i)
		if wrong != nil {
			results = append(results, failure(wrong))
			failed = true
			continue
		}
		result := created(id)
		if c.upserts() {
			result["created"] = made
		}
		results = append(results, result)
	}
	if failed && allOrNone {
		x.back(start)
		for i, result := range results {
			if result["success"] == true {
				results[i] = failure([]*apiError{{
					Code: "ALL_OR_NONE_OPERATION_ROLLED_BACK", Fields: []string{},
					Message: "Record rolled back because not all records were valid and the request was using AllOrNone header",
				}})
			}
		}
	}
	return answer{status: http.StatusOK, body: results}
}

func (c *call) upserts() bool { return len(c.path) == 4 }

// onCommand is an error that a test asked for.
func onCommand(code string) *apiError {
	switch code {
	case "", "UNABLE_TO_LOCK_ROW":
		return &apiError{Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access to this record", Fields: []string{}}
	default:
		return &apiError{Code: code, Message: "failed on command", Fields: []string{}}
	}
}

func failure(wrong []*apiError) map[string]any {
	list := make([]map[string]any, 0, len(wrong))
	for _, e := range wrong {
		fields := e.Fields
		if fields == nil {
			fields = []string{}
		}
		list = append(list, map[string]any{"statusCode": e.Code, "message": e.Message, "fields": fields})
	}
	return map[string]any{"success": false, "errors": list}
}

func (c *call) deleteMany() answer {
	ids := strings.FieldsFunc(c.query.Get("ids"), func(r rune) bool { return r == ',' })
	if len(ids) > mostRecords {
		return fault(tooMany(mostRecords))
	}
	return c.each(len(ids), strings.EqualFold(c.query.Get("allOrNone"), "true"), func(x *tx, n int) (string, bool, []*apiError) {
		id, ok := canonical(strings.TrimSpace(ids[n]))
		if !ok {
			return "", false, []*apiError{{Code: "MALFORMED_ID", Message: "malformed id " + ids[n], Fields: []string{}}}
		}
		for _, o := range c.org.objects {
			if strings.HasPrefix(id, o.prefix) {
				return id, false, x.remove(c.org.table(o.name), id)
			}
		}
		return "", false, []*apiError{spoilt("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")}
	})
}

func (c *call) upsertMany(object, name string) answer {
	t := c.org.table(object)
	if t == nil {
		return notFound()
	}
	f := t.field(name)
	if f == nil || !f.External && f.Name != "Id" {
		return fault(refuse(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", name))
	}
	seen := map[string]bool{}
	return c.writeMany(func(x *tx, i item) (string, bool, []*apiError) {
		value := i.p.values[f]
		text, _ := value.(string)
		if text == "" {
			return "", false, []*apiError{{Code: "MISSING_ARGUMENT", Message: f.Name + " not specified", Fields: []string{}}}
		}
		if key := strings.ToLower(text); seen[key] {
			return "", false, []*apiError{{Code: "DUPLICATE_VALUE", Message: "Duplicate external id specified: " + text, Fields: []string{f.Name}}}
		}
		seen[strings.ToLower(text)] = true
		return x.upsert(i.table, f, text, i.p)
	}, func(raw map[string]any) (item, *apiError) {
		i, malformed := c.ofTypes(false)(raw)
		if malformed == nil && i.table != t {
			malformed = refuse(http.StatusBadRequest, "INVALID_TYPE", "all records must be of type %s", t.name)
		}
		return i, malformed
	})
}

// readMany fetches records by their ids, in order: null for those that are not there.
func (c *call) readMany(object string) answer {
	t := c.org.table(object)
	if t == nil {
		return notFound()
	}
	split := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) }
	in := struct{ IDs, Fields []string }{IDs: split(c.query.Get("ids")), Fields: split(c.query.Get("fields"))}
	most := mostByURL
	if c.method == "POST" {
		most = mostRead
		if wrong := c.input(&in); wrong != nil {
			return fault(wrong)
		}
	}
	switch {
	case len(in.IDs) > most:
		return fault(tooMany(most))
	case len(in.IDs) == 0 || len(in.Fields) == 0:
		return fault(refuse(http.StatusBadRequest, "MISSING_ARGUMENT", "ids and fields are required"))
	}
	out := make([]any, 0, len(in.IDs))
	for _, said := range in.IDs {
		id, ok := canonical(said)
		r := t.rows[id]
		if !ok || r == nil || r.is("IsDeleted") {
			out = append(out, nil)
			continue
		}
		body, wrong := c.record(t, r, in.Fields)
		if wrong != nil {
			return fault(wrong)
		}
		out = append(out, body)
	}
	return answer{status: http.StatusOK, body: out}
}
