// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// skew is how far a signature may be ahead of the operator's clock.
const skew = 5 * time.Minute

// Text is what is written now in an object whose meaning is known.
type Text struct {
	Series
	Owner      resources.Owner
	Prefix     string // of the revisions' names
	Controller bool   // whether the owner alone manages the revisions
	Digest     string
	SignOffs   []slav1alpha1.SignOff
	Data       any // the signed part of the spec

	EffectiveFrom time.Time // zero when the text has no date
}

// subject of the sign-offs.
func (t *Text) subject() sla.Subject {
	return sla.Subject{Namespace: t.Namespace, Name: t.Owner.Name, Digest: t.Digest}
}

// Standing is where an object stands: what is written, what is signed, what is in force.
type Standing struct {
	Digest       string // of what is written; empty when it has no meaning
	Ratification sla.Ratification
	InForce      *Revision
	Coming       []Revision // ratified, in the order in which they come into force
	// Signed are the times at which both parties had signed a text of the object, oldest first.
	Signed []time.Time
	// Next is when a signature from the future begins to count, or a revision comes into force; zero when there is none.
	Next time.Time

	effectiveFrom time.Time // of what is written
	newest        *Revision // that was ratified last
	superseded    []Revision

	keyed []sla.Party // whose names alone do not count
	// unreadable keys: of the parties that are missing, and of the others.
	unreadable, otherUnreadable []string
}

// Pending is what is written but not in force.
func (s *Standing) Pending() *slav1alpha1.Pending {
	if s.Digest == "" || (s.InForce != nil && s.InForce.Digest == s.Digest) {
		return nil
	}
	out := &slav1alpha1.Pending{Digest: slav1alpha1.Digest(s.Digest)}
	if !s.effectiveFrom.IsZero() {
		out.EffectiveFrom = &metav1.Time{Time: s.effectiveFrom}
	}
	if coming := s.coming(); coming != nil {
		out.Revision = coming.Name
		return out
	}
	if s.Ratification.Ratified {
		return nil // recording it failed
	}
	out.Missing = convert.Missing(s.Ratification.Missing)
	return out
}

// Keeper records what is ratified.
type Keeper struct {
	Client client.Client
	// Live reads past the cache. Numbers are given from it: an old list would give one twice.
	Live client.Reader
	// Signers finds the keys that signatures are checked against.
	Signers *Signers
}

// Keep judges the signatures of a text and, when both are there, records it as a revision, which is in force from its date on. A signature
// is not older than the text that was ratified last, whether that one is in force or to come.
func (k Keeper) Keep(ctx context.Context, t Text, revisions []Revision, now time.Time) (*Standing, error) {
	out := Stand(revisions, now)
	out.Digest, out.effectiveFrom = t.Digest, t.EffectiveFrom
	counted, early := split(convert.SignOffs(t.SignOffs), now)
	w, err := k.newWitness(ctx, t, revisions, out.InForce)
	if err != nil {
		out.Ratification = unchecked(err)
		return out, err
	}
	out.Ratification = sla.RatifyWith(counted, t.subject(), out.newest.signed(), w.judge)
	out.describe(w)
	for _, off := range early {
		at := off.At.Add(-skew)
		out.Ratification.Notes = append(out.Ratification.Notes, fmt.Sprintf("%s's sign-off is dated %s, which is in the future", off.Party, stamp(off.At)))
		out.lookAgain(at)
	}
	if !out.Ratification.Ratified {
		return out, nil
	}
	recorded, err := k.record(ctx, t, out, now, func(since time.Time) time.Time { return signedAgain(counted, t.subject(), w.judge, since) })
	if err != nil {
		return out, err
	}
	out.put(Stand(with(revisions, *recorded), now))
	return out, nil
}

// split takes out signatures from the future: one of the year 2099 would bar every later text.
func split(offs []sla.SignOff, now time.Time) (counted, early []sla.SignOff) {
	for _, off := range offs {
		if off.At.After(now.Add(skew)) {
			early = append(early, off)
			continue
		}
		counted = append(counted, off)
	}
	return counted, early
}

// record writes the revision; nothing is written when it stands as it should.
func (k Keeper) record(ctx context.Context, t Text, s *Standing, now time.Time, again func(since time.Time) time.Time) (*Revision, error) {
	next, err := k.next(ctx, t, s, now, again)
	if err != nil {
		return nil, err
	}
	signed, err := json.Marshal(next.Signed)
	if err != nil {
		return nil, err
	}
	signOffs, err := records(t.SignOffs, s.Ratification.Verified)
	if err != nil {
		return nil, err
	}
	return &next, child.Apply(ctx, k.Client, k.Live, resources.Revision(resources.RevisionInput{
		Owner: t.Owner, Label: t.Label, Component: t.Component, Controller: t.Controller,
		Name: next.Name, Number: next.Number, Digest: next.Digest, SignedAt: next.SignedAt, RatifiedAt: next.Since, EffectiveFrom: next.EffectiveFrom,
		Signers: signers(t.SignOffs), Data: next.Data, Previous: next.Previous, SignOffs: signOffs, Signed: string(signed),
	}))
}

