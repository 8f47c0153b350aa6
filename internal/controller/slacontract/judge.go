// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// judgement of what the workers counted, by the terms of the pair in force.
type judgement struct {
	counted      bool      // whether any count has arrived
	back         time.Time // when the last good counts are of; zero unless the ledger's clock went back
	at           time.Time // by the ledger's clock, as far as it is known
	zone         *time.Location
	volumeTarget int

	closedThrough sla.Period
	judge.Judgement
}

// finding is one condition's worth of a verdict.
type finding struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

// judge compares the counts, and what is on record beside them, with the terms. What cannot be read leaves the last outcome as it is.
func (s *scope) judge(ctx context.Context) error {
	if s.pair == nil {
		return nil
	}
	s.unread = true
	book, err := s.readBook(ctx)
	if err != nil {
		return err
	}
	judged := &judgement{volumeTarget: book.compiled.VolumeTarget(), zone: book.compiled.Hours().Location()}
	in := judge.Input{
		Book: book.terms, InForce: s.pair.bundle.Terms.Name, Now: s.now, Terms: s.standing.Signed, Definition: book.signed,
		Dispute: convert.Dispute(s.contract.Spec.Dispute), Remediations: convert.Remediations(s.contract.Spec.Remediations),
	}
	if m := s.measurement; m != nil && m.Status.AsOf != nil {
		judged.counted = true
		in.Counts, in.Paces = convert.Counts(m.Status.Rows), convert.Paces(m.Status.Paces)
		in.ClosedThrough = sla.Period(m.Status.ClosedThrough)
		in.Now, in.Spells = convert.LedgerNow(s.now, m.Status, judged.zone), convert.Spells(m.Status)
		if clockWentBack(m) != nil {
			judged.back, in.Now = m.Status.AsOf.Time, m.Status.AsOf.Time
		}
	}
	judged.at, judged.closedThrough = in.Now, in.ClosedThrough
	if err := s.readRecords(ctx, &in, judged.zone); err != nil {
		return err
	}
	s.problems = append(recordProblems(s.contract, &in, book.clauses, judged.zone), missingRevisions(in.Counts, in.Book, in.InForce)...)
	in.Waivers = signedBy(in.Waivers, in.Now)
	judged.Judgement = judge.Judge(in)
	for _, e := range judged.Escalations {
		s.lookAt = append(s.lookAt, e.Due)
	}
	s.judged, s.unread = judged, false
	return nil
}

// closed says whether a period was over when the last closed week ended.
func (j *judgement) closed(period string) bool {
	_, ends, err := sla.Period(period).Bounds(j.zone)
	_, through, errThrough := j.closedThrough.Bounds(j.zone)
	return err == nil && errThrough == nil && !ends.After(through)
}

// clockWentBack is what the routing worker says of the ledger's clock when that shows a time before one that it showed already; nil when it does not.
func clockWentBack(m *slav1alpha1.SLAMeasurement) *metav1.Condition {
	if m == nil {
		return nil
	}
	for i := range m.Status.Conditions {
		if m.Status.Conditions[i].Reason == slav1alpha1.ReasonClockWentBack {
			return &m.Status.Conditions[i]
		}
	}
	return nil
}
