// SPDX-License-Identifier: Apache-2.0

// Package control is what the fakes of CRMs have in common: faults on command, a log of what was asked of them, and an API under /_control/ by
// which a test, or a person at a demo, does in the CRM what its users do.
package control

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// Kind of a fault.
type Kind string

// The kinds.
const (
	Status  Kind = "Status"  // answer with Rule.Status
	Drop    Kind = "Drop"    // close the connection without an answer
	Hang    Kind = "Hang"    // answer nothing until Rule.DelayMS is over or the caller gives up, then close the connection
	Slow    Kind = "Slow"    // answer as always, Rule.DelayMS later
	Partial Kind = "Partial" // items of a batch fail; the fake asks FailItem which
)

// Rule says which requests go wrong, and how. Of several that match, the first one that strikes does.
type Rule struct {
	Name   string `json:"name,omitempty"`
	Method string `json:"method,omitempty"` // regular expression, of the whole; "": any
	Path   string `json:"path,omitempty"`   // regular expression, of a part; with the query

	Kind       Kind              `json:"kind"`
	AfterWrite bool              `json:"afterWrite,omitempty"` // do what was asked for first, and throw the answer away
	Status     int               `json:"status,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"` // such as Retry-After
	DelayMS    int               `json:"delayMs,omitempty"`

	Skip    int     `json:"skip,omitempty"`    // so many matching requests are spared first
	Times   int     `json:"times,omitempty"`   // so often at most; 0: always
	Every   int     `json:"every,omitempty"`   // each n-th; 0: each
	Percent float64 `json:"percent,omitempty"` // by chance; 0: each
	Seed    uint64  `json:"seed,omitempty"`    // of the chance

	ItemEvery int    `json:"itemEvery,omitempty"` // Partial: each n-th item of the batch, from the first on
	ItemCode  string `json:"itemCode,omitempty"`  // Partial: the vendor's code of the error; "": the fake's choice of one that passes
}

// Faults are the rules in force. The zero value has none.
type Faults struct {
	mu    sync.Mutex
	rules []*armed
}

type armed struct {
	Rule
	method, path *regexp.Regexp
	chance       *rand.Rand
	seen, struck int
}

// Add puts rules into force, after those that are.
func (f *Faults) Add(rules ...Rule) error {
	added := make([]*armed, 0, len(rules))
	for _, rule := range rules {
		a, err := arm(rule)
		if err != nil {
			return err
		}
		added = append(added, a)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, added...)
	return nil
}

func arm(rule Rule) (*armed, error) {
	switch rule.Kind {
	case Status:
		if rule.Status < 300 || rule.Status > 599 {
			return nil, fmt.Errorf("rule %q: status is %d: should be from 300 to 599", rule.Name, rule.Status)
		}
	case Partial:
		if rule.ItemEvery < 1 {
			return nil, fmt.Errorf("rule %q: itemEvery is %d: should be at least 1", rule.Name, rule.ItemEvery)
		}
	case Drop, Hang, Slow:
	default:
		return nil, fmt.Errorf("rule %q: kind %q is unknown: should be Status, Drop, Hang, Slow or Partial", rule.Name, rule.Kind)
	}
	method, err := regexp.Compile("^(?:" + rule.Method + ")$")
	if err != nil {
		return nil, fmt.Errorf("rule %q: method: %w", rule.Name, err)
	}
	if rule.Method == "" {
		method = regexp.MustCompile("")
	}
	path, err := regexp.Compile(rule.Path)
	if err != nil {
		return nil, fmt.Errorf("rule %q: path: %w", rule.Name, err)
	}
	return &armed{Rule: rule, method: method, path: path, chance: rand.New(rand.NewPCG(rule.Seed, 1))}, nil
}

// Clear takes all rules out of force.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Struck is how often faults struck, by the rules' names.
func (f *Faults) Struck() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]int{}
	for _, a := range f.rules {
		out[a.Name] += a.struck
	}
	return out
}

func (f *Faults) strikes(r *http.Request) *Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.rules {
		if a.method.MatchString(r.Method) && a.path.MatchString(r.URL.RequestURI()) && a.strikes() {
			return &a.Rule
		}
	}
	return nil
}

// strikes is called for a request that matches.
func (a *armed) strikes() bool {
	a.seen++
	switch n := a.seen - a.Skip; {
	case n < 1, a.Times > 0 && a.struck >= a.Times, a.Every > 0 && n%a.Every != 0:
		return false
	case a.Percent > 0 && a.chance.Float64()*100 >= a.Percent:
		return false
	}
	a.struck++
	return true
}

type partialKey struct{}

// FailItem says whether the item of a batch is to fail, and with which code of the vendor's ("": one that passes).
func FailItem(ctx context.Context, index int) (code string, fails bool) {
	rule, _ := ctx.Value(partialKey{}).(*Rule)
	if rule == nil || index%rule.ItemEvery != 0 {
		return "", false
	}
	return rule.ItemCode, true
}

// Errors writes the vendor's body of an error.
type Errors func(w http.ResponseWriter, status int)

// Middleware lets the faults strike before and after next.
func (f *Faults) Middleware(next http.Handler, errors Errors) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rule := f.strikes(r)
		if rule == nil {
			next.ServeHTTP(w, r)
			return
		}
		if rule.AfterWrite && rule.Kind != Slow && rule.Kind != Partial {
			// The caller may be gone by the time it is done: a server that has taken a request carries it out.
			next.ServeHTTP(discard{header: http.Header{}}, r.WithContext(context.WithoutCancel(r.Context())))
		}
		delay := time.Duration(rule.DelayMS) * time.Millisecond
		switch rule.Kind {
		case Status:
			for name, value := range rule.Headers {
				w.Header().Set(name, value)
			}
			errors(w, rule.Status)
		case Hang:
			wait(r.Context(), delay)
			panic(http.ErrAbortHandler)
		case Slow:
			wait(r.Context(), delay)
			next.ServeHTTP(w, r)
		case Partial:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), partialKey{}, rule)))
		default: // Drop
			panic(http.ErrAbortHandler)
		}
	})
}

// wait as long as said, or as the caller does. No delay: as the caller does.
func wait(ctx context.Context, delay time.Duration) {
	var over <-chan time.Time
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
	case <-over:
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
