// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/test/crm/salesforce/soql"
)

// longestURI is how long URI and headers may be, together.
const longestURI = 16_384

// largestBody of a request.
const largestBody = 50 << 20

// call is one request to the data API, with its session. The mutex is held.
type call struct {
	*Fake
	ctx     context.Context
	method  string
	version string
	path    []string // after the version
	query   url.Values
	header  http.Header
	body    []byte
	user    string
	by      string // the log's name of the caller
	tx      *tx    // nil: nothing was written
}

// answer to a call. A nil body is none.
type answer struct {
	status int
	body   any
	header map[string]string
}

var apiPath = regexp.MustCompile(`^/services/data/(v\d+\.0)(?:/(.*))?$`)

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	if a := oversized(r); a != nil {
		write(w, r, *a)
		return
	}
	body, err := read(r)
	if err != nil {
		write(w, r, fault(refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "the request's body cannot be read")))
		return
	}
	f.mu.Lock()
	a := f.route(r, body)
	f.mu.Unlock()
	write(w, r, a)
}

func oversized(r *http.Request) *answer {
	size := len(r.RequestURI)
	if size > longestURI {
		return &answer{status: http.StatusRequestURITooLong, body: html("Bad Message 414: URI Too Long")}
	}
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + 4
		}
	}
	if size > longestURI {
		return &answer{status: http.StatusRequestHeaderFieldsTooLarge, body: html("Bad Message 431: Request Header Fields Too Large")}
	}
	return nil
}

// html is a body that is no JSON, as what stands before the API answers.
type html string

func read(r *http.Request) ([]byte, error) {
	from := io.Reader(http.MaxBytesReader(nil, r.Body, largestBody))
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unzipped, err := gzip.NewReader(from)
		if err != nil {
			return nil, err
		}
		from = io.LimitReader(unzipped, largestBody)
	}
	return io.ReadAll(from)
}

func (f *Fake) route(r *http.Request, body []byte) answer {
	switch path := r.URL.Path; {
	case path == "/services/oauth2/token":
		return f.token(r, body)
	case path == "/services/oauth2/revoke":
		return f.revoke(r, body)
	case strings.HasPrefix(path, "/id/"):
		return f.identity(r)
	case path == "/services/data" || path == "/services/data/":
		return f.versions()
	}
	match := apiPath.FindStringSubmatch(r.URL.EscapedPath())
	if match == nil || !slices.Contains(f.options.Versions, match[1]) {
		return notFound()
	}
	s := f.session(r)
	if s == nil {
		return fault(refuse(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid"))
	}
	f.Log.Counted("api", f.options.Now())
	if f.used >= f.limit {
		a := fault(refuse(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
		a.header = f.usage()
		return a
	}
	f.used++
	c := &call{
		Fake: f, ctx: r.Context(), method: r.Method, version: match[1], query: r.URL.Query(), header: r.Header, body: body, user: s.user, by: s.by,
		path: segments(match[2]),
	}
	a := c.resource()
	if c.tx != nil {
		f.commit(c.tx)
	}
	if a.header == nil {
		a.header = map[string]string{}
	}
	for name, value := range f.usage() {
		a.header[name] = value
	}
	return a
}

// segments of an escaped path.
func segments(path string) []string {
	out := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for i := range out {
		if plain, err := url.PathUnescape(out[i]); err == nil {
			out[i] = plain
		}
	}
	return out
}

func (f *Fake) usage() map[string]string {
	return map[string]string{"Sforce-Limit-Info": fmt.Sprintf("api-usage=%d/%d", f.used, f.limit)}
}

// resource of the data API.
func (c *call) resource() answer {
	at := func(i int) string {
		if i < len(c.path) {
			return c.path[i]
		}
		return ""
	}
	switch n := len(c.path); {
	case n == 0:
		return c.only("GET", c.resources)
	case n == 1 && at(0) == "limits":
		return c.only("GET", c.limits)
	case n == 1 && (at(0) == "query" || at(0) == "queryAll"):
		return c.only("GET", c.search)
	case n == 2 && (at(0) == "query" || at(0) == "queryAll"):
		return c.only("GET", c.more)
	case at(0) == "sobjects":
		return c.sobjects()
	case n == 1 && at(0) == "composite":
		return c.only("POST", c.composite)
	case n >= 2 && at(0) == "composite" && at(1) == "sobjects":
		return c.collections()
	default:
		return notFound()
	}
}

// only allows one method.
func (c *call) only(method string, do func() answer) answer {
	if c.method != method && (method != "GET" || c.method != "HEAD") {
		return c.notAllowed(method)
	}
	return do()
}

func (c *call) notAllowed(allowed ...string) answer {
	return fault(refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method '%s' not allowed. Allowed are %s", c.method, strings.Join(allowed, ",")))
}

func notFound() answer {
	return fault(refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist"))
}

// fault is the answer to a request that failed as a whole: a list of errors.
func fault(all ...*apiError) answer {
	list := make([]map[string]any, 0, len(all))
	for _, e := range all {
		one := map[string]any{"message": e.Message, "errorCode": e.Code}
		if e.Fields != nil {
			one["fields"] = e.Fields
		}
		list = append(list, one)
	}
	return answer{status: all[0].Status, body: list}
}

// queryFault is the answer to a query that is wrong.
func queryFault(err error) answer {
	var of *soql.Error
	var api *apiError
	switch {
	case errors.As(err, &api):
		return fault(api)
	case errors.As(err, &of) && of.Code == soql.Unsupported:
		return fault(refuse(http.StatusNotImplemented, of.Code, "%s", of.Message))
	case errors.As(err, &of):
		return fault(refuse(http.StatusBadRequest, of.Code, "%s", of.Message))
	default:
		return fault(refuse(http.StatusBadRequest, soql.Malformed, "%s", err))
	}
}

// Error makes it one of Go's.
func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// input reads the body. Numbers stay as they were written.
func (c *call) input(into any) *apiError {
	decoder := json.NewDecoder(strings.NewReader(string(c.body)))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "Unexpected character or end of input at [line:1, column:%d]", decoder.InputOffset()+1)
	}
	if decoder.More() {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "Unexpected character at [line:1, column:%d]", decoder.InputOffset()+1)
	}
	return nil
}

func write(w http.ResponseWriter, r *http.Request, a answer) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	text, plain := a.body.(html)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if plain {
		w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	}
	out := io.Writer(w)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		zipped := gzip.NewWriter(w)
		defer func() { _ = zipped.Close() }()
		out = zipped
	}
	w.WriteHeader(a.status)
	if plain {
		_, _ = io.WriteString(out, string(text)) // who does not listen is told nothing
		return
	}
	_ = json.NewEncoder(out).Encode(a.body)
}

// failed is the vendor's body for a fault on command.
func failed(w http.ResponseWriter, status int) {
	code, message := "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890"
	switch status {
	case http.StatusServiceUnavailable:
		code, message = "SERVER_UNAVAILABLE", "The server is too busy to process the request. Try again."
	case http.StatusForbidden:
		code, message = "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
	case http.StatusUnauthorized:
		code, message = "INVALID_SESSION_ID", "Session expired or invalid"
	case http.StatusTooManyRequests:
		code, message = "REQUEST_LIMIT_EXCEEDED", "Too many requests"
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(fault(refuse(status, code, "%s", message)).body)
}

var idInPath = regexp.MustCompile(`^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$`)

// pattern is a request's path without ids, for the log.
func pattern(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if idInPath.MatchString(part) || i > 0 && parts[i-1] == "query" {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