// next is the revision that should be the newest. A text that is signed again keeps its number and gets the later signatures; a text
// that comes back gets the next number on its old revision; a new one gets a new revision. again is when both signed since a time; a time of
// signing is added to those that the revision has, past the cache.
func (k Keeper) next(ctx context.Context, t Text, s *Standing, now time.Time, again func(since time.Time) time.Time) (Revision, error) {
	if newest := s.newest; newest != nil && newest.Digest == t.Digest {
		return k.signedOnceMore(ctx, t, *newest, s.Ratification.SignedAt, again)
	}
	revisions, err := List(ctx, k.Live, t.Series)
	if err != nil {
		return Revision{}, err
	}
	next := Revision{
		Name: resources.RevisionName(t.Prefix, t.Digest), Digest: t.Digest, Number: 1,
		SignedAt: s.Ratification.SignedAt, Since: now.UTC().Truncate(time.Second), Previous: digestOf(s.InForce),
		EffectiveFrom: t.EffectiveFrom,
	}
	if newest := Newest(revisions); newest != nil {
		next.Number = newest.Number + 1
	}
	old := Named(revisions, next.Name)
	if old == nil {
		next.Signed = agreed(nil, next.SignedAt)
		next.Data, err = json.Marshal(t.Data)
		return next, err
	}
	if old.Digest != t.Digest {
		return Revision{}, fmt.Errorf("ControllerRevision %s/%s is taken by %s", t.Namespace, old.Name, Short(old.Digest))
	}
	next.Data, next.UID = old.Data, old.UID // the data is immutable
	next.Signed = agreed(old.Signed, again(lastOf(old.Signed)))
	return next, nil
}

// signedOnceMore is the newest revision with the sign-offs that its text has now.
func (k Keeper) signedOnceMore(
	ctx context.Context, t Text, newest Revision, signedAt time.Time, again func(since time.Time) time.Time,
) (Revision, error) {
	if signedAt.After(newest.SignedAt) {
		newest.SignedAt = signedAt
	}
	if again(lastOf(newest.Signed)).IsZero() {
		return newest, nil
	}
	live, err := List(ctx, k.Live, t.Series) // the cache may not yet have the last time that was added
	if err != nil {
		return Revision{}, err
	}
	if now := Named(live, newest.Name); now != nil {
		newest.Signed = now.Signed
	}
	newest.Signed = agreed(newest.Signed, again(lastOf(newest.Signed)))
	return newest, nil
}

func signers(offs []slav1alpha1.SignOff) []string {
	out := make([]string, 0, len(offs))
	for _, o := range offs {
		out = append(out, string(o.Party)+"="+o.By)
	}
	slices.Sort(out)
	return out
}

// Short form of a digest for people.
func Short(digest string) string {
	if i := strings.LastIndex(digest, ":"); i >= 0 && len(digest) > i+9 {
		return digest[:i+9] + "…"
	}
	return digest
}

// SetRatified sets the condition Ratified: whether both parties signed what is written, and if not, who is missing and why.
func (s *Standing) SetRatified(conditions *[]metav1.Condition, generation int64, now time.Time, resource, name string) {
	set := func(status metav1.ConditionStatus, reason, message string) {
		condition.Set(conditions, generation, now, slav1alpha1.RatifiedCondition, status, reason, message)
	}
	if s.Ratification.Ratified {
		set(metav1.ConditionTrue, s.trust(), fmt.Sprintf("both parties signed %s, the last at %s%s%s",
			Short(s.Digest), stamp(s.Ratification.SignedAt), s.verification(), s.from()+s.overlap()))
		return
	}
	set(metav1.ConditionFalse, s.untrust(), s.Missing(resource, name)+s.overlap())
}

// Missing says who has not signed, why, and how to.
func (s *Standing) Missing(resource, name string) string {
	var parties, commands []string
	for _, p := range s.Ratification.Missing {
		parties = append(parties, string(p))
		commands = append(commands, fmt.Sprintf("`kubectl sla sign --party %s --by ROLE%s FILE`", p, s.keyFlags(p)))
	}
	verb := "has"
	if len(parties) > 1 {
		verb = "have"
	}
	message := fmt.Sprintf("%s %s not signed %s", strings.Join(parties, " and "), verb, Short(s.Digest))
	if why := s.why(); len(why) > 0 {
		message += " (" + strings.Join(why, "; ") + ")"
	}
	message += fmt.Sprintf("; run %s on the manifest of %s/%s", strings.Join(commands, " and "), resource, name)
	return message + s.Kept()
}

// why are the notes that say more than that somebody has not signed, which the message begins with.
func (s *Standing) why() []string {
	return slices.DeleteFunc(slices.Clone(s.Ratification.Notes), func(note string) bool {
		return strings.HasSuffix(note, "has not signed")
	})
}
