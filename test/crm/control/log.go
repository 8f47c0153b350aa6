// SPDX-License-Identifier: Apache-2.0

package control

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Log of what was asked of a fake, and of what that changed. The zero value is empty.
type Log struct {
	mu     sync.Mutex
	counts map[string]int
	at     map[string][]int64 // times of requests in milliseconds, by what their limit counts
	writes []Write
	idle   int
}

// Write is one that changed something. A request that sets what is there already is none.
type Write struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"` // the credential, or the e-mail address of a person
	Do     string    `json:"do"` // create, update, delete, merge, convert, associate, ...
	Type   string    `json:"type"`
	ID     string    `json:"id"`
	Fields []string  `json:"fields,omitempty"` // that changed
}

// Summary of a log.
type Summary struct {
	Requests map[string]int `json:"requests"` // by method, pattern of the path and status; "dropped" is the status of those that got no answer
	Writes   int            `json:"writes"`   // that changed something
	Idle     int            `json:"idle"`     // writes that changed nothing
	By       map[string]int `json:"by"`       // writes by who, what and type: "token create contacts"
	Most     map[string]int `json:"most"`     // requests within any one window, by what limits them
	WindowMS int64          `json:"windowMs"`
}

// Wrote notes a write that changed something.
func (l *Log) Wrote(w Write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(w.Fields)
	l.writes = append(l.writes, w)
}

// Unchanged notes a write that changed nothing.
func (l *Log) Unchanged() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle++
}

// Counted notes a request that a limit counts, by the limit's name.
func (l *Log) Counted(limit string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[string][]int64{}
	}
	l.at[limit] = append(l.at[limit], at.UnixMilli())
}

// Writes that changed something, in order.
func (l *Log) Writes() []Write {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.writes)
}

// Clear forgets everything.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts, l.at, l.writes, l.idle = nil, nil, nil, 0
}

// Summary with the most requests within any window of that length.
func (l *Log) Summary(window time.Duration) Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Summary{
		Requests: map[string]int{}, Writes: len(l.writes), Idle: l.idle, By: map[string]int{}, Most: map[string]int{}, WindowMS: window.Milliseconds(),
	}
	for key, n := range l.counts {
		s.Requests[key] = n
	}
	for _, w := range l.writes {
		s.By[w.By+" "+w.Do+" "+w.Type]++
	}
	for limit, at := range l.at {
		s.Most[limit] = most(at, window.Milliseconds())
	}
	return s
}

// most of the times lie within one window.
func most(at []int64, window int64) int {
	at = slices.Sorted(slices.Values(at))
	first, out := 0, 0
	for last := range at {
		for at[last]-at[first] >= window {
			first++
		}
		out = max(out, last-first+1)
	}
	return out
}

// Middleware counts each request by its pattern and status.
func (l *Log) Middleware(next http.Handler, pattern func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &counting{ResponseWriter: w}
		key := r.Method + " " + pattern(r)
		defer func() {
			status := "dropped"
			if counted.status != 0 {
				status = strconv.Itoa(counted.status)
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.counts == nil {
				l.counts = map[string]int{}
			}
			l.counts[key+" "+status]++
		}()
		next.ServeHTTP(counted, r)
	})
}

type counting struct {
	http.ResponseWriter
	status int
}

func (c *counting) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counting) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(b)
}

func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
