// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query is a request to search.
type query struct {
	Query      string           `json:"query"`
	Groups     []filterGroup    `json:"filterGroups"`
	Filters    []filter         `json:"filters"`
	Sorts      []sorting        `json:"sorts"`
	Properties []string         `json:"properties"`
	Limit      *int             `json:"limit"`
	After      *json.RawMessage `json:"after"` // a text or a number
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type filter struct {
	Property string   `json:"propertyName"`
	Operator string   `json:"operator"`
	Value    string   `json:"value"`
	High     string   `json:"highValue"`
	Values   []string `json:"values"`

	key, highKey string // in the form that sorts
	keys         []string
}

// sorting is an object, or the bare name of a property, with a minus for the other direction.
type sorting struct {
	Property   string `json:"propertyName"`
	Descending bool   `json:"-"`
}

// UnmarshalJSON takes both forms.
func (s *sorting) UnmarshalJSON(b []byte) error {
	var name string
	if json.Unmarshal(b, &name) == nil {
		s.Property, s.Descending = strings.CutPrefix(name, "-")
		return nil
	}
	var whole struct {
		Property  string `json:"propertyName"`
		Direction string `json:"direction"`
	}
	err := json.Unmarshal(b, &whole)
	s.Property, s.Descending = whole.Property, whole.Direction == "DESCENDING"
	return err
}

// What HubSpot's documentation gives as the limits of a search.
const (
	maxGroups, maxFilters, maxPerGroup = 5, 18, 6
	maxFound, maxPage, maxSearch       = 10_000, 200, 3000 // maxSearch: characters of the body
)

// search is answered from the index.
func (f *Fake) search(c *call, t objectType) error {
	var q query
	if err := c.read(&q); err != nil {
		return err
	}
	if len(c.body) > maxSearch {
		return invalid("The body has %d characters: %d are the limit", len(c.body), maxSearch)
	}
	limit, after, err := f.checkQuery(t, &q)
	if err != nil {
		return err
	}
	type hit struct {
		r    *record
		seen *snapshot
		key  string
	}
	var hits []hit
	for _, r := range f.objects[t.plural] {
		seen := r.see(c.at)
		if seen != nil && !seen.archived && f.matches(t, q, seen.values) {
			h := hit{r: r, seen: seen}
			if len(q.Sorts) > 0 {
				h.key = f.sortKey(t, q.Sorts[0].Property, seen.values)
			}
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		order := strings.Compare(a.key, b.key)
		if len(q.Sorts) > 0 && q.Sorts[0].Descending {
			order = -order
		}
		return cmp.Or(order, f.tie(a.r, b.r))
	})
	body := map[string]any{"total": len(hits)}
	page := hits[min(after, len(hits)):]
	if len(page) > limit {
		page = page[:limit]
		body["paging"] = paging(strconv.Itoa(after + limit))
	}
	results := make([]any, len(page))
	for i, h := range page {
		shown := f.render(h.r, h.seen.values, q.Properties)
		shown["updatedAt"], shown["archived"] = stamp(h.seen.modified), false
		results[i] = shown
	}
	body["results"] = results
	return c.ok(body)
}

// tie is the order of what the sort does not tell apart. HubSpot promises none: this one is stable, and not that of the ids.
func (f *Fake) tie(a, b *record) int {
	return cmp.Or(cmp.Compare(a.number%7, b.number%7), cmp.Compare(b.number, a.number))
}

func (f *Fake) checkQuery(t objectType, q *query) (limit, after int, err error) {
	if len(q.Filters) > 0 {
		q.Groups = append(q.Groups, filterGroup{Filters: q.Filters})
	}
	all := 0
	for _, g := range q.Groups {
		all += len(g.Filters)
		if len(g.Filters) > maxPerGroup {
			return 0, 0, invalid("A filter group has %d filters: %d are the limit", len(g.Filters), maxPerGroup)
		}
		for i := range g.Filters {
			if err := f.checkFilter(t, &g.Filters[i]); err != nil {
				return 0, 0, err
			}
		}
	}
	switch {
	case len(q.Groups) > maxGroups:
		return 0, 0, invalid("There are %d filter groups: %d are the limit", len(q.Groups), maxGroups)
	case all > maxFilters:
		return 0, 0, invalid("There are %d filters: %d are the limit", all, maxFilters)
	case len(q.Sorts) > 1:
		return 0, 0, invalid("Only one sort is allowed, and there are %d", len(q.Sorts))
	}
	for _, s := range q.Sorts {
		if f.schema[t.plural].live(s.Property) == nil {
			return 0, 0, unknownProperty(s.Property)
		}
	}
	limit = 10
	if q.Limit != nil {
		limit = *q.Limit
	}
	if limit < 1 || limit > maxPage {
		return 0, 0, invalid("limit is %d: it must be from 1 to %d", limit, maxPage)
	}
	if q.After != nil {
		text := strings.Trim(string(*q.After), `"`)
		if text == "null" {
			text = "0"
		}
		if text != "" {
			if after, err = strconv.Atoi(text); err != nil || after < 0 {
				return 0, 0, invalid("after is %q: it must be a number", text)
			}
		}
	}
	if after+limit > maxFound {
		return 0, 0, invalid("The requested result window is too large: after %d and limit %d go past %d", after, limit, maxFound)
	}
	return limit, after, nil
}

func unknownProperty(name string) apiError {
	e := invalid("There was a problem with the request.")
	e.Details = []detail{{Message: "Property " + name + " does not exist", Code: "PROPERTY_DOESNT_EXIST", In: "propertyName", Context: map[string][]string{"propertyName": {name}}}}
	return e
}

// checkFilter, and bring its values into the form that they are kept in.
func (f *Fake) checkFilter(t objectType, one *filter) error {
	p := f.schema[t.plural].live(one.Property)
	if p == nil {
		return unknownProperty(one.Property)
	}
	switch one.Operator {
	case "EQ", "NEQ", "LT", "LTE", "GT", "GTE":
		if one.Value == "" {
			return invalid("Operator %s of %s needs a value", one.Operator, one.Property)
		}
	case "BETWEEN":
		if one.Value == "" || one.High == "" {
			return invalid("Operator BETWEEN of %s needs value and highValue", one.Property)
		}
	case "IN", "NOT_IN":
		if len(one.Values) == 0 || len(one.Values) > 100 {
			return invalid("Operator %s of %s needs from 1 to 100 values", one.Operator, one.Property)
		}
		if p.Type == kindText && slices.ContainsFunc(one.Values, func(v string) bool { return strings.ToLower(v) != v }) {
			return invalid("Values of operator %s must be in lower case for %s", one.Operator, one.Property)
		}
	case "HAS_PROPERTY", "NOT_HAS_PROPERTY":
	case "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN":
		if p.Type != kindText && p.Name != "email" {
			return invalid("Operator %s does not apply to %s, which is of type %s", one.Operator, one.Property, p.Type)
		}
	default:
		return invalid("Operator %q is invalid", one.Operator)
	}
	ordered := one.Operator == "LT" || one.Operator == "LTE" || one.Operator == "GT" || one.Operator == "GTE" || one.Operator == "BETWEEN"
	if ordered || p.Type == kindTime || p.Type == kindDate || p.Type == kindNumber {
		for _, value := range append([]string{one.Value, one.High}, one.Values...) {
			if value != "" && sortable(p, value) == "" {
				return invalid("%s is not a valid value for %s, which is of type %s", value, one.Property, p.Type)
			}
		}
	}
	one.key, one.highKey = sortable(p, one.Value), sortable(p, one.High)
	for _, value := range one.Values {
		one.keys = append(one.keys, sortable(p, value))
	}
	return nil
}

// sortable is a form of a value that sorts as the values do; "" when it is none of its type.
func sortable(p *Property, value string) string {
	switch p.Type {
	case kindTime, kindDate:
		at, ok := parseMoment(value)
		if !ok {
			return ""
		}
		if p.Type == kindDate {
			return at.Format(time.DateOnly)
		}
		return stamp(at)
	case kindNumber:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return ""
		}
		return strconv.FormatFloat(1e15+n, 'f', 3, 64)
	}
	return strings.ToLower(value)
}

