// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// batchAnswer is what a batch says of its parts.
type batchAnswer struct {
	Status  string    `json:"status"`
	Results []object  `json:"results"`
	Errors  []problem `json:"errors"`
}

// item is one write on its way.
type item struct {
	at         int    // in the call
	id         string // "" for one that is to be made
	by, match  string // property and its value, for one that is to be found or made
	properties map[string]string
	begins     map[string]string // properties besides, of one that is made
	was        map[string]any
	answer     *object // of the last request that took it
	err        error
}

func (i *item) names() []string { return slices.Sorted(maps.Keys(i.properties)) }

// key of an item that no other one in the same batch may have.
func (i *item) key() string {
	if i.id != "" {
		return i.id
	}
	return i.by + "=" + strings.ToLower(i.match)
}

func (i *item) fail(err error) { i.err, i.answer = err, nil }

type batchInput struct {
	ID         string            `json:"id"`
	By         string            `json:"idProperty,omitempty"`
	Trace      string            `json:"objectWriteTraceId"`
	Properties map[string]string `json:"properties"`
}

// send items in one batch. What HubSpot refuses as a whole is sent again in halves, until it is known which ones it does not take: so what is wrong with
// one spoils no other.
func (s *System) send(ctx context.Context, verb string, items []*item) {
	if len(items) == 0 {
		return
	}
	request := struct {
		Inputs []batchInput `json:"inputs"`
	}{}
	var names []string
	for _, one := range items {
		input := batchInput{ID: one.id, Trace: strconv.Itoa(one.at), Properties: one.properties}
		if one.id == "" {
			input.ID, input.By = one.match, one.by
		}
		request.Inputs = append(request.Inputs, input)
		names = append(names, one.names()...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var answer batchAnswer
	err := s.call(ctx, http.MethodPost, s.objects(contacts, "/batch/"+verb), request, &answer)
	var refusal *answerError
	switch {
	case err == nil:
		s.settle(ctx, verb, items, answer)
	case !errors.As(err, &refusal), !refusal.refuses(), refusal.status == http.StatusNotFound && refusal.body.Category != notFound:
		failAll(items, port(err, names))
	case len(items) == 1:
		items[0].fail(port(err, append(names, s.missed(refusal.body)...)))
	default:
		s.part(ctx, verb, items, refusal, names)
	}
}

// missed are properties that HubSpot complains of although they were not sent: rules of the account may require one for the sake of another. What is none
// of the account's is left out, since it may be a value.
func (s *System) missed(why problem) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var all []string
	for _, d := range why.Errors {
		for _, name := range d.Context["propertyName"] {
			if _, known := s.known.fields[name]; known {
				all = append(all, name)
			}
		}
	}
	return all
}

// part a batch that was refused. Items that have a property which no contact has, or which nobody may write, are known to be to blame; otherwise it is
// halved.
func (s *System) part(ctx context.Context, verb string, items []*item, refusal *answerError, names []string) {
	if blamed := refusal.body.everywhere(names); len(blamed) > 0 {
		bad, good := split(items, func(one *item) bool {
			return slices.ContainsFunc(blamed, func(name string) bool { _, has := one.properties[name]; return has })
		})
		failAll(bad, port(refusal, blamed))
		s.send(ctx, verb, good)
		return
	}
	half := len(items) / 2
	s.send(ctx, verb, items[:half])
	s.send(ctx, verb, items[half:])
}

func split(items []*item, is func(*item) bool) (yes, no []*item) {
	for _, one := range items {
		if is(one) {
			yes = append(yes, one)
		} else {
			no = append(no, one)
		}
	}
	return yes, no
}

func failAll(items []*item, err error) {
	for _, one := range items {
		one.fail(err)
	}
}

// settle what a batch says of each item. One of which it says nothing is sent alone.
func (s *System) settle(ctx context.Context, verb string, items []*item, answer batchAnswer) {
	left := items
	if len(items) == 1 && len(answer.Results) == 1 { // whatever id it has: a contact that was merged answers with that of the other
		items[0].answer, items[0].err = &answer.Results[0], nil
		return
	}
	for _, result := range answer.Results {
		if i := slices.IndexFunc(left, func(one *item) bool { return one.is(result) }); i >= 0 {
			left[i].answer, left[i].err = &result, nil
			left = slices.Concat(left[:i], left[i+1:])
		}
	}
	var unclaimed []problem
	for _, why := range answer.Errors {
		blamed, rest := split(left, func(one *item) bool { return one.blamed(why) })
		if len(blamed) == 0 {
			unclaimed = append(unclaimed, why)
		}
		for _, one := range blamed {
			one.fail(why.item(one.names()))
		}
		left = rest
	}
	switch {
	case len(left) == 0:
	case len(left) == 1 && len(unclaimed) > 0:
		left[0].fail(unclaimed[0].item(left[0].names()))
	case len(items) == 1:
		left[0].fail(&crm.UnavailableError{Cause: "did not say what became of a change"})
	default:
		for _, one := range left {
			s.send(ctx, verb, []*item{one})
		}
	}
}

// is says whether a result is the item's: by the number that went with it, or by what names the record.
func (i *item) is(result object) bool {
	switch {
	case result.Trace != "":
		return result.Trace == strconv.Itoa(i.at)
	case i.id != "":
		return result.ID == i.id || slices.Contains(result.merged(), i.id)
	default:
		return result.isFoundBy(i.by, i.match)
	}
}

func (i *item) blamed(why problem) bool {
	if traces := why.Context["objectWriteTraceId"]; len(traces) > 0 {
		return slices.Contains(traces, strconv.Itoa(i.at))
	}
	id := i.id
	if id == "" {
		id = i.match
	}
	named := slices.Concat(why.Context["ids"], why.Context["id"], []string{why.ID})
	return slices.ContainsFunc(named, func(one string) bool { return strings.EqualFold(one, id) })
}

// written is what became of an item.
func (i *item) written() crm.Written {
	if i.err != nil {
		return crm.Written{Record: i.id, Err: i.err}
	}
	return crm.Written{Record: i.answer.ID, Modified: i.answer.UpdatedAt.UTC().Truncate(time.Millisecond)}
}
