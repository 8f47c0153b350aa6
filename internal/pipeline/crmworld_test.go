// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// office is a CRM in memory. It shows pages of a few, in the order in which things were modified, and what was modified lately not yet.
type office struct {
	mu      sync.Mutex
	records map[string]crm.Record
	touches []dated[crm.Touch]
	deals   []dated[crm.Deal]
	gone    map[string]crm.Gone

	perPage int
	lag     time.Duration
	shows   func(id string, modified time.Time) bool // nil: all
	fail    func(stream string) error                // before each request; nil: none fails
	hidden  map[string]bool                          // that cannot be fetched
	asked   map[string]int                           // requests by stream
}

type dated[T any] struct {
	id   string
	at   time.Time
	what T
}

func newOffice() *office {
	return &office{records: map[string]crm.Record{}, gone: map[string]crm.Gone{}, asked: map[string]int{}, perPage: 3, lag: 10 * time.Second}
}

func (o *office) Name() string { return "Office" }

func (o *office) Describe(context.Context) (crm.Schema, error) { return crm.Schema{Account: "42"}, nil }

func (o *office) Streams() []crm.Stream { return []crm.Stream{crm.Deals, crm.Calls, crm.Leads} }

func (o *office) Lag() time.Duration { return o.lag }

func (o *office) MaxWrites() int { return 1 }

func (o *office) Write(context.Context, []crm.Write) []crm.Written { return nil }

func (o *office) Note(context.Context, crm.Note) error { return nil }

func (o *office) ask(stream string) error {
	o.asked[stream]++
	if o.fail == nil {
		return nil
	}
	return o.fail(stream)
}

// put a record as somebody changed it.
func (o *office) put(id string, at time.Time, change func(*crm.Record)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r, there := o.records[id]
	if !there {
		r = crm.Record{ID: id, Created: at, Values: map[string]any{
			"company": nil, "numberofemployees": nil, "status": nil, "reason": nil, "stage": nil, "form_at": nil, "industry": nil,
		}}
	}
	r.Modified, r.Values = at, maps.Clone(r.Values)
	change(&r)
	o.records[id] = r
}

func values(set map[string]any) func(*crm.Record) {
	return func(r *crm.Record) { maps.Copy(r.Values, set) }
}

func (o *office) Read(_ context.Context, stream crm.Stream, from crm.Position) (crm.Page, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.ask(string(stream)); err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: from}
	switch stream {
	case crm.Leads:
		var all []dated[crm.Record]
		for id, r := range o.records {
			all = append(all, dated[crm.Record]{id, r.Modified, r})
		}
		page.Records, page.More = paged(o, all, &page.Next)
	case crm.Calls:
		page.Touches, page.More = paged(o, o.touches, &page.Next)
	case crm.Deals:
		page.Deals, page.More = paged(o, o.deals, &page.Next)
	default:
		return page, errors.New("no such stream")
	}
	return page, nil
}

func paged[T any](o *office, all []dated[T], next *crm.Position) (page []T, more bool) {
	from := *next
	all = slices.DeleteFunc(slices.Clone(all), func(d dated[T]) bool {
		order := cmp.Or(d.at.Compare(from.Time), cmp.Compare(len(d.id), len(from.ID)), cmp.Compare(d.id, from.ID))
		return order <= 0 || o.shows != nil && !o.shows(d.id, d.at)
	})
	slices.SortFunc(all, func(a, b dated[T]) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
	})
	more = len(all) > o.perPage
	for _, d := range all[:min(len(all), o.perPage)] {
		page, *next = append(page, d.what), crm.Position{Time: d.at, ID: d.id}
	}
	return page, more
}

func (o *office) Fetch(_ context.Context, records []string) (crm.Page, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.ask("fetch"); err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Gone: map[string]crm.Gone{}}
	for _, id := range records {
		if gone, is := o.gone[id]; is {
			page.Gone[id] = gone
		} else if r, there := o.records[id]; there && !o.hidden[id] {
			page.Records = append(page.Records, r)
		}
	}
	return page, nil
}

