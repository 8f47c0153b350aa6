// SPDX-License-Identifier: Apache-2.0

package crm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// sayings is what a person says by setting status, reason or both: by what changed, the status after it and the reason after it. Written down case by
// case, for worldDefinition; what is not here says nothing.
var sayings = map[string]string{
	"status Nurture -":             "Recycled -",
	"status Nurture whatever":      "Recycled -",
	"status Nurture BadTiming":     "Recycled BadTiming",
	"status Nurture NoFit":         "Recycled -", // the code was for something else
	"status Nurture Spam":          "Recycled -",
	"status Unqualified -":         "Disqualified -",
	"status Unqualified whatever":  "Disqualified -",
	"status Unqualified NoFit":     "Disqualified NoFit",
	"status Unqualified Spam":      "Disqualified Spam", // it has no status of its own
	"status Unqualified BadTiming": "Disqualified -",
	"status IN_PROGRESS -":         "Accepted Working",
	"status IN_PROGRESS whatever":  "Accepted Working",
	"status IN_PROGRESS BadTiming": "Accepted Working",
	"status IN_PROGRESS NoFit":     "Accepted Working",
	"status IN_PROGRESS Spam":      "Accepted Working",

	"both Nurture whatever":      "Recycled -",
	"both Nurture -":             "Recycled -",
	"both Nurture BadTiming":     "Recycled BadTiming",
	"both Nurture NoFit":         "Recycled NoFit", // no code for this outcome, and the checker refuses it
	"both Nurture Spam":          "Recycled Spam",
	"both Unqualified whatever":  "Disqualified -",
	"both Unqualified -":         "Disqualified -",
	"both Unqualified NoFit":     "Disqualified NoFit",
	"both Unqualified Spam":      "Disqualified Spam",
	"both Unqualified BadTiming": "Disqualified BadTiming",
	"both IN_PROGRESS whatever":  "Accepted Working",
	"both IN_PROGRESS -":         "Accepted Working",
	"both IN_PROGRESS BadTiming": "Accepted Working",
	"both IN_PROGRESS NoFit":     "Accepted Working",
	"both IN_PROGRESS Spam":      "Accepted Working",
	"both NEW BadTiming":         "Recycled BadTiming",
	"both NEW NoFit":             "Disqualified NoFit",
	"both NEW Spam":              "Disqualified Spam",
	"both - BadTiming":           "Recycled BadTiming",
	"both - NoFit":               "Disqualified NoFit",
	"both - Spam":                "Disqualified Spam",
}

func saying(what, status, reason string) string {
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	if what == "reason" { // the reason alone: a code says all
		switch reason {
		case "BadTiming":
			return "Recycled BadTiming"
		case "NoFit", "Spam":
			return "Disqualified " + reason
		}
		return ""
	}
	return sayings[what+" "+dash(status)+" "+dash(reason)]
}

// diary is what people did, written down as they did it: what the events must say in the end, and nothing else.
type diary struct {
	want []string
	had  map[string]string
}

func entry(at time.Time, kind lead.Kind, text string) string {
	return fmt.Sprintf("%s %s %s", at.Format("2006-01-02T15:04:05.000"), kind, text)
}

func (d *diary) person(at time.Time, set map[string]any, accepted *bool) {
	changed := map[string]bool{}
	for field, value := range set {
		changed[field] = d.had[field] != crm.Text(value)
		d.had[field] = crm.Text(value)
	}
	if owner := d.had[crm.OwnerField]; changed[crm.OwnerField] && owner != "" {
		d.want = append(d.want, entry(at, lead.KindAssigned, owner))
	}
	what := map[[2]bool]string{{true, false}: "status", {false, true}: "reason", {true, true}: "both"}[[2]bool{changed["lead_status"], changed["reason"]}]
	if said := saying(what, d.had["lead_status"], d.had["reason"]); what != "" && said != "" {
		d.want = append(d.want, entry(at, lead.KindDisposition, strings.TrimSuffix(said, " -")))
	}
	if changed["lifecycle"] && d.had["lifecycle"] == "sal" && !*accepted {
		*accepted = true
		d.want = append(d.want, entry(at, lead.KindAccepted, ""))
	}
}

