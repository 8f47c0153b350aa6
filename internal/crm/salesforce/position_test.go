// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/salesforce"
)

// However many leads have one time, and however small the pages are, each is read once when nothing changes.
func TestTies(t *testing.T) {
	for _, page := range []int{1, 2, 3, 7, 2000} {
		r := rigged(t, func(o *fake.Options, _ *crm.Access) { o.Page = page })
		const many = 40
		for n := range many {
			r.lead(n)
			if n == 10 || n == 30 {
				r.pass(time.Second)
			}
		}
		seen := map[string]int{}
		r.all(crm.Leads, crm.Position{}, func(p crm.Page) {
			for _, record := range p.Records {
				seen[record.ID]++
			}
		})
		for id, n := range seen {
			if n != 1 {
				t.Errorf("pages of %d: %s was read %d times", page, id, n)
			}
		}
		if len(seen) != many {
			t.Errorf("pages of %d: %d leads were read, want %d", page, len(seen), many)
		}
	}
}

// Whatever people do while pages are turned, the last state of each lead is read in the end, and each that is gone is known to be.
func TestNothingSlipsBy(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			chance := mathrand.New(mathrand.NewPCG(seed, 7))
			r := rigged(t, func(o *fake.Options, _ *crm.Access) { o.Page = 1 + chance.IntN(9) })
			alive := make([]string, 0, 90)
			for n := range 60 {
				alive = append(alive, r.lead(n))
				if chance.IntN(15) == 0 {
					r.pass(time.Second)
				}
			}
			last, gone := map[string]crm.Record{}, map[string]bool{}
			see := func(p crm.Page) {
				for _, record := range p.Records {
					last[record.ID] = record
					for _, other := range record.Merged {
						gone[other] = true
					}
				}
				for id := range p.Gone {
					gone[id] = true
				}
			}
			var from crm.Position
			for range 4 {
				from = r.all(crm.Leads, from, func(p crm.Page) {
					see(p)
					alive = r.stir(chance, alive)
				})
				from = crm.Position{Time: from.Time.Add(-r.Lag())}
			}
			r.all(crm.Leads, from, see)
			for id, record := range r.leads() {
				switch got := last[id]; {
				case record["IsDeleted"] == true:
					if !gone[id] {
						t.Errorf("%s is gone, and nobody knows", id)
					}
				case fmt.Sprint(got.Values["NumberOfEmployees"]) != fmt.Sprint(record["NumberOfEmployees"]):
					t.Errorf("%s was read with %v, and has %v", id, got.Values["NumberOfEmployees"], record["NumberOfEmployees"])
				}
			}
		})
	}
}

// stir does what people do between two pages.
func (r *rig) stir(chance *mathrand.Rand, alive []string) []string {
	for range chance.IntN(4) {
		if len(alive) < 3 {
			break
		}
		i := chance.IntN(len(alive) - 1)
		switch chance.IntN(8) {
		case 0:
			r.act(control.Act{Do: "delete", ID: alive[i]})
			alive = append(alive[:i], alive[i+1:]...)
		case 1:
			r.act(control.Act{Do: "merge", ID: alive[i], Into: alive[i+1]})
			alive = append(alive[:i], alive[i+1:]...)
		case 2:
			alive = append(alive, r.lead(chance.IntN(1000)))
		case 3:
			r.pass(time.Second)
		default:
			r.act(control.Act{Do: "set", ID: alive[i], Values: map[string]string{"NumberOfEmployees": fmt.Sprint(chance.IntN(100_000))}})
		}
	}
	return alive
}

