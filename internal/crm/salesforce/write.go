// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	client "github.com/k-capehart/go-salesforce/v3"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// item is a write on its way.
type item struct {
	at     int            // among the writes
	id     string         // of the record; "": it is found, or made, by match
	match  *crm.Match     // as asked
	values map[string]any // by field
}

// key is by what an item names its record: two with the same one cannot be in one request.
func (i *item) key() string {
	if i.id != "" {
		return i.id
	}
	return i.match.Field + "\x00" + strings.ToLower(i.match.Value)
}

// writing is the work on the writes of one call.
type writing struct {
	*System
	org     *org
	results []crm.Written
	made    map[string]string // ids of records that were made, by the items' keys
}

// Write implements crm.Writer.
func (s *System) Write(ctx context.Context, writes []crm.Write) []crm.Written {
	w := &writing{System: s, results: make([]crm.Written, len(writes)), made: map[string]string{}}
	o, err := s.described(ctx)
	if err != nil {
		for i := range w.results {
			w.results[i] = crm.Written{Record: writes[i].Record, Err: wire.Failure(err)}
		}
		return w.results
	}
	w.org = o
	pending := w.prepare(ctx, writes)
	pending = w.find(ctx, pending)
	for len(pending) > 0 {
		var round []*item
		round, pending = w.next(pending)
		w.round(ctx, round)
	}
	w.modified(ctx)
	return w.results
}

// prepare items; what cannot be written has its answer.
func (w *writing) prepare(ctx context.Context, writes []crm.Write) []*item {
	users, err := w.users(ctx, writes)
	var out []*item
	for i, write := range writes {
		w.results[i].Record = write.Record
		values, refused := w.values(write.Values)
		switch {
		case refused != nil:
			w.results[i].Err = refused
			continue
		case write.Record != "" && !isLead(write.Record):
			w.refuse(i, "MALFORMED_ID on Id")
			continue
		case write.Record == "" && (write.Match == nil || !fieldForm.MatchString(write.Match.Field) || write.Match.Value == ""):
			w.refuse(i, "no record, and nothing to find it by")
			continue
		}
		if write.Owner != nil && *write.Owner != "" {
			if err != nil {
				w.results[i].Err = wire.Failure(err)
				continue
			}
			user, known := users.byEmail[strings.ToLower(*write.Owner)]
			if !known {
				w.refuse(i, "no active user has the rep's e-mail address, on "+ownerField)
				continue
			}
			values[ownerField] = user
		}
		if write.Record != "" && len(values) == 0 {
			continue // there is nothing to say
		}
		out = append(out, &item{at: i, id: write.Record, match: write.Match, values: values})
	}
	return out
}

func (w *writing) refuse(at int, why string) {
	w.results[at].Err = &crm.RefusedError{Status: http.StatusBadRequest, Reason: why}
}

// users by whose addresses the writes name owners.
func (w *writing) users(ctx context.Context, writes []crm.Write) (*people, error) {
	return w.peopleWith(ctx, w.org, func(p *people) bool {
		return !slices.ContainsFunc(writes, func(write crm.Write) bool {
			return write.Owner != nil && *write.Owner != "" && p.byEmail[strings.ToLower(*write.Owner)] == ""
		})
	})
}

// values as Salesforce takes them.
func (w *writing) values(in map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(in)+1)
	for field, v := range in {
		if !fieldForm.MatchString(field) || strings.EqualFold(field, "Id") || strings.EqualFold(field, "attributes") {
			return nil, &crm.RefusedError{Status: http.StatusBadRequest, Reason: "INVALID_FIELD"}
		}
		if at, is := v.(time.Time); is {
			v = at.UTC().Format(timeForm)
			if w.org.lead[field].Type == crm.TypeDate {
				v = at.UTC().Format(time.DateOnly)
			}
			if at.IsZero() {
				v = nil
			}
		}
		out[field] = v
	}
	return out, nil
}

