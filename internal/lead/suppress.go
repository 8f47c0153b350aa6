// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"time"
)

// Mark says that who is in a scope is kept out from an instant on, or not any more.
type Mark struct {
	At     time.Time
	Scope  Scope
	Lifted bool

	disposition bool // sales suppressed it by its code
	void        bool // and that was overturned
}

// Suppression is what keeps a lead out of hand-offs at a time.
type Suppression struct {
	Since time.Time
	Scope Scope
	Peer  bool // it comes from another lead of the account
	Code  bool // it comes from the code by which sales disqualified the lead itself
}

// suppressions are the marks of a lead as they are known up to an event: its own, in order, and those that other leads of its account
// made for all of them.
type suppressions struct {
	own    []Mark
	peers  []Mark // in order of time
	latest int    // index in own of the mark of the latest rejection; -1 when it made none
}

// take an event; others than those about suppression change nothing.
func (s *suppressions) take(e Event, codes []Disposition) {
	switch e.Kind {
	case KindOptedOut:
		s.own = append(s.own, Mark{At: e.Time, Scope: e.scope()})
	case KindReinstated:
		s.own = append(s.own, Mark{At: e.Time, Scope: e.scope(), Lifted: true})
	case KindDisposition:
		s.dispose(e, codes)
	case KindContested:
		if e.overturns() && s.latest >= 0 {
			s.own[s.latest].void = true
		}
	default:
	}
}

func (s *suppressions) dispose(e Event, codes []Disposition) {
	if e.Disposition == nil {
		return
	}
	outcome, code := e.Disposition.resolve(codes)
	if !outcome.rejects() {
		return
	}
	s.latest = -1
	if code != nil && code.Suppress != "" {
		s.latest = len(s.own)
		s.own = append(s.own, Mark{At: e.Time, Scope: code.Suppress, disposition: true})
	}
}

func (e Event) scope() Scope {
	if e.Scope == "" {
		return ScopeContact
	}
	return e.Scope
}

// at an instant; nil when nothing keeps the lead out. What it did itself is known up to the event at hand, which is not later.
func (s *suppressions) at(now time.Time) *Suppression {
	if len(s.own) == 0 && len(s.peers) == 0 {
		return nil
	}
	if m := s.latestOf(ScopeContact); m != nil && !m.Lifted {
		return &Suppression{Since: m.At, Scope: ScopeContact, Code: m.disposition}
	}
	return accountAt(s.latestOf(ScopeAccount), latestUpTo(s.peers, now))
}

// accountAt is what the latest marks for all leads of the account say, its own and that of another lead; the later one counts.
func accountAt(own, peer *Mark) *Suppression {
	peers := peer != nil && (own == nil || own.At.Before(peer.At) || own.At.Equal(peer.At) && own.Lifted)
	switch {
	case peers && !peer.Lifted:
		return &Suppression{Since: peer.At, Scope: ScopeAccount, Peer: true}
	case !peers && own != nil && !own.Lifted:
		return &Suppression{Since: own.At, Scope: ScopeAccount, Code: own.disposition}
	default:
		return nil
	}
}

func (s *suppressions) latestOf(scope Scope) *Mark {
	for i := range slices.Backward(s.own) {
		if m := &s.own[i]; m.Scope == scope && !m.void {
			return m
		}
	}
	return nil
}

// latestUpTo an instant; of several at the same one, that which keeps out, so that their order is of no matter.
func latestUpTo(marks []Mark, now time.Time) *Mark {
	var found *Mark
	for i := range marks {
		m := &marks[i]
		if m.At.After(now) {
			break
		}
		if found == nil || m.At.After(found.At) || !m.Lifted {
			found = m
		}
	}
	return found
}

// reset keeps the memory for another lead.
func (s *suppressions) reset() { s.own, s.peers, s.latest = s.own[:0], nil, -1 }

// AccountMarks are what a lead's history, which is in (Time, Sequence) order, says about all leads of its account. An overturned
// disposition keeps them out until it was overturned.
func (p *Program) AccountMarks(history []Event) []Mark {
	var marks []Mark
	s := suppressions{latest: -1}
	for _, e := range history {
		n, latest := len(s.own), s.latest
		s.take(e, p.definition.Dispositions)
		switch {
		case len(s.own) > n && s.own[n].Scope == ScopeAccount:
			marks = append(marks, Mark{At: e.Time, Scope: ScopeAccount, Lifted: s.own[n].Lifted})
		case e.overturns() && latest >= 0 && s.own[latest].Scope == ScopeAccount:
			if m := s.latestOf(ScopeAccount); m == nil || m.Lifted {
				marks = append(marks, Mark{At: e.Time, Scope: ScopeAccount, Lifted: true})
			}
		}
	}
	return marks
}

// SuppressedAt says what keeps a lead out at the end of its history, which is in (Time, Sequence) order; nil when nothing does. peers are
// the marks that other leads of its account made, in order of time: all of them count, also those after its last event.
func (p *Program) SuppressedAt(history []Event, peers []Mark) *Suppression {
	s := suppressions{peers: peers, latest: -1}
	for _, e := range history {
		s.take(e, p.definition.Dispositions)
	}
	end := time.Time{}
	if n := len(peers); n > 0 {
		end = peers[n-1].At
	}
	return s.at(end)
}
