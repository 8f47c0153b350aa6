// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// paused is an org without records; the first query with that text waits until it may go on.
type paused struct {
	at            string
	began, goesOn chan struct{}
}

func pausing(at string) *paused {
	return &paused{at: at, began: make(chan struct{}), goesOn: make(chan struct{})}
}

func (p *paused) RoundTrip(r *http.Request) (*http.Response, error) {
	text := `{"done": true, "records": []}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/token"):
		text = `{"access_token": "token-1"}`
	case strings.Contains(r.URL.Query().Get("q"), p.at):
		select {
		case <-p.began: // it is not the first
		default:
			close(p.began)
			<-p.goesOn
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
}

func (p *paused) system() *System {
	return New(crm.Access{
		Settings: crm.Settings{URL: "https://acme.my.salesforce.com", Version: "v65.0"}, Secret: func(string) (string, error) { return "app", nil },
		Fields: func() []string { return nil }, Now: func() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) },
	}, &http.Client{Transport: p})
}

// Who reads the people anew does not put back what was described before.
func TestPeopleAndDescriptionTogether(t *testing.T) {
	p := pausing("FROM User")
	s := p.system()
	s.keep(&org{account: "old", people: &people{}})
	done := make(chan error, 1)
	go func() {
		_, err := s.peopleWith(t.Context(), s.org, func(*people) bool { return false })
		done <- err
	}()
	<-p.began
	s.keep(&org{account: "new", people: &people{}})
	close(p.goesOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s.org.account != "new" || s.org.people.read.IsZero() {
		t.Errorf("known are %+v, want what was described last, with the people that were read", s.org)
	}
}

// A first contact that has a task is not told, whatever another reader forgets meanwhile.
func TestFirstContactsTogether(t *testing.T) {
	p := pausing("FROM Task")
	s := p.system()
	o := &org{people: &people{}}
	at := "2026-11-02T11:00:00.000+0000"
	lead := func(id string) row { return row{"Id": id, firstCall: at} }
	known, fresh := lead("00Q000000000001AAA"), lead("00Q000000000002AAA")
	s.firsts[first{known.text("Id"), firstCall, known.time(firstCall)}] = true
	for n := range maxFirsts - 3 {
		s.firsts[first{at: time.Unix(int64(n), 0)}] = true
	}
	type told struct {
		touches []crm.Touch
		err     error
	}
	done := make(chan told, 1)
	go func() {
		touches, err := s.firstContacts(t.Context(), o, []row{known, fresh})
		done <- told{touches, err}
	}()
	<-p.began
	others := []row{lead("00Q000000000003AAA"), lead("00Q000000000004AAA"), lead("00Q000000000005AAA")}
	if _, err := s.firstContacts(t.Context(), o, others); err != nil {
		t.Fatal(err)
	}
	if len(s.firsts) > len(others) {
		t.Fatalf("%d are remembered: nothing was forgotten", len(s.firsts))
	}
	close(p.goesOn)
	got := <-done
	if got.err != nil || len(got.touches) != 1 || got.touches[0].ID != fresh.text("Id") {
		t.Errorf("told %+v, error %v; want the one without a task", got.touches, got.err)
	}
}
