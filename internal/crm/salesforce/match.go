// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// find the records that items name by a value. Those that are there are updated, and so keep what a new record would begin with; the others go on
// without an id, as an upsert: it makes no second record, whatever became of the answer to the first.
func (w *writing) find(ctx context.Context, items []*item) []*item {
	byField := map[string][]*item{}
	for _, i := range items {
		if i.id == "" {
			byField[i.match.Field] = append(byField[i.match.Field], i)
		}
	}
	for field, some := range byField {
		found, err := w.matches(ctx, field, some)
		for _, i := range some {
			w.settle(i, found[strings.ToLower(i.match.Value)], err)
		}
	}
	var out []*item
	for _, i := range items {
		if w.results[i.at].Err == nil {
			out = append(out, i)
		}
	}
	return out
}

func (w *writing) settle(i *item, found []row, err error) {
	if !utf8.ValidString(i.match.Value) {
		w.refuse(i.at, "JSON_PARSER_ERROR")
		return
	}
	began, refused := w.values(w.org.begins(i.match.Values))
	switch {
	case err != nil:
		w.results[i.at].Err = wire.Failure(err)
	case refused != nil:
		w.results[i.at].Err = refused
	case len(found) > 1:
		w.results[i.at].Err = &crm.RefusedError{Status: http.StatusMultipleChoices, Reason: "more than one lead has the value, on " + i.match.Field}
	case len(found) == 1 && found[0].is("IsConverted"):
		w.results[i.at] = crm.Written{Record: found[0].text("Id"), Err: &crm.GoneError{Gone: crm.Converted}}
	case len(found) == 1:
		i.id = found[0].text("Id")
	default:
		i.match = &crm.Match{Field: i.match.Field, Value: i.match.Value, Values: began}
	}
}

// matches are the rows that have the values, by these in lower case: Salesforce does not tell capitals apart there.
func (w *writing) matches(ctx context.Context, field string, items []*item) (map[string][]row, error) {
	number := w.org.lead[field].Type == crm.TypeNumber
	var quoted []string
	for _, i := range items {
		_, err := strconv.ParseFloat(i.match.Value, 64)
		switch {
		case !number:
			quoted = append(quoted, quote(i.match.Value))
		case err == nil:
			quoted = append(quoted, i.match.Value)
		}
	}
	found, err := w.wholeOf(ctx, live, lists(field, quoted, maxWrites), func(condition string) string {
		return selectFrom(objectLead, []string{"Id", "IsConverted", field}, "", condition)
	})
	out := map[string][]row{}
	for _, r := range found {
		key := strings.ToLower(plain(r[field], w.org.lead[field].Type))
		out[key] = append(out[key], r)
	}
	return out, err
}
