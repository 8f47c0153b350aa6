// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// object of any type, as HubSpot answers.
type object struct {
	ID         string               `json:"id"`
	Properties map[string]*string   `json:"properties"`
	History    map[string][]version `json:"propertiesWithHistory"`
	CreatedAt  time.Time            `json:"createdAt"`
	UpdatedAt  time.Time            `json:"updatedAt"`
	Trace      string               `json:"objectWriteTraceId"`
}

// version of a property.
type version struct {
	Value      string    `json:"value"`
	At         time.Time `json:"timestamp"`
	SourceType string    `json:"sourceType"`
	SourceID   string    `json:"sourceId"`
}

type filter struct {
	Property string `json:"propertyName"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type order struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

type searchRequest struct {
	Groups     []filterGroup `json:"filterGroups"`
	Sorts      []order       `json:"sorts"`
	Properties []string      `json:"properties"`
	Limit      int           `json:"limit"`
}

// window is what is searched for: objects of a type, by the property with the time at which they were modified.
type window struct {
	object     string
	modified   string
	properties []string
}

// since reads one page of what was modified since a position.
//
// HubSpot sorts by one property alone and shows no more than 10,000 results of a search. So no search is paged: each begins where the last one ended,
// by time; it sees again what was modified at that very time. When a whole page was modified at one time, as after a bulk edit, what has that time is
// read by id instead, until there is no more of it. Either way no search is ever asked for its second page, and no ceiling is met.
func (s *System) since(ctx context.Context, w window, from crm.Position) ([]object, crm.Position, bool, error) {
	if from.ID != "" {
		return s.tied(ctx, w, from)
	}
	found, more, err := s.search(ctx, w, order{w.modified, "ASCENDING"}, filter{w.modified, "GTE", milliseconds(from.Time)})
	if err != nil || len(found) == 0 {
		return nil, from, false, err
	}
	last := w.time(found[len(found)-1])
	if !more {
		return found, crm.Position{Time: later(from.Time, last)}, false, nil
	}
	if !last.After(from.Time) {
		return s.tied(ctx, w, crm.Position{Time: from.Time, ID: "0"})
	}
	return found, crm.Position{Time: last}, true, nil
}

// tied reads what was modified at the time of the position, by id.
func (s *System) tied(ctx context.Context, w window, from crm.Position) ([]object, crm.Position, bool, error) {
	at := milliseconds(from.Time)
	found, more, err := s.search(ctx, w, order{objectID, "ASCENDING"},
		filter{w.modified, "GTE", at}, filter{w.modified, "LTE", at}, filter{objectID, "GT", from.ID})
	if err != nil {
		return nil, from, false, err
	}
	if !more {
		return found, crm.Position{Time: from.Time.Truncate(time.Millisecond).Add(time.Millisecond)}, true, nil
	}
	return found, crm.Position{Time: from.Time, ID: found[len(found)-1].ID}, true, nil
}

// search for the first of what there is, and whether that is all: what a page has beside its results says so, as well as a page that is full.
func (s *System) search(ctx context.Context, w window, by order, filters ...filter) (found []object, more bool, err error) {
	request := searchRequest{
		Groups: []filterGroup{{filters}}, Sorts: []order{by}, Properties: append([]string{w.modified}, w.properties...), Limit: s.page,
	}
	var answer struct {
		Results []object `json:"results"`
		Paging  paging   `json:"paging"`
	}
	if err := s.call(ctx, http.MethodPost, s.objects(w.object, "/search"), request, &answer); err != nil {
		return nil, false, port(err, request.Properties)
	}
	found, more = answer.Results, answer.Paging.Next.After != ""
	switch {
	case more && len(found) == 0:
		return nil, false, &crm.UnavailableError{Cause: "answered a search with nothing, and with a page after it"}
	case !slices.IsSortedFunc(found, w.by(by.Property)): // where the next search begins would leave something out
		return nil, false, &crm.UnavailableError{Cause: "answered a search out of the order that was asked for"}
	}
	return found, more || len(found) >= s.page, nil
}

// by is the order of a search.
func (w window) by(property string) func(a, b object) int {
	if property == objectID {
		return func(a, b object) int { return cmp.Or(len(a.ID)-len(b.ID), strings.Compare(a.ID, b.ID)) }
	}
	return func(a, b object) int { return w.time(a).Compare(w.time(b)) }
}

// time at which an object was modified, as it is searched for.
func (w window) time(o object) time.Time {
	if at := moment(o.Properties[w.modified]); !at.IsZero() {
		return at
	}
	return o.UpdatedAt.UTC()
}

func milliseconds(at time.Time) string {
	if at.IsZero() {
		return "0"
	}
	return strconv.FormatInt(at.UnixMilli(), 10)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
