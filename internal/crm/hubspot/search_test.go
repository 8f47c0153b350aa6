// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// index is HubSpot's search as its documentation has it: filters that must all hold, one sort, what is equal in any order, and a ceiling.
type index struct {
	t        *testing.T
	chance   *rand.Rand
	modified map[int]int64 // milliseconds by id
	ceiling  int
	searches int
	before   func() // each search
	short    bool   // pages may have less than was asked for
}

type searched struct {
	Groups []struct {
		Filters []struct{ PropertyName, Operator, Value string }
	} `json:"filterGroups"`
	Sorts []struct{ PropertyName, Direction string }
	After string
	Limit int
}

func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q searched
	sent(x.t, r, &q)
	x.searches++
	if x.before != nil {
		x.before()
	}
	after, _ := strconv.Atoi(q.After)
	if len(q.Groups) != 1 || len(q.Sorts) != 1 || q.Sorts[0].Direction != "ASCENDING" || q.Limit < 1 || q.Limit > 200 || after+q.Limit > x.ceiling {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":"error","category":"VALIDATION_ERROR","message":"no such search"}`)
		return
	}
	value := func(id int, name string) int64 {
		if name == "hs_object_id" {
			return int64(id)
		}
		return x.modified[id]
	}
	var found []int
	for id := range x.modified {
		if !slices.ContainsFunc(q.Groups[0].Filters, func(f struct{ PropertyName, Operator, Value string }) bool {
			bound, err := strconv.ParseInt(f.Value, 10, 64)
			is := value(id, f.PropertyName)
			return err != nil || !map[string]bool{"GTE": is >= bound, "LTE": is <= bound, "GT": is > bound}[f.Operator]
		}) {
			found = append(found, id)
		}
	}
	x.chance.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	slices.SortStableFunc(found, func(a, b int) int {
		return cmp.Compare(value(a, q.Sorts[0].PropertyName), value(b, q.Sorts[0].PropertyName))
	})
	found = found[min(after, len(found)):]
	size, paging := min(q.Limit, len(found)), map[string]any{}
	if x.short && size > 1 {
		size = 1 + x.chance.IntN(size)
	}
	if size < len(found) {
		paging["next"] = map[string]string{"after": strconv.Itoa(after + size)}
	}
	found = found[:size]
	results := []any{}
	for _, id := range found {
		at := time.UnixMilli(x.modified[id]).UTC().Format("2006-01-02T15:04:05.000Z")
		results = append(results, map[string]any{
			"id": strconv.Itoa(id), "createdAt": at, "updatedAt": at, "properties": map[string]any{"hs_lastmodifieddate": at, "amount": nil},
		})
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"total": len(found), "results": results, "paging": paging}); err != nil {
		x.t.Error(err)
	}
}

func (x *index) rig(t *testing.T, page int) *rig {
	t.Helper()
	r := newRig(t, canned{
		"POST /crm/objects/2026-09/deals/search":                   x.ServeHTTP,
		"POST /crm/associations/2026-09/deals/contacts/batch/read": says(200, `{"status":"COMPLETE","results":[]}`),
	}, &clock{at: noon})
	r.SetPage(page)
	return r
}

