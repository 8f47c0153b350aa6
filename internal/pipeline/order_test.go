// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Whatever the order in which events arrive, however they are cut into batches and however often each comes, every event is in the ledger
// once and is scored once, and what is known of a lead is the same. Where what a lead did arrives in the order in which it was done, while
// what sales did about it comes in any order, all that follows is the same, cycles and obligations included: a hand-off is made by what is
// known when it is made, and stays.
func TestAnyOrderHasTheSameEffect(t *testing.T) {
	const leads, permutations = 60, 4
	r := rand.New(rand.NewPCG(20, 26))
	all := slices.Concat(pipelinetest.Lives(r, "lead", leads)...)
	kinds := map[lead.Kind]bool{}
	for _, e := range all {
		kinds[e.Kind] = true
	}
	if want := len(lead.Kinds()) - 1; len(kinds) != want { // merged is about two leads: see the stories of merges
		t.Fatalf("the lives have events of %d kinds, want %d", len(kinds), want)
	}
	want := after(t, all, []int{len(all)})
	for i := range permutations {
		t.Run(fmt.Sprintf("what sales did, %d", i), func(t *testing.T) {
			events := again(r, shuffledButBehaviour(r, all))
			if diff := cmp.Diff(want, after(t, events, cuts(r, len(events)))); diff != "" {
				t.Errorf("(-in order, at once +shuffled):\n%s", diff)
			}
		})
		t.Run(fmt.Sprintf("everything, %d", i), func(t *testing.T) {
			events := again(r, all)
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			if diff := cmp.Diff(known(want), known(after(t, events, cuts(r, len(events))))); diff != "" {
				t.Errorf("(-in order, at once +shuffled):\n%s", diff)
			}
		})
	}
}

// again has some of the events up to three times.
func again(r *rand.Rand, events []ledger.Entry) (out []ledger.Entry) {
	for i, e := range events {
		out = append(out, e)
		for range r.IntN(3) {
			out = append(out, events[r.IntN(i+1)]) // late
		}
	}
	return out
}

// shuffledButBehaviour has the events in any order, apart from those at which the definition is evaluated: these stay in order.
func shuffledButBehaviour(r *rand.Rand, events []ledger.Entry) []ledger.Entry {
	out := slices.Clone(events)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	var places []int
	var behaviour []ledger.Entry
	for i, e := range out {
		if e.Kind.Evaluated() {
			places, behaviour = append(places, i), append(behaviour, e)
		}
	}
	slices.SortStableFunc(behaviour, func(a, b ledger.Entry) int { return a.Time.Compare(b.Time) })
	for i, place := range places {
		out[place] = behaviour[i]
	}
	return out
}

// cuts are the sizes of batches.
func cuts(r *rand.Rand, n int) (sizes []int) {
	for n > 0 {
		size := min(n, 1+r.IntN(120))
		sizes, n = append(sizes, size), n-size
	}
	return sizes
}

// after is the projection of a new ledger that gets the events in batches, each worked off before the next or not.
func after(t *testing.T, events []ledger.Entry, sizes []int) map[string]map[string]any {
	t.Helper()
	r := newRig(t, pipelinetest.Bundle(1, sla.CRM)) // owners are told, since a pick of our own is an act of its moment
	ids, refused := map[string]bool{}, map[string]bool{}
	accepted := 0
	for i, size := range sizes {
		outcomes, err := r.l.Ingest(context.Background(), events[:size])
		if err != nil {
			t.Fatal(err)
		}
		for j, outcome := range outcomes {
			switch outcome {
			case ledger.Refused:
				refused[events[j].ID] = true
			case ledger.Accepted:
				accepted++
				fallthrough
			default:
				ids[events[j].ID] = true
			}
		}
		events = events[size:]
		if i%2 == 0 || len(events) == 0 {
			r.work(team("rep-1"))
		}
	}
	there := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM events WHERE scored_by = 1")
	if accepted != len(ids) || there != len(ids) {
		t.Errorf("%d events were accepted and %d scored, want %d of each", accepted, there, len(ids))
	}
	if kept := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM refusals"); len(refused) == 0 || kept != len(refused) {
		t.Errorf("%d rejections were refused and %d are kept so", len(refused), kept)
	}
	if left := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM work"); left != 0 {
		t.Errorf("%d rows of work are left", left)
	}
	return whatFollows(t, r.dsn)
}

// whatFollows is what follows from the events: rows by table and key, without the times at which they were written.
func whatFollows(t *testing.T, dsn string) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for table, query := range map[string]string{
		"leads":       `SELECT jsonb_build_array(lead_id, to_jsonb(l) - 'created_at') FROM leads l`,
		"cycles":      `SELECT jsonb_build_array(lead_id || '/' || cycle, to_jsonb(c)) FROM cycles c`,
		"obligations": `SELECT jsonb_build_array(lead_id || '/' || cycle || '/' || clause, to_jsonb(o)) FROM obligations o`,
	} {
		out[table] = map[string]any{}
		for _, row := range ledgertest.Column[[]any](t, dsn, query) {
			out[table][fmt.Sprint(row[0])] = row[1]
		}
	}
	return out
}

// known is what no order of arrival changes: what is known of a lead, its score, and in its first cycle when it reached a path.
func known(follows map[string]map[string]any) map[string]any {
	out := map[string]any{}
	for id, row := range follows["leads"] {
		columns, is := row.(map[string]any)
		if !is {
			panic(fmt.Sprintf("%T", row))
		}
		kept := []string{"record", "score_raw", "score_rounded", "score", "missing", "suppressed_at", "suppressed_scope", "excluded_by"}
		columns = maps.Clone(columns)
		maps.DeleteFunc(columns, func(name string, _ any) bool { return !slices.Contains(kept, name) })
		out[id] = columns
	}
	return out
}
