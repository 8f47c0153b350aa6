// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	mostSubrequests = 25
	mostQueries     = 5 // of them, and requests for collections
)

// subrequest of a composite one. Of the outer request's headers it has none: what is not said in its own is not said.
type subrequest struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Reference string            `json:"referenceId"`
	Headers   map[string]string `json:"httpHeaders"`
	Body      json.RawMessage   `json:"body"`
}

var referred = regexp.MustCompile(`@\{([A-Za-z0-9_]+)\.([A-Za-z0-9_.\[\]]+)\}`)

func (c *call) composite() answer {
	var in struct {
		AllOrNone bool         `json:"allOrNone"`
		Requests  []subrequest `json:"compositeRequest"`
	}
	if wrong := c.input(&in); wrong != nil {
		return fault(wrong)
	}
	if wrong := tooMuch(in.Requests); wrong != nil {
		return fault(wrong)
	}
	x := c.begin()
	start := x.mark()
	known := map[string]any{}
	out := make([]map[string]any, 0, len(in.Requests))
	failed := -1
	for i, sub := range in.Requests {
		a := halted()
		if failed < 0 || !in.AllOrNone {
			a = c.sub(sub, known)
		}
		if a.status >= http.StatusBadRequest && failed < 0 {
			failed = i
		}
		known[sub.Reference] = generic(a.body)
		out = append(out, map[string]any{"body": a.body, "httpHeaders": headers(a), "httpStatusCode": a.status, "referenceId": sub.Reference})
	}
	if failed >= 0 && in.AllOrNone {
		x.back(start)
		for i := range out[:failed] {
			out[i]["body"], out[i]["httpStatusCode"], out[i]["httpHeaders"] = halted().body, halted().status, map[string]string{}
		}
	}
	return answer{status: http.StatusOK, body: map[string]any{"compositeResponse": out}}
}

func headers(a answer) map[string]string {
	if a.header == nil {
		return map[string]string{}
	}
	return a.header
}

func tooMuch(all []subrequest) *apiError {
	if len(all) > mostSubrequests {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "Limit of %d reached in Operation 'compositeRequest'", mostSubrequests)
	}
	queries, seen := 0, map[string]bool{}
	for _, sub := range all {
		if strings.Contains(sub.URL, "/query") || strings.Contains(sub.URL, "/composite/sobjects") {
			queries++
		}
		if sub.Reference == "" || seen[sub.Reference] {
			return refuse(http.StatusBadRequest, "INVALID_INPUT", "every subrequest needs a referenceId of its own")
		}
		seen[sub.Reference] = true
	}
	if queries > mostQueries {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "Limit of %d query and sObject collections subrequests reached", mostQueries)
	}
	return nil
}

func halted() answer {
	return fault(refuse(http.StatusBadRequest, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."))
}

// sub carries out one subrequest, within the transaction of the whole.
func (c *call) sub(s subrequest, known map[string]any) answer {
	address, wrong := refer(s.URL, known)
	if wrong != nil {
		return fault(wrong)
	}
	body, wrong := refer(string(s.Body), known)
	if wrong != nil {
		return fault(wrong)
	}
	at, err := url.Parse(address)
	if err != nil {
		return notFound()
	}
	match := apiPath.FindStringSubmatch(at.EscapedPath())
	if match == nil || match[1] != c.version || match[2] == "composite" {
		return notFound()
	}
	header := http.Header{"Authorization": c.header["Authorization"]}
	for name, value := range s.Headers {
		header.Set(name, value)
	}
	inner := &call{
		Fake: c.Fake, ctx: c.ctx, method: s.Method, version: c.version, query: at.Query(), header: header, body: []byte(body), user: c.user, by: c.by, tx: c.tx,
		path: segments(match[2]),
	}
	return inner.resource()
}

// refer puts in what earlier answers said: @{reference.field}.
func refer(text string, known map[string]any) (string, *apiError) {
	var wrong *apiError
	out := referred.ReplaceAllStringFunc(text, func(found string) string {
		match := referred.FindStringSubmatch(found)
		body, _ := known[match[1]].(map[string]any)
		value, ok := body[match[2]]
		if !ok {
			wrong = refuse(http.StatusBadRequest, "PROCESSING_HALTED", "Invalid reference specified. No value for %s found in %s", match[1]+"."+match[2], match[1])
			return ""
		}
		return fmt.Sprint(value)
	})
	return out, wrong
}

// generic is a body as a client would read it.
func generic(body any) any {
	text, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}