// pass reads a stream to its end, and counts what it saw.
func pass(t *testing.T, r *rig, stream crm.Stream, from crm.Position, most int) (map[string]int, crm.Position) {
	t.Helper()
	seen := map[string]int{}
	for range most {
		page, err := r.Read(t.Context(), stream, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Deals {
			seen[d.ID]++
		}
		if page.Next.Time.Before(from.Time) {
			t.Fatalf("from %+v back to %+v", from, page.Next)
		}
		from = page.Next
		if !page.More {
			return seen, from
		}
	}
	t.Fatalf("no end after %d pages", most)
	return nil, from
}

// Nothing is left out, however many were modified at one time, and however small the ceiling is.
func TestNothingIsLeftOut(t *testing.T) {
	for seed := range uint64(150) {
		chance := rand.New(rand.NewPCG(seed, 7))
		x := &index{t: t, chance: chance, modified: map[int]int64{}, ceiling: 10}
		page := 1 + chance.IntN(10)
		x.short = seed%2 == 1
		count, times := chance.IntN(120), 1+chance.IntN(12)
		for id := 1; id <= count; id++ {
			x.modified[id] = noon.UnixMilli() + int64(chance.IntN(times))
		}
		t.Run(fmt.Sprintf("%d in %d times by %d", count, times, page), func(t *testing.T) {
			seen, _ := pass(t, x.rig(t, page), crm.Deals, crm.Position{}, 20*(count+times+1))
			if len(seen) != count {
				t.Errorf("seed %d: %d seen of %d", seed, len(seen), count)
			}
		})
	}
}

// More than the ceiling were modified at one time, before others and after them, as a bulk edit does it.
func TestBulkStamp(t *testing.T) {
	x := &index{t: t, chance: rand.New(rand.NewPCG(1, 1)), modified: map[int]int64{}, ceiling: 10_000}
	for id := 1; id <= 10_700; id++ {
		switch {
		case id <= 100:
			x.modified[id] = noon.UnixMilli() - int64(id)
		case id <= 10_600:
			x.modified[id] = noon.UnixMilli()
		default:
			x.modified[id] = noon.UnixMilli() + int64(id)
		}
	}
	seen, _ := pass(t, x.rig(t, 200), crm.Deals, crm.Position{}, 100)
	if len(seen) != 10_700 {
		t.Errorf("%d seen", len(seen))
	}
	if most := 10_700/200 + 6; x.searches > most {
		t.Errorf("%d searches, more than %d", x.searches, most)
	}
}

// What is modified while a pass is on its way is seen as it was or as it is, and never missed.
func TestModifiedMeanwhile(t *testing.T) {
	for seed := range uint64(40) {
		chance := rand.New(rand.NewPCG(seed, 9))
		x := &index{t: t, chance: chance, modified: map[int]int64{}, ceiling: 10}
		for id := 1; id <= 80; id++ {
			x.modified[id] = noon.UnixMilli() + int64(chance.IntN(6))
		}
		now := noon.UnixMilli() + 10
		changes := 40
		x.before = func() {
			if changes--; changes > 0 {
				now++
				x.modified[1+chance.IntN(80)] = now
			}
		}
		seen, next := pass(t, x.rig(t, 1+chance.IntN(10)), crm.Deals, crm.Position{}, 5000)
		if len(seen) != 80 {
			t.Errorf("seed %d: %d seen", seed, len(seen))
		}
		// Ids of one time that are read to their end leave the position behind that time.
		if past := next.Time.UnixMilli() - slices.Max(values(x.modified)); past < 0 || past > 1 || next.ID != "" {
			t.Errorf("seed %d: ends at %+v, which is %d ms past the last", seed, next, past)
		}
	}
}

func values(m map[int]int64) []int64 {
	var all []int64
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// An end is where the last one was, and an empty stream leaves the position as it is.
func TestEnds(t *testing.T) {
	x := &index{t: t, chance: rand.New(rand.NewPCG(1, 1)), modified: map[int]int64{}, ceiling: 10_000}
	r := x.rig(t, 10)
	from := crm.Position{Time: noon, ID: ""}
	page, err := r.Read(t.Context(), crm.Deals, from)
	if err != nil || page.Next != from || page.More {
		t.Errorf("%+v %v", page, err)
	}
	x.modified[5] = noon.UnixMilli() + 3
	page, err = r.Read(t.Context(), crm.Deals, from)
	if want := noon.Add(3 * time.Millisecond); err != nil || !page.Next.Time.Equal(want) || page.More || len(page.Deals) != 1 {
		t.Errorf("%+v %v", page, err)
	}
}
