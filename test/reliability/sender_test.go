// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// sender sends as docs/reliability.md asks of every sender: the same event again, with the same id, until it is answered for.
type sender struct {
	t       *testing.T
	targets []*process
	client  http.Client
	pause   time.Duration // between what is sent meanwhile: it is a load, not a race for the machine

	mu       sync.Mutex
	sent     map[string]bool // ids of what is to be taken
	careless map[string]bool // ids of what is to be refused
	acked    map[string]int  // id -> how often it was answered for
	accepted int
	statuses map[int]int // 0: no answer
	turn     int
	kept     map[int]*process // who each sends to as long as its connection is kept; nil when none is
}

// keep has connections kept, as most senders do: each stays with its worker until that closes the connection, or says that it is to be closed.
func (s *sender) keep() {
	s.client.Transport = &http.Transport{MaxIdleConnsPerHost: 8}
	s.kept = map[int]*process{}
	s.t.Cleanup(s.client.CloseIdleConnections)
}

func newSender(t *testing.T, targets ...*process) *sender {
	t.Helper()
	// Connections are not kept: each request may reach any worker, as through a Service.
	transport := &http.Transport{DisableKeepAlives: true}
	return &sender{
		t: t, targets: targets, client: http.Client{Timeout: 30 * time.Second, Transport: transport},
		pause: 100 * time.Millisecond,
		sent:  map[string]bool{}, careless: map[string]bool{}, acked: map[string]int{}, statuses: map[int]int{},
	}
}

// send returns when every batch is answered for. Batches are on their way at the same time.
func (s *sender) send(atOnce int, batches ...[]ledger.Entry) {
	s.t.Helper()
	next := make(chan []ledger.Entry)
	var group sync.WaitGroup
	for which := range atOnce {
		group.Go(func() {
			for batch := range next {
				s.persist(which, batch)
			}
		})
	}
	for _, batch := range batches {
		next <- batch
	}
	close(next)
	group.Wait()
}

func (s *sender) persist(which int, batch []ledger.Entry) {
	s.mu.Lock()
	for _, e := range batch {
		if e.Refused {
			s.careless[e.ID] = true
		} else {
			s.sent[e.ID] = true
		}
	}
	s.mu.Unlock()
	body := encode(batch)
	if !eventually(func() bool { return s.once(which, body) }) {
		s.t.Errorf("a batch of %d events was not taken in %s", len(batch), patience)
	}
}

// target is who one of the senders that are at work sends to now.
func (s *sender) target(which int) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.kept[which]; p != nil {
		return p
	}
	for range s.targets {
		if s.turn++; !s.targets[s.turn%len(s.targets)].leaving.Load() {
			break
		}
	}
	p := s.targets[s.turn%len(s.targets)]
	if s.kept != nil {
		s.kept[which] = p
	}
	return p
}

func (s *sender) once(which int, body []byte) (done bool) {
	status := 0
	defer func() { s.mu.Lock(); s.statuses[status]++; s.mu.Unlock() }()
	got, err := s.post(s.target(which), body)
	if err != nil || got.closed {
		s.mu.Lock()
		delete(s.kept, which)
		s.mu.Unlock()
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		status = notSent
	}
	if err != nil {
		return false
	}
	status = got.status
	if status == http.StatusMultiStatus { // some events were refused, as each of the answers says
		status = http.StatusAccepted
	}
	switch {
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		if got.retryAfter == "" {
			s.t.Errorf("%d without Retry-After", status)
		}
		return false
	case status != http.StatusAccepted:
		s.t.Errorf("answered %d: %.500s", status, got.text)
		return true
	}
	s.note(got.text)
	return true
}

// notSent stands for a request that could not be sent, because nobody listens.
const notSent = -1

// got is what a worker answered.
type got struct {
	status     int
	retryAfter string
	text       []byte
	closed     bool // the connection is not to be used again
}

// post sends one request to one worker.
func (s *sender) post(to *process, body []byte) (got, error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+to.listen+"/v1/events", bytes.NewReader(body))
	if err != nil {
		return got{}, err
	}
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := s.client.Do(request)
	if err != nil {
		return got{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return got{answer.StatusCode, answer.Header.Get("Retry-After"), text, answer.Close}, err
}

func (s *sender) note(text []byte) {
	var answer events.Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, result := range answer.Results {
		s.acked[result.ID]++
		if result.Status == events.StatusAccepted {
			s.accepted++
		}
		if invalid := result.Status == events.StatusInvalid; invalid != s.careless[result.ID] {
			s.t.Errorf("event %s was answered with %+v", result.ID, result)
		}
	}
}

// refused counts the requests that were not answered for: no answer at all, or one that says to come back.
func (s *sender) refused() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for status, count := range s.statuses {
		if status != http.StatusAccepted {
			n += count
		}
	}
	return n
}

func encode(batch []ledger.Entry) []byte {
	type event struct {
		SpecVersion string      `json:"specversion"`
		ID          string      `json:"id"`
		Source      string      `json:"source"`
		Type        string      `json:"type"`
		Subject     string      `json:"subject"`
		Time        string      `json:"time"`
		Data        ledger.Data `json:"data"`
	}
	out := make([]event, len(batch))
	for i, e := range batch {
		out[i] = event{"1.0", e.ID, e.Source, fmt.Sprint(events.TypePrefix, e.Kind), e.Lead, e.Time.Format(time.RFC3339Nano), e.Data}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return text
}

// inBatches puts lives together, so that the events of a lead stay in one request.
func inBatches(lives [][]ledger.Entry, each int) (batches [][]ledger.Entry) {
	for part := range slices.Chunk(lives, each) {
		batches = append(batches, slices.Concat(part...))
	}
	return batches
}

// answered says whether a request is taken now.
func (s *sender) answered() bool {
	s.mu.Lock()
	before := s.statuses[http.StatusAccepted]
	s.mu.Unlock()
	return eventually(func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.statuses[http.StatusAccepted] > before })
}

// count is how many requests had a status.
func (s *sender) count(status int) int { s.mu.Lock(); defer s.mu.Unlock(); return s.statuses[status] }
