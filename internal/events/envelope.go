// SPDX-License-Identifier: Apache-2.0

// Package events takes CloudEvents 1.0 over HTTP, in structured, batch and binary mode, checks them against the definition
// in force, and hands what is good to the ledger.
package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
)

// TypePrefix begins the type of every event that is taken; the kind follows, as in dev.handoff.lead.captured.
const TypePrefix = "dev.handoff.lead."

// FieldError is what is wrong with one field of an event.
type FieldError struct {
	Field   string // such as data.properties.employees; empty when the event as a whole is at fault
	Message string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

func wrong(field, format string, args ...any) error {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// envelope is a CloudEvent before its content is looked at: its attributes as text, and its data.
type envelope struct {
	attributes map[string]string
	data       json.RawMessage
}

// structured reads one event in the JSON format.
func structured(text []byte) (envelope, error) {
	e := envelope{attributes: map[string]string{}}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return e, wrong("", "not a JSON object%s", position(err))
	}
	for name, value := range members {
		switch name {
		case "data":
			e.data = value
		case "data_base64":
			return e, wrong(name, "binary data are not taken; send a JSON object as data")
		default:
			attribute, ok := attributeText(value)
			if !ok {
				return e, wrong(name, "an attribute is a string, a whole number or a boolean")
			}
			if attribute != nil {
				e.attributes[name] = *attribute
			}
		}
	}
	return e, nil
}

// attributeText is the canonical text of an attribute's value; nil for null, which means absent.
func attributeText(value json.RawMessage) (*string, bool) {
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		return nil, false
	}
	switch v := decoded.(type) {
	case nil:
		return nil, true
	case string:
		return &v, true
	case float64, bool:
		text := string(value)
		return &text, !strings.ContainsAny(text, ".eE") || text == "true" || text == "false"
	default:
		return nil, false
	}
}

// binary reads an event whose attributes are in the headers and whose data are the body.
func binary(header http.Header, body []byte) envelope {
	e := envelope{attributes: map[string]string{}, data: body}
	for name, values := range header {
		attribute, is := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !is || len(values) == 0 {
			continue
		}
		// The binding percent-encodes what a header cannot carry. A value that was not encoded is taken as it is.
		text, err := url.PathUnescape(values[0])
		if err != nil {
			text = values[0]
		}
		e.attributes[attribute] = text
	}
	if text := header.Get("Content-Type"); text != "" {
		e.attributes["datacontenttype"] = text
	}
	return e
}

// cloudEvent checks the attributes by the rules of the specification, as its SDK has them.
func (e envelope) cloudEvent() (event.Event, error) {
	version, stated := e.attributes["specversion"]
	if !stated {
		return event.Event{}, wrong("specversion", `missing; it should be "1.0"`)
	}
	if version != event.CloudEventsVersionV1 {
		return event.Event{}, wrong("specversion", `should be "1.0"`)
	}
	ce := event.New(event.CloudEventsVersionV1)
	for name, text := range e.attributes {
		if err := setAttribute(&ce, name, text); err != nil {
			return ce, err
		}
	}
	for _, name := range []string{"id", "source", "type", "subject", "time"} {
		if e.attributes[name] == "" {
			return ce, wrong(name, "missing")
		}
	}
	if err := ce.Validate(); err != nil {
		var problems event.ValidationError
		if errors.As(err, &problems) {
			for field := range problems {
				return ce, wrong(field, "not valid by the CloudEvents specification")
			}
		}
		return ce, wrong("", "not valid by the CloudEvents specification")
	}
	return ce, nil
}

func setAttribute(ce *event.Event, name, text string) error {
	switch name {
	case "specversion":
	case "id":
		ce.SetID(text)
	case "source":
		if types.ParseURIRef(text) == nil {
			return wrong(name, "not a URI reference")
		}
		ce.SetSource(text)
	case "type":
		ce.SetType(text)
	case "subject":
		ce.SetSubject(text)
	case "time":
		at, err := types.ParseTime(text)
		if err != nil {
			return wrong(name, "not a time by RFC 3339, such as 2027-01-04T14:03:00Z")
		}
		ce.SetTime(at)
	case "datacontenttype":
		if !isJSON(text) {
			return wrong(name, "data are JSON: application/json")
		}
		ce.SetDataContentType(text)
	case "dataschema":
		if types.ParseURI(text) == nil {
			return wrong(name, "not an absolute URI")
		}
		ce.SetDataSchema(text)
	default:
		ce.SetExtension(name, text)
		if ce.FieldErrors != nil {
			return wrong(name, "not a name for an attribute: lower-case letters and digits only")
		}
	}
	return nil
}

// position says where the JSON breaks off, without repeating any of it.
func position(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf(": it breaks off or is malformed at byte %d", syntax.Offset)
	}
	return ""
}
