// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

const (
	// spent is how long to wait when the requests of 24 hours are used up: some of them are a day old all the time.
	spent = 5 * time.Minute
	// crowded is how long to wait when too many requests take long at once.
	crowded = 10 * time.Second
)

// failure is an answer that is no success, with what it was made from. The port's error is inside.
type failure struct {
	err    error
	status int
	codes  []string
	fields []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// said is one error of Salesforce: of a request, where the code is errorCode, or of an item, where it is statusCode.
type said struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func parse(body []byte) []said {
	var many []said
	if json.Unmarshal(body, &many) == nil {
		return many
	}
	var one said
	if json.Unmarshal(body, &one) == nil {
		return []said{one}
	}
	return nil
}

// noColumn is where a message names the field: there is no other place for it.
var noColumn = regexp.MustCompile(`No such column '([A-Za-z][A-Za-z0-9_]*)'`)

// summary of errors: their codes, and the fields that they are about. Nothing else of them is told, since messages repeat values.
func summary(list []said) (codes, fields []string) {
	for _, e := range list {
		code := e.ErrorCode
		if code == "" {
			code = e.StatusCode
		}
		if isCode(code) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
		named := e.Fields
		if found := noColumn.FindStringSubmatch(e.Message); found != nil {
			named = append(slices.Clone(named), found[1])
		}
		for _, field := range named {
			if fieldForm.MatchString(field) && !slices.Contains(fields, field) {
				fields = append(fields, field)
			}
		}
	}
	return codes, fields
}

func reason(codes, fields []string) string {
	text := strings.Join(codes, ", ")
	if len(fields) > 0 {
		text = strings.TrimSpace(text + " on " + strings.Join(fields, ", "))
	}
	return text
}

// failed makes an error of an answer.
func (s *System) failed(response *http.Response) *failure {
	body, _ := io.ReadAll(response.Body)
	codes, fields := summary(parse(body))
	f := &failure{status: response.StatusCode, codes: codes, fields: fields}
	switch {
	case slices.Contains(codes, limited):
		f.err = &crm.UnavailableError{Cause: "allows no more requests now (" + limited + ")", After: pause(body)}
	case response.StatusCode < http.StatusInternalServerError && response.StatusCode != http.StatusUnauthorized && slices.ContainsFunc(codes, passing):
		f.err = &crm.UnavailableError{Cause: "cannot do it now" + inBrackets(reason(codes, fields))}
	default:
		f.err = wire.Judge(response.StatusCode, wire.RetryAfter(response.Header, s.access.Now()), reason(codes, fields))
	}
	return f
}

const limited = "REQUEST_LIMIT_EXCEEDED"

// passing says whether what a code says passes by itself.
func passing(code string) bool {
	switch code {
	case "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG", "UNKNOWN_EXCEPTION", "INTERNAL_SERVER_ERROR", limited:
		return true
	default:
		return false
	}
}

func pause(body []byte) time.Duration {
	if strings.Contains(string(body), "Concurrent") {
		return crowded
	}
	return spent
}

// allowance is what an answer says of the requests of the last 24 hours, and whether it refused one for their number.
func allowance(_ *http.Request, status int, header http.Header, body []byte) crm.Allowance {
	var out crm.Allowance
	for part := range strings.FieldsFuncSeq(header.Get("Sforce-Limit-Info"), func(r rune) bool { return r == ',' || r == ';' }) {
		// Beside it there may be per-app-api-usage, which is of this app alone.
		text, found := strings.CutPrefix(strings.TrimSpace(part), "api-usage=")
		if !found {
			continue
		}
		used, limit, _ := strings.Cut(text, "/")
		n, err := strconv.Atoi(used)
		m, err2 := strconv.Atoi(limit)
		if err == nil && err2 == nil && m > 0 && n >= 0 {
			out.DayLimit, out.DayRemaining = m, max(m-n, 0)
		}
	}
	if status/100 != 2 {
		if codes, _ := summary(parse(body)); slices.Contains(codes, limited) {
			out.Blocked = pause(body)
		}
	}
	return out
}

// refusal of one item of a collection: what became of the record, or why it was not taken.
func refusal(list []said) error {
	codes, fields := summary(list)
	has := func(code string) bool { return slices.Contains(codes, code) }
	ofField := slices.ContainsFunc(fields, func(field string) bool { return field != "Id" }) // a reference, and not the record
	switch {
	case has("CANNOT_UPDATE_CONVERTED_LEAD"):
		return &crm.GoneError{Gone: crm.Converted}
	case has("ENTITY_IS_DELETED"), has("NOT_FOUND"), has("INVALID_CROSS_REFERENCE_KEY") && !ofField && len(codes) == 1:
		return &crm.GoneError{Gone: crm.Deleted}
	case slices.ContainsFunc(codes, passing):
		return &crm.UnavailableError{Cause: "cannot write the record now" + inBrackets(reason(codes, fields))}
	default:
		return &crm.RefusedError{Status: http.StatusBadRequest, Reason: reason(codes, fields)}
	}
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
