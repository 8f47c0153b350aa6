// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// problem is the body of an answer that is no success, and what stands in one of several of a batch that was done in part.
type problem struct {
	Status      string          `json:"status"`
	ID          string          `json:"id"`
	Category    string          `json:"category"`
	Message     string          `json:"message"`
	PolicyName  string          `json:"policyName"`
	Subcategory json.RawMessage `json:"subCategory"`
	Context     texts           `json:"context"`
	Errors      []detail        `json:"errors"`
}

type detail struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	In      string `json:"in"`
	Context texts  `json:"context"`
}

// texts that a context has, by name. Whatever has another shape is left out: it must not hide the rest.
type texts map[string][]string

func (t *texts) UnmarshalJSON(raw []byte) error {
	var loose map[string]any
	if err := json.Unmarshal(raw, &loose); err != nil {
		return nil //nolint:nilerr // what cannot be read says nothing
	}
	*t = texts{}
	for name, value := range loose {
		switch value := value.(type) {
		case string:
			(*t)[name] = []string{value}
		case []any:
			for _, one := range value {
				(*t)[name] = append((*t)[name], fmt.Sprint(one))
			}
		}
	}
	return nil
}

const notFound = "OBJECT_NOT_FOUND"

// answerError is an answer that is no success. It becomes one of the port's errors where the adapter ends.
type answerError struct {
	status int
	after  time.Duration
	body   problem
}

func (e *answerError) Error() string { return fmt.Sprintf("HubSpot answered with status %d", e.status) }

// refuses says whether it is about what was sent.
func (e *answerError) refuses() bool {
	var refused *crm.RefusedError
	return errors.As(wire.Judge(e.status, 0, ""), &refused)
}

// port makes one of the port's errors of one of a request in which the properties were named.
func port(err error, properties []string) error {
	var answer *answerError
	if !errors.As(err, &answer) {
		return wire.Failure(err)
	}
	scopes := answer.body.scopes()
	switch {
	case answer.status == http.StatusForbidden && len(scopes) > 0:
		return &crm.CredentialError{Cause: "says that the token lacks the scope " + strings.Join(scopes, " or ")}
	case answer.status == http.StatusNotFound && answer.body.Category == notFound:
		return &crm.GoneError{Gone: crm.Deleted}
	case answer.status == http.StatusNotFound:
		return &crm.UnavailableError{Cause: "has nothing at that path (404): spec.crm.hubSpot.version may be none of its API's"}
	default:
		return wire.Judge(answer.status, answer.after, answer.body.reason(properties))
	}
}

// item makes one of the port's errors of what a batch says of one record.
func (p problem) item(properties []string) error {
	switch {
	case p.Category == notFound:
		return &crm.GoneError{Gone: crm.Deleted}
	case slices.ContainsFunc([]string{"RATE_LIMIT", "INTERNAL", "TIMEOUT", "UNAVAILABLE", "LOCKED"}, func(word string) bool {
		return strings.Contains(p.Category, word)
	}):
		return &crm.UnavailableError{Cause: "could not take the change of one record now, " + p.reason(properties)}
	default:
		return &crm.RefusedError{Status: http.StatusBadRequest, Reason: p.reason(properties)}
	}
}

var (
	scopeName = regexp.MustCompile(`^[a-z][a-z0-9_.\-]{2,60}$`)
	codeName  = regexp.MustCompile(`^[A-Z][A-Z0-9_]{2,60}$`)
	codeInMsg = regexp.MustCompile(`"error" ?: ?"([A-Z][A-Z0-9_]{2,60})"`)
	word      = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)
)

// scopes that the token lacks.
func (p problem) scopes() []string {
	var all []string
	contexts := []texts{p.Context}
	for _, d := range p.Errors {
		contexts = append(contexts, d.Context)
	}
	for _, context := range contexts {
		for _, name := range []string{"missingScopes", "requiredGranularScopes", "requiredScopes"} {
			for _, scope := range context[name] {
				if scopeName.MatchString(scope) && !slices.Contains(all, scope) {
					all = append(all, scope)
				}
			}
		}
	}
	return all
}

// codes that it gives, in order.
func (p problem) codes() []string {
	var all []string
	add := func(code string) {
		if codeName.MatchString(code) && !slices.Contains(all, code) {
			all = append(all, code)
		}
	}
	for _, d := range p.Errors {
		add(d.Code)
	}
	for _, found := range codeInMsg.FindAllStringSubmatch(p.Message, -1) {
		add(found[1])
	}
	return all
}

// named are those of the properties that it names. What it says besides may hold values, and is not repeated.
func (p problem) named(properties []string) []string {
	said := map[string]bool{}
	note := func(text string) {
		for _, one := range word.FindAllString(text, -1) {
			said[one] = true
		}
	}
	note(p.Message)
	for _, d := range p.Errors {
		note(d.In)
		note(d.Message)
		for _, values := range d.Context {
			for _, value := range values {
				note(value)
			}
		}
	}
	var names []string
	for _, property := range properties {
		if said[property] {
			names = append(names, property)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// whatever are the codes of what is refused whatever the value is.
var whatever = []string{"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "PROPERTY_NOT_FOUND"}

// everywhere are those of the properties that are refused in each record that has them. One that is named for its value is none: others may have a
// better one.
func (p problem) everywhere(properties []string) []string {
	isOther := func(code string) bool { return !slices.Contains(whatever, code) }
	if codes := p.codes(); len(codes) > 0 && !slices.ContainsFunc(codes, isOther) {
		return p.named(properties)
	}
	return problem{Errors: slices.DeleteFunc(slices.Clone(p.Errors), func(d detail) bool { return isOther(d.Code) })}.named(properties)
}

// reason in HubSpot's codes and the names of properties.
func (p problem) reason(properties []string) string {
	var parts []string
	if codeName.MatchString(p.Category) {
		parts = append(parts, p.Category)
	}
	parts = append(parts, p.codes()...)
	text := strings.Join(slices.Compact(parts), ", ")
	if names := p.named(properties); len(names) > 0 {
		text += " of " + strings.Join(names, ", ")
	}
	return strings.TrimSpace(text)
}

// noAssociation says whether it is about an object that has none.
func (p problem) noAssociation() bool {
	return strings.Contains(string(p.Subcategory), "NO_ASSOCIATIONS_FOUND")
}
