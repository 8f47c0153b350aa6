// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// locatorLife is how long a cursor is kept after its query.
	locatorLife  = 48 * time.Hour
	smallestPage = 200
)

// locator is a query of which there is more: which records is settled when it begins, how they are when they are fetched.
type locator struct {
	*selection
	of    *session
	page  int
	until time.Time
}

func (c *call) search() answer {
	text := c.query.Get("q")
	if text == "" {
		if c.query.Get("explain") != "" {
			return fault(refuse(http.StatusNotImplemented, "NOT_SUPPORTED_BY_THIS_FAKE", "query plans"))
		}
		return fault(refuse(http.StatusBadRequest, "MALFORMED_QUERY", "A query string has to be specified"))
	}
	s, err := c.find(text, c.path[0] == "queryAll", c.version)
	if err != nil {
		return queryFault(err)
	}
	if s.count {
		return answer{status: http.StatusOK, body: map[string]any{"totalSize": len(s.ids), "done": true, "records": []any{}}}
	}
	l := &locator{selection: s, of: c.caller(), page: c.pageSize()}
	return c.page(l, "", 0)
}

func (c *call) caller() *session {
	_, token, _ := strings.Cut(c.header.Get("Authorization"), " ")
	return c.sessions[token]
}

var batchSize = regexp.MustCompile(`(?i)\bbatchSize\s*=\s*(\d+)`)

// pageSize is what the caller asks for, within Salesforce's bounds: it is a wish, and not granted beyond what the fake allows.
func (c *call) pageSize() int {
	size := maxRows
	if match := batchSize.FindStringSubmatch(c.header.Get("Sforce-Query-Options")); match != nil {
		size, _ = strconv.Atoi(match[1])
		size = min(max(size, smallestPage), maxRows)
	}
	return min(size, c.options.Page)
}

// page of a query. It gets a locator when there is more after it.
func (c *call) page(l *locator, id string, from int) answer {
	to := min(from+l.page, len(l.ids))
	records := make([]map[string]any, 0, to-from)
	for _, id := range l.ids[from:to] {
		if r := l.table.rows[id]; r != nil {
			records = append(records, l.show(r))
		}
	}
	body := map[string]any{"totalSize": len(l.ids), "done": to == len(l.ids), "records": records}
	if to < len(l.ids) {
		if id == "" {
			id = c.keep(l)
		}
		body["nextRecordsUrl"] = fmt.Sprintf("/services/data/%s/query/%s-%d", c.version, id, to)
	}
	return answer{status: http.StatusOK, body: body}
}

func (c *call) keep(l *locator) string {
	now := c.options.Now()
	maps.DeleteFunc(c.locators, func(_ string, of *locator) bool { return !of.until.After(now) })
	c.cursors++
	id := newID("0r8", c.cursors)
	l.until = now.Add(locatorLife)
	c.locators[id] = l
	return id
}

// more is the next page of a query that was begun.
func (c *call) more() answer {
	id, offset, _ := strings.Cut(c.path[1], "-")
	l := c.locators[id]
	from, err := strconv.Atoi(offset)
	lost := c.losing > 0
	if lost {
		c.losing--
	}
	if lost || l == nil || err != nil || from < 0 || from >= len(l.ids) || !l.until.After(c.options.Now()) {
		return fault(refuse(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator"))
	}
	return c.page(l, id, from)
}

func (f *Fake) versions() answer {
	list := make([]map[string]string, 0, len(f.options.Versions))
	for _, v := range f.options.Versions {
		list = append(list, map[string]string{"label": "Release " + v[1:], "url": "/services/data/" + v, "version": v[1:]})
	}
	return answer{status: http.StatusOK, body: list}
}

func (c *call) resources() answer {
	out := map[string]string{}
	for _, name := range []string{"sobjects", "query", "queryAll", "limits", "composite"} {
		out[name] = "/services/data/" + c.version + "/" + name
	}
	return answer{status: http.StatusOK, body: out}
}

func (c *call) limits() answer {
	most := func(limit, left int) map[string]int { return map[string]int{"Max": limit, "Remaining": left} }
	return answer{status: http.StatusOK, body: map[string]any{
		"DailyApiRequests": most(c.limit, c.limit-c.used), "DailyBulkApiBatches": most(15000, 15000), "DataStorageMB": most(1024, 1000),
		"SingleEmail": most(5000, 5000),
	}}
}
