// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// apiError is an answer that is none, in HubSpot's words.
type apiError struct {
	status      int
	Message     string
	Category    string
	SubCategory string
	Details     []detail
	Context     map[string][]string
	Links       map[string]string
	Policy      string // of a rate limit
}

// detail of an error.
type detail struct {
	Message string              `json:"message"`
	Code    string              `json:"code,omitempty"`
	In      string              `json:"in,omitempty"`
	Context map[string][]string `json:"context,omitempty"`
}

func (e apiError) Error() string { return e.Message }

func (e apiError) body() map[string]any {
	body := map[string]any{"status": "error", "message": e.Message, "correlationId": correlation()}
	for name, value := range map[string]string{"category": e.Category, "subCategory": e.SubCategory, "policyName": e.Policy} {
		if value != "" {
			body[name] = value
		}
	}
	if e.Policy != "" {
		body["errorType"] = "RATE_LIMIT"
	}
	if len(e.Details) > 0 {
		body["errors"] = e.Details
	}
	if len(e.Context) > 0 {
		body["context"] = e.Context
	}
	if len(e.Links) > 0 {
		body["links"] = e.Links
	}
	return body
}

func invalid(format string, args ...any) apiError {
	return apiError{status: http.StatusBadRequest, Category: "VALIDATION_ERROR", Message: fmt.Sprintf(format, args...)}
}

func notFound() apiError {
	return apiError{status: http.StatusNotFound, Category: "OBJECT_NOT_FOUND", Message: "resource not found"}
}

func notAllowed() apiError {
	return apiError{status: http.StatusMethodNotAllowed, Message: "Method Not Allowed"}
}

// wrongValue is what is wrong with a value of a property.
type wrongValue struct {
	IsValid bool   `json:"isValid"`
	Message string `json:"message"`
	Error   string `json:"error"`
	Name    string `json:"name"`
	Portal  int64  `json:"portalId,omitempty"`
}

// wrongValues is the error for values that a property does not take: HubSpot puts JSON into the message, and the codes beside it.
func wrongValues(wrong []wrongValue) apiError {
	list, _ := json.Marshal(wrong) // strings and numbers always marshal
	e := invalid("Property values were not valid: %s", list)
	for _, w := range wrong {
		e.Details = append(e.Details, detail{Message: w.Message, Code: w.Error, Context: map[string][]string{"propertyName": {w.Name}}})
	}
	return e
}

var correlations atomic.Int64

// correlation makes an id that looks like those of HubSpot, without chance: runs can be compared.
func correlation() string {
	return fmt.Sprintf("019db0fe-0000-7000-8000-%012x", correlations.Add(1))
}

func (c *call) write(status int, body any) {
	c.w.Header().Set("Content-Type", "application/json;charset=utf-8")
	c.w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(c.w).Encode(body) // the caller may be gone
	}
}

func (c *call) ok(body any) error {
	c.write(http.StatusOK, body)
	return nil
}

func (c *call) created(body any) error {
	c.write(http.StatusCreated, body)
	return nil
}

func (c *call) none() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) fail(err error) {
	e := apiError{status: http.StatusInternalServerError, Message: "internal error"}
	errors.As(err, &e)
	c.write(e.status, e.body())
}

// read the body.
func (c *call) read(into any) error {
	if err := json.Unmarshal(c.body, into); err != nil {
		return invalid("Invalid input JSON: %v", err)
	}
	return nil
}

// number of the query, within bounds.
func (c *call) number(name string, or, most int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return or, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("%s must be from 1 to %d, and is %s", name, most, text)
	}
	return n, nil
}

// list of the query: repeated, or with commas.
func (c *call) list(name string) []string {
	var out []string
	for _, value := range c.r.URL.Query()[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// fail is the error that a fault answers with.
func (f *Fake) fail(w http.ResponseWriter, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := apiError{status: status, Message: "internal error"}
	switch status {
	case http.StatusTooManyRequests:
		e.Message, e.Policy = "You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING"
	case http.StatusLocked:
		e.Message = "The record is locked, try again in 2 seconds"
	case http.StatusUnauthorized:
		e = unauthenticated()
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// Those come from what stands before HubSpot, and are no JSON.
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<html><body><h1>%d %s</h1></body></html>", status, http.StatusText(status))
		return
	}
	(&call{w: w}).write(status, e.body())
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