// kept is the same of a value that is kept: a time sorts as it is.
func kept(p *Property, value string) string {
	if p.Type == kindTime || p.Type == kindDate {
		return value
	}
	return sortable(p, value)
}

func (f *Fake) sortKey(t objectType, name string, values map[string]string) string {
	if value := values[name]; value != "" {
		return kept(f.schema[t.plural].properties[name], value)
	}
	return ""
}

func (f *Fake) matches(t objectType, q query, values map[string]string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(q.Query)) {
		if !slices.ContainsFunc([]string{"firstname", "lastname", "email", "phone", "company", "dealname", "hs_note_body"}, func(name string) bool {
			return strings.Contains(strings.ToLower(values[name]), word)
		}) {
			return false
		}
	}
	return len(q.Groups) == 0 || slices.ContainsFunc(q.Groups, func(g filterGroup) bool {
		return !slices.ContainsFunc(g.Filters, func(one filter) bool { return !f.fits(t, one, values) })
	})
}

// fits says whether a record with these values passes a filter. One without a value passes those that look for what it is not.
func (f *Fake) fits(t objectType, one filter, values map[string]string) bool {
	raw, has := values[one.Property]
	p := f.schema[t.plural].properties[one.Property]
	switch one.Operator {
	case "HAS_PROPERTY":
		return has
	case "NOT_HAS_PROPERTY":
		return !has
	case "NEQ":
		return !has || kept(p, raw) != one.key
	case "NOT_IN":
		return has && !slices.Contains(one.Values, strings.ToLower(raw)) && !slices.Contains(one.Values, raw)
	case "NOT_CONTAINS_TOKEN":
		return !has || !containsToken(raw, one.Value)
	}
	if !has {
		return false
	}
	value := kept(p, raw)
	switch one.Operator {
	case "EQ":
		return value == one.key
	case "LT":
		return value < one.key
	case "LTE":
		return value <= one.key
	case "GT":
		return value > one.key
	case "GTE":
		return value >= one.key
	case "BETWEEN":
		return value >= one.key && value <= one.highKey
	case "IN":
		return slices.Contains(one.keys, value)
	}
	return containsToken(raw, one.Value)
}

// containsToken compares words; an asterisk stands for anything at the begin or end of one.
func containsToken(text, token string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" \t\n,.;:!?()[]<>\"'", r) })
	words = append(words, strings.ToLower(text))
	token = strings.ToLower(token)
	bare := strings.Trim(token, "*")
	before, after := strings.HasPrefix(token, "*"), strings.HasSuffix(token, "*")
	return slices.ContainsFunc(words, func(word string) bool {
		switch {
		case before && after:
			return strings.Contains(word, bare)
		case before:
			return strings.HasSuffix(word, bare)
		case after:
			return strings.HasPrefix(word, bare)
		}
		return word == bare
	})
}
