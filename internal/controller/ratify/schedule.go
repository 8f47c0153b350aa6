// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// mostScheduled is how many revisions to come a status shows.
const mostScheduled = 10

// Start is when the revision comes into force: the later of its ratification and its own date, never before.
func (r *Revision) Start() time.Time {
	if r.EffectiveFrom.After(r.Since) {
		return r.EffectiveFrom
	}
	return r.Since
}

// At is the revision in force at a time: that with the highest number of those whose date has come; nil when there is none. One without a
// date is there as soon as it was ratified, whatever a clock that was set back says.
func At(revisions []Revision, at time.Time) *Revision {
	var inForce *Revision
	for i := range revisions {
		r := &revisions[i]
		if !r.EffectiveFrom.After(at) && (inForce == nil || r.Number > inForce.Number) {
			inForce = r
		}
	}
	return inForce
}

// Coming are the revisions that come into force after a time, in their order. One that a higher number precedes is superseded: it never does.
func Coming(revisions []Revision, after time.Time) []Revision {
	sorted := slices.SortedFunc(slices.Values(revisions), func(a, b Revision) int { return cmp.Compare(b.Number, a.Number) })
	var out []Revision
	for _, r := range sorted {
		if !r.EffectiveFrom.After(after) {
			break // in force: those before it are over
		}
		if len(out) == 0 || r.EffectiveFrom.Before(out[len(out)-1].EffectiveFrom) {
			out = append(out, r)
		}
	}
	slices.Reverse(out)
	return out
}

// Superseded are the revisions with a date after a time that never come into force, since one that was ratified later takes effect before them or at
// the same second, in the order of their numbers.
func Superseded(revisions []Revision, after time.Time) []Revision {
	coming := Coming(revisions, after)
	var out []Revision
	for _, r := range revisions {
		if r.EffectiveFrom.After(after) && Named(coming, r.Name) == nil {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Revision) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// Stand is where the revisions of an object stand at a time.
func Stand(revisions []Revision, now time.Time) *Standing {
	s := &Standing{
		InForce: At(revisions, now), Coming: Coming(revisions, now), superseded: Superseded(revisions, now),
		Signed: Signed(revisions), newest: Newest(revisions),
	}
	if len(s.Coming) > 0 {
		s.lookAgain(s.Coming[0].EffectiveFrom)
	}
	return s
}

// put takes over what is in force and to come. Every signature counts by then: none is waited for.
func (s *Standing) put(now *Standing) {
	s.InForce, s.Coming, s.superseded = now.InForce, now.Coming, now.superseded
	s.Signed, s.newest, s.Next = now.Signed, now.newest, now.Next
}

func (s *Standing) lookAgain(at time.Time) {
	if s.Next.IsZero() || at.Before(s.Next) {
		s.Next = at
	}
}

// with puts a revision in place of that of the same name, or beside the others.
func with(revisions []Revision, r Revision) []Revision {
	out := slices.DeleteFunc(slices.Clone(revisions), func(old Revision) bool { return old.Name == r.Name })
	return append(out, r)
}

// coming is the revision to come that keeps what is written; nil when there is none.
func (s *Standing) coming() *Revision {
	i := slices.IndexFunc(s.Coming, func(r Revision) bool { return r.Digest == s.Digest })
	if i < 0 {
		return nil
	}
	return &s.Coming[i]
}

// Scheduled is what a status shows of the revisions to come.
func (s *Standing) Scheduled() []slav1alpha1.ScheduledRevision {
	var out []slav1alpha1.ScheduledRevision
	for i := range s.Coming[:min(len(s.Coming), mostScheduled)] {
		r := &s.Coming[i]
		out = append(out, slav1alpha1.ScheduledRevision{
			Revision: r.Name, Digest: slav1alpha1.Digest(r.Digest), EffectiveFrom: metav1.NewTime(r.EffectiveFrom),
		})
	}
	return out
}

// Outlook says in words what is in force and what comes after it; empty when there is neither.
func (s *Standing) Outlook() string {
	var parts []string
	if s.InForce != nil {
		parts = append(parts, s.InForce.Name+" is in force")
	}
	for i := range s.Coming {
		parts = append(parts, fmt.Sprintf("%s comes into force at %s", s.Coming[i].Name, stamp(s.Coming[i].EffectiveFrom)))
	}
	return strings.Join(parts, "; ")
}

// Kept says what goes on although something else is written: an edit that is not signed changes neither what is in force nor what is to come.
func (s *Standing) Kept() string {
	said := ""
	if s.InForce != nil {
		said = "; " + s.InForce.Name + " stays in force"
	}
	for i := range s.Coming {
		r := &s.Coming[i]
		said += fmt.Sprintf("; %s, which is ratified", r.Name)
		if r.Digest != s.Digest {
			said += " and not what is written now"
		}
		said += ", comes into force at " + stamp(r.EffectiveFrom)
	}
	return said
}

// from says when what is written and ratified comes into force; empty when it is already.
func (s *Standing) from() string {
	if coming := s.coming(); coming != nil {
		return "; it comes into force at " + stamp(coming.EffectiveFrom)
	}
	return ""
}

// overlap names the texts with a date to come that another one overtook: they were signed, and people may count on them.
func (s *Standing) overlap() string {
	said := ""
	for i := range s.superseded {
		r := &s.superseded[i]
		over := s.InForce
		for j := range s.Coming {
			if s.Coming[j].Number > r.Number && !s.Coming[j].EffectiveFrom.After(r.EffectiveFrom) {
				over = &s.Coming[j]
			}
		}
		if over == nil {
			continue
		}
		said += fmt.Sprintf("; %s, ratified for %s, never comes into force: %s was ratified after it and takes effect at %s; "+
			"if it is to follow, sign its text again", r.Name, stamp(r.EffectiveFrom), over.Name, stamp(over.Start()))
	}
	return said
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