// book is a ledger: each event once, by its id.
type book struct {
	t      *testing.T
	events map[string]crm.Told
}

func (b *book) take(all []crm.Told) (fresh int) {
	for _, e := range all {
		if before, there := b.events[e.ID]; there {
			if diff := cmp.Diff(before, e); diff != "" {
				b.t.Errorf("one id, two events:\n%s", diff)
			}
			continue
		}
		b.events[e.ID] = e
		fresh++
	}
	return fresh
}

// said are the events about what people set, in the words of a diary.
func (b *book) said() []string {
	var all []string
	for _, e := range b.events {
		switch e.Kind {
		case lead.KindAssigned:
			all = append(all, entry(e.Time, e.Kind, fmt.Sprint(e.Data["owner"])))
		case lead.KindAccepted:
			all = append(all, entry(e.Time, e.Kind, ""))
		case lead.KindDisposition:
			text := fmt.Sprint(e.Data["outcome"])
			if code, has := e.Data["reason"]; has {
				text += " " + fmt.Sprint(code)
			}
			all = append(all, entry(e.Time, e.Kind, text))
		default:
		}
	}
	slices.Sort(all)
	return all
}

// scored has the ledger take up that the lead was accepted.
func (b *book) scored(w *world) {
	for _, e := range b.events {
		if e.Kind == lead.KindAccepted {
			w.standing.Stage = lead.StageSAL
		}
	}
}

// record is what the properties of all events come to, by their times.
func (b *book) record() map[string]any {
	all := slices.SortedFunc(maps.Values(b.events), func(x, y crm.Told) int { return x.Time.Compare(y.Time) })
	record := map[string]any{}
	for _, e := range all {
		properties, is := e.Data["properties"].(map[string]any)
		if !is || e.Kind == lead.KindActivity {
			continue
		}
		for name, value := range properties {
			if record[name] = value; value == nil {
				delete(record, name)
			}
		}
	}
	return record
}

func pick[T any](source *rand.Rand, all ...T) T { return all[source.IntN(len(all))] }

// A CRM that remembers: people and Handoff change things at random, and what is read of it is late, old, twice, or read by somebody who knows only what was
// kept. Each change of a person makes one event at its own time, no write of ours makes any, and in the end the ledger has what the CRM has.
func TestEachChangeOfAPersonIsOneEvent(t *testing.T) {
	said := 0
	for seed := range uint64(1500) {
		source := rand.New(rand.NewPCG(seed, 7))
		start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		w := newWorld(start, true)
		b := &book{t, map[string]crm.Told{}}
		d := &diary{had: map[string]string{}}
		accepted := false
		b.take(w.read(w.latest(), start).Events)
		w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL, Enforced: source.IntN(2) == 0}
		at := start
		for range 5 + source.IntN(40) {
			at = at.Add(time.Duration(1500+source.IntN(60_000)) * time.Millisecond)
			switch source.IntN(5) {
			case 0, 1:
				set := someChanges(source)
				d.person(at, set, &accepted)
				w.set(at, false, set)
			case 2:
				set := map[string]any{pick(source, crm.OwnerField, "lead_status", "lifecycle"): "ours"}
				for field := range set {
					set[field] = pick(source, map[string][]any{
						crm.OwnerField: {"rep1", "rep2"}, "lead_status": {"Nurture", "NEW"}, "lifecycle": {"mql", "sal", "sql"},
					}[field]...)
					d.had[field] = crm.Text(set[field])
				}
				w.write(at, set)
			case 3: // of any age
				b.take(w.read(pick(source, w.versions...), at).Events)
			default:
				b.take(w.read(w.latest(), at).Events)
				restart(t, w)
			}
			b.scored(w)
		}
		b.take(w.read(w.latest(), at).Events)
		b.scored(w)
		w.read(w.latest(), at) // by the stage that the ledger has now
		if out := w.read(w.latest(), at.Add(time.Hour)); out.News || len(out.Events) > 0 {
			t.Fatalf("seed %d: at rest there is news: %+v", seed, out)
		}
		slices.Sort(d.want)
		if diff := cmp.Diff(d.want, b.said()); diff != "" {
			t.Fatalf("seed %d (-what people did +events):\n%s", seed, diff)
		}
		if diff := cmp.Diff(valuesOf(w.latest()), b.record()); diff != "" {
			t.Fatalf("seed %d: record (-CRM +ledger):\n%s", seed, diff)
		}
		said += len(d.want)
	}
	if said < 5000 {
		t.Errorf("people said %d things: the test says little", said)
	}
}