// next is as many items as one request takes, each of another record, and all either of known records or found by the same field.
func (w *writing) next(pending []*item) (round, rest []*item) {
	taken := map[string]bool{}
	for _, i := range pending {
		if i.id == "" {
			i.id = w.made[i.key()]
		}
	}
	for _, i := range pending {
		same := len(round) == 0 || (i.id == "") == (round[0].id == "") && (i.id != "" || i.match.Field == round[0].match.Field)
		if !same || taken[i.key()] || len(round) == maxWrites {
			// Who comes later with the same record waits for it, and so does everybody after him with it.
			taken[i.key()] = true
			rest = append(rest, i)
			continue
		}
		taken[i.key()] = true
		round = append(round, i)
	}
	return round, rest
}

// round writes items of one request. One that is refused as a whole is cut in two until what is wrong is found: in a collection, a field that is not there
// or a value that cannot be read spoils all.
func (w *writing) round(ctx context.Context, items []*item) {
	results, err := w.send(ctx, items)
	var f *failure
	var refused *crm.RefusedError
	switch {
	case err == nil && len(results) != len(items):
		err = &crm.UnavailableError{Cause: fmt.Sprintf("answered for %d records of %d", len(results), len(items))}
	case errors.As(err, &refused) && errors.As(err, &f) && f.status == http.StatusBadRequest && len(items) > 1:
		spoilt, rest := partition(items, f.fields)
		if len(rest) == 0 { // it is the same with all
			break
		}
		w.round(ctx, spoilt)
		w.round(ctx, rest)
		return
	}
	for n, i := range items {
		if err != nil {
			w.results[i.at].Err = wire.Failure(err)
			continue
		}
		w.take(i, results[n])
	}
}

// partition items by whether they have one of the fields; in two halves, where no field is named.
func partition(items []*item, fields []string) (spoilt, rest []*item) {
	if len(fields) == 0 {
		return items[:len(items)/2], items[len(items)/2:]
	}
	for _, i := range items {
		if slices.ContainsFunc(fields, func(field string) bool {
			_, has := i.values[field]
			return has || i.match != nil && i.match.Values[field] != nil
		}) {
			spoilt = append(spoilt, i)
		} else {
			rest = append(rest, i)
		}
	}
	if len(spoilt) == 0 {
		return partition(items, nil)
	}
	return spoilt, rest
}

func (w *writing) take(i *item, result client.SalesforceResult) {
	if !result.Success {
		list := make([]said, len(result.Errors))
		for n, e := range result.Errors {
			list[n] = said{ErrorCode: e.ErrorCode, StatusCode: e.StatusCode, Message: e.Message, Fields: e.Fields}
		}
		w.results[i.at].Err = refusal(list)
		return
	}
	id := result.Id
	if i.id != "" {
		id = i.id
	} else {
		w.made[i.key()] = id
	}
	w.results[i.at].Record = id
}

// send one request. The library has it go through a session, which makes errors of answers that are no success.
func (w *writing) send(ctx context.Context, items []*item) ([]client.SalesforceResult, error) {
	library, err := w.library(ctx)
	if err != nil {
		return nil, err
	}
	records := make([]map[string]any, len(items))
	for n, i := range items {
		records[n] = maps.Clone(i.values)
		if i.id != "" {
			records[n]["Id"] = i.id
			continue
		}
		for field, v := range i.match.Values {
			if _, has := records[n][field]; !has {
				records[n][field] = v
			}
		}
		records[n][i.match.Field] = i.match.Value
	}
	var out client.SalesforceResults
	if items[0].id != "" {
		out, err = library.UpdateCollection(objectLead, records, maxWrites)
	} else {
		out, err = library.UpsertCollection(objectLead, items[0].match.Field, records, maxWrites)
	}
	return out.Results, err
}

// modified notes the records' times after the write, so that what was read before it is known to be older. Who cannot ask, does without.
func (w *writing) modified(ctx context.Context) {
	var written []string
	for _, r := range w.results {
		if r.Err == nil && isLead(r.Record) {
			written = append(written, r.Record)
		}
	}
	slices.Sort(written)
	list, err := w.wholeOf(ctx, live, ids("Id", slices.Compact(written), maxWrites), func(condition string) string {
		return selectFrom(objectLead, []string{"Id", modstamp}, "", condition)
	})
	if err != nil {
		return
	}
	at := map[string]time.Time{}
	for _, r := range list {
		at[r.text("Id")] = r.time(modstamp)
	}
	for i, r := range w.results {
		if r.Err == nil {
			w.results[i].Modified = at[r.Record]
		}
	}
}