// Meetings are read when they are over, whether they end by themselves, are noted afterwards or are moved, with pages of any size.
func TestMeetingsEnd(t *testing.T) {
	for seed := range uint64(8) {
		chance := mathrand.New(mathrand.NewPCG(seed, 9))
		r := rigged(t, func(o *fake.Options, _ *crm.Access) { o.Page = 1 + chance.IntN(5) })
		lead := r.lead(1)
		seen := map[string]bool{}
		var from crm.Position
		read := func() {
			from = r.all(crm.Meetings, from, func(p crm.Page) {
				for _, touch := range p.Touches {
					if touch.Time.After(r.now()) {
						t.Errorf("seed %d: a meeting was read before it began", seed)
					}
					seen[touch.ID] = true
				}
			})
			from = crm.Position{Time: from.Time.Add(-r.Lag())}
		}
		for range 60 {
			begins := r.now().Add(time.Duration(chance.IntN(240)-120) * time.Minute)
			r.act(control.Act{Do: "create", Type: "Event", Of: []string{"Lead/" + lead}, Values: map[string]string{
				"StartDateTime": begins.Format(time.RFC3339), "DurationInMinutes": fmt.Sprint(chance.IntN(3) * 15), "ActivityDateTime": begins.Format(time.RFC3339),
			}})
			r.pass(time.Duration(chance.IntN(10)) * time.Minute)
			if chance.IntN(10) == 0 {
				read()
			}
		}
		r.pass(5 * time.Hour)
		read()
		if n := len(r.Look().Records["Event"]); len(seen) != n {
			t.Errorf("seed %d: %d of %d meetings were read", seed, len(seen), n)
		}
	}
}

// A worker whose clock is wrong takes no meeting for over that is not, and none that ends later is passed by.
func TestMeetingsEndByTheirClock(t *testing.T) {
	var ahead time.Duration
	r := rigged(t, func(_ *fake.Options, a *crm.Access) {
		right := a.Now
		a.Now = func() time.Time { return right().Add(ahead) }
	})
	lead := r.lead(1)
	ends := func(after time.Duration) string {
		return r.act(control.Act{Do: "create", Type: "Event", Of: []string{"Lead/" + lead}, Values: map[string]string{
			"StartDateTime": r.now().Add(after - 30*time.Minute).Format(time.RFC3339), "DurationInMinutes": "30",
		}})
	}
	if _, err := r.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	over := ends(-time.Minute)
	r.pass(10 * time.Minute)
	later := ends(time.Hour)
	var seen []string
	see := func(p crm.Page) {
		for _, touch := range p.Touches {
			seen = append(seen, touch.ID)
		}
	}
	ahead = 24 * time.Hour
	var unavailable *crm.UnavailableError
	if _, err := r.Read(t.Context(), crm.Meetings, crm.Position{}); !errors.As(err, &unavailable) {
		t.Errorf("error %v, want that it is asked again: the clock was set", err)
	}
	from := r.all(crm.Meetings, crm.Position{}, see)
	if diff := gocmp.Diff([]string{over}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ahead, seen = 0, nil
	r.pass(2 * time.Hour)
	from = r.all(crm.Meetings, from, see) // the answer says that the clock is right again
	r.all(crm.Meetings, from, see)
	if diff := gocmp.Diff([]string{later}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What Salesforce has archived, a year after it was done, is read as anything else; what was deleted is not.
func TestArchivedActivities(t *testing.T) {
	r := rigged(t)
	lead, converted := r.lead(1), r.lead(2)
	act := func(of, kind string, values map[string]string) string {
		all := map[string]string{"IsArchived": "true"}
		maps.Copy(all, values)
		return r.act(control.Act{Do: "log", Type: kind, Of: []string{"Lead/" + of}, Values: all})
	}
	held := map[string]string{"StartDateTime": r.now().Add(-time.Hour).Format(time.RFC3339), "DurationInMinutes": "30"}
	call := map[string]string{"TaskSubtype": "Call", "CallType": "Inbound"}
	want := map[crm.Stream][]string{
		crm.Tasks: {act(lead, "Task", call)}, crm.Meetings: {act(lead, "Event", held)},
		crm.Leads: {act(converted, "Task", map[string]string{"TaskSubtype": "Call"}), act(converted, "Event", map[string]string{
			"StartDateTime": r.now().Format(time.RFC3339), "DurationInMinutes": "0",
		})},
	}
	r.act(control.Act{Do: "convert", ID: converted})
	for kind, values := range map[string]map[string]string{"Task": call, "Event": held} {
		r.act(control.Act{Do: "delete", Type: kind, ID: act(lead, kind, values)})
	}
	for stream, ids := range want {
		var got []string
		r.all(stream, crm.Position{}, func(p crm.Page) {
			for _, touch := range p.Touches {
				got = append(got, touch.ID)
			}
		})
		if diff := gocmp.Diff(ids, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stream, diff)
		}
	}
}