// restart forgets all but what the ledger keeps, in the form in which it keeps it.
func restart(t *testing.T, w *world) {
	t.Helper()
	text, err := json.Marshal(w.known)
	if err != nil {
		t.Fatal(err)
	}
	w.known = &crm.Known{}
	if err := json.Unmarshal(text, w.known); err != nil {
		t.Fatal(err)
	}
}

func someChanges(source *rand.Rand) map[string]any {
	set := map[string]any{}
	for range 1 + source.IntN(2) {
		switch source.IntN(5) {
		case 0:
			set[crm.OwnerField] = pick[any](source, "rep1", "rep2", "rep3", nil)
		case 1:
			set["lead_status"] = pick[any](source, "Nurture", "Unqualified", "IN_PROGRESS", "NEW", nil)
		case 2:
			set["reason"] = pick[any](source, "BadTiming", "NoFit", "Spam", "whatever", nil)
		case 3:
			set["lifecycle"] = pick[any](source, "mql", "sal", "sql", "evangelist", nil)
		default:
			set["company"] = pick[any](source, "Acme", "Example", nil)
			set["numberofemployees"] = pick[any](source, 5.0, 120.0, nil)
		}
	}
	return set
}

func valuesOf(r crm.Record) map[string]any {
	values := map[string]any{}
	for _, name := range []string{"company", "numberofemployees"} {
		if r.Values[name] != nil {
			values[name] = r.Values[name]
		}
	}
	return values
}

// A CRM that remembers nothing: what counts is what a reading shows that is neither what the reading before showed nor what we wrote. So an owner whom a
// person set is told if a reading shows it, and what we wrote never is.
func TestComparedOwners(t *testing.T) {
	told := 0
	for seed := range uint64(1500) {
		source := rand.New(rand.NewPCG(seed, 8))
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		w := newWorld(at, false)
		b := &book{t, map[string]crm.Told{}}
		b.take(w.read(w.latest(), at).Events)
		w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL}
		var want []string
		by := []string{"us"}           // who set the owner of each version
		shown, overtaken := "", true   // what the reading before showed, and whether our last write was seen to be gone
		read, wrote := at, time.Time{} // when what was read last and what was written last are of
		for range 5 + source.IntN(40) {
			at = at.Add(time.Duration(1500+source.IntN(60_000)) * time.Millisecond)
			n := len(w.versions) - 1
			switch source.IntN(4) {
			case 0:
				owner := pick(source, "rep1", "rep2", "rep3")
				who := by[n]
				if owner != w.latest().Owner {
					who = "person"
				}
				by = append(by, who)
				w.set(at, false, map[string]any{crm.OwnerField: owner})
				continue
			case 1:
				by, overtaken, wrote = append(by, "us"), false, at
				w.standing.Owner = pick(source, "rep1", "rep2")
				w.write(at, map[string]any{crm.OwnerField: w.standing.Owner})
				continue
			case 2:
				n = source.IntN(n + 1)
			default:
			}
			r := w.versions[n]
			b.take(w.read(r, at).Events)
			restart(t, w)
			if r.Modified.Before(read) || r.Modified.Before(wrote) {
				continue
			}
			ours := w.known.Wrote[crm.SeenOwner]
			if by[n] == "person" && r.Owner != shown && (r.Owner != ours || overtaken) && r.Owner != w.standing.Owner {
				want = append(want, entry(r.Modified, lead.KindAssigned, r.Owner))
				w.standing.Owner = r.Owner
			}
			if r.Owner != ours {
				overtaken = true
			} else if r.Owner != shown {
				overtaken = false // it is there again: as good as ours
			}
			shown, read = r.Owner, r.Modified
		}
		got := b.said()
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-what people did +events):\n%s", seed, diff)
		}
		told += len(got)
	}
	if told < 1000 {
		t.Errorf("%d owners were told: the test says little", told)
	}
}