// someRecords come in every four minutes, three at the same instant; each has an owner and was called before anybody read of it.
func (o *office) someRecords(n int, from time.Time) {
	for i := range n {
		id := fmt.Sprint(1000 + i)
		at := from.Add(time.Duration(i/3) * 4 * time.Minute)
		o.put(id, at, func(r *crm.Record) {
			r.Values["company"], r.Values["form_at"], r.Owner = "Acme "+id, at, fmt.Sprintf("rep-%d", i%2)
		})
		call := crm.Touch{Stream: crm.Calls, ID: "c" + id, Records: []string{id}, Time: at, Channel: "Phone", Direction: "Outbound", Actor: "Human"}
		o.touches = append(o.touches, dated[crm.Touch]{"c" + id, at, call})
		if i%10 == 0 {
			o.deals = append(o.deals, dated[crm.Deal]{"d" + id, at, crm.Deal{ID: "d" + id, Records: []string{id}, Modified: at, State: "Open"}})
		}
	}
}

func officeSettings() crm.Settings {
	return crm.Settings{
		Type: crm.TypeHubSpot, PollEvery: time.Second, SetBack: crm.SetBack{After: 0, Limit: 2},
		Mapping: crm.Mapping{
			Fields:     crm.Fields{Stage: "stage", Status: "status", Reason: "reason"},
			Stages:     map[string]string{"Inquiry": "lead", "MQL": "mql", "SAL": "sal"},
			Activities: []crm.Activity{{Name: "FormSubmit", At: "form_at"}},
		},
	}
}

// nurturing has a status for its code, so that a rejection can be told from the CRM's.
func nurturing(b *bundle.Bundle) { b.Lead.Dispositions[0].Status = "Nurture" }

type reading struct {
	*pipeline.CRMReader
	office *office
	now    time.Time
}

func (r *rig) reads(o *office, l pipeline.CRMLedger, edit ...func(*crm.Settings)) *reading {
	settings := officeSettings()
	for _, e := range edit {
		e(&settings)
	}
	out := &reading{office: o, now: time.Now().Add(-time.Hour)}
	out.CRMReader = &pipeline.CRMReader{
		Pairs:   &pipeline.Pairs{Mounted: r.pair},
		System:  func() (crm.System, crm.Settings, error) { return o, settings, nil },
		Account: func() string { return "42" },
		Checker: func(p *pipeline.Pair) pipeline.CRMChecker {
			return events.NewChecker(p.Bundle.Lead, p.Bundle.SLA.Enforcement)
		},
		Ledger: func() (pipeline.CRMLedger, error) { return l, nil },
		Holder: fmt.Sprint("reader-", r.next.Add(1)), Now: func() time.Time { return out.now },
		Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
	}
	return out
}

// pass reads all that there is, as after the next poll.
func (r *reading) pass(t *testing.T) {
	t.Helper()
	r.now = r.now.Add(20 * time.Second)
	settle(t, r.Step)
}

// tapped is a ledger that counts and fails what is taken in.
type tapped struct {
	*ledger.Ledger
	renewed chan struct{} // is told of each renewal of the lease; may be nil
	taken   int
	before  func(n int) error // whether the nth is lost before it is written
	after   func(n int) error // or its answer after
	leased  bool              // the lease is everybody's
}

func (l *tapped) CRMLease(ctx context.Context, holder string, term time.Duration) (bool, error) {
	if l.renewed != nil {
		select {
		case l.renewed <- struct{}{}:
		default:
		}
	}
	if l.leased {
		return true, nil
	}
	return l.Ledger.CRMLease(ctx, holder, term)
}

func (l *tapped) TakeIn(ctx context.Context, in ledger.CRMIntake) ([]ledger.Outcome, error) {
	l.taken++
	n := l.taken
	if l.before != nil {
		if err := l.before(n); err != nil {
			return nil, err
		}
	}
	out, err := l.Ledger.TakeIn(ctx, in)
	if err == nil && l.after != nil {
		err = l.after(n)
	}
	return out, err
}
