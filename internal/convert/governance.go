// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// maxHistory is how many closed weeks a status shows.
const maxHistory = 26

// Waiver of the contract with this namespace and name, as it is signed.
func Waiver(namespace, name string, w slav1alpha1.Waiver) sla.Waiver {
	return sla.Waiver{
		Object: namespace + "/" + name, Name: string(w.Name), Clause: sla.Clause(w.Clause), From: string(w.From), To: string(w.To), Reason: w.Reason,
	}
}

// Waivers of a contract, with the signatures that count by the check: that of a keyring for sla.WaiverKind.
func Waivers(contract *slav1alpha1.SLAContract, check sla.Check) []judge.Waiver {
	out := make([]judge.Waiver, 0, len(contract.Spec.Waivers))
	for _, w := range contract.Spec.Waivers {
		signed := Waiver(contract.Namespace, contract.Name, w)
		waiver := judge.Waiver{Name: signed.Name, Clause: signed.Clause, From: signed.From, To: signed.To, Reason: signed.Reason}
		digest, err := sla.DigestWaiver(signed)
		if err != nil {
			waiver.Flaws = []string{err.Error()}
			out = append(out, waiver)
			continue
		}
		subject := sla.Subject{Namespace: contract.Namespace, Name: contract.Name, Digest: digest}
		ratified := sla.RatifyWith(SignOffs(w.SignOffs), subject, nil, check)
		waiver.Signed, waiver.Flaws = ratified.SignedAt, ratified.Notes
		out = append(out, waiver)
	}
	return out
}

// Dispute about the terms; nil when there is none.
func Dispute(d *slav1alpha1.Dispute) *judge.Dispute {
	if d == nil {
		return nil
	}
	out := &judge.Dispute{RaisedBy: sla.Party(d.RaisedBy), At: instant(d.At.Time), Clause: sla.Clause(d.Clause), Reason: d.Reason}
	if r := d.Resolution; r != nil {
		out.Resolved, out.ResolvedBy, out.Decision = instant(r.At.Time), r.By, r.Decision
	}
	return out
}

// Remediations are the plans for misses.
func Remediations(plans []slav1alpha1.Remediation) []judge.Remediation {
	out := make([]judge.Remediation, 0, len(plans))
	for _, p := range plans {
		out = append(out, judge.Remediation{
			Name: string(p.Name), Clause: sla.Clause(p.Clause), Cause: string(p.Cause), Owner: p.Owner, Plan: p.Plan, Due: string(p.Due), Done: string(p.Done),
		})
	}
	return out
}

// Meetings of a cadence, in the order of the spec, with the records of those that were held. One whose schedule cannot be read is left out: the
// cadence says so.
func Meetings(spec slav1alpha1.ReviewCadenceSpec, now time.Time, zone *time.Location) []judge.Meeting {
	out := make([]judge.Meeting, 0, len(spec.Reviews))
	for _, r := range spec.Reviews {
		schedule, err := judge.ParseSchedule(r.Schedule, now)
		if err != nil {
			continue
		}
		within, err := window(r.HeldWithin)
		if err != nil {
			continue
		}
		m := judge.Meeting{Name: r.Name, Type: string(r.Type), Schedule: schedule, HeldWithin: within}
		for _, record := range spec.Records {
			if record.Review == r.Name {
				m.Records = append(m.Records, recordOf(record, zone)...)
			}
		}
		out = append(out, m)
	}
	return out
}

// recordOf a review; none when its date cannot be read, which the CRD's pattern lets through for the 31st of a short month.
func recordOf(r slav1alpha1.ReviewRecord, zone *time.Location) []judge.Record {
	held, _, err := sla.Day(string(r.Held), zone)
	if err != nil {
		return nil
	}
	record := judge.Record{Period: sla.Period(r.Period), Held: held}
	for _, party := range r.By {
		record.By = append(record.By, sla.Party(party))
	}
	return []judge.Record{record}
}

// Reviews of a cadence that were due since the go-live, or since the cadence was made, and the next one of each; none before a go-live.
func Reviews(cadence *slav1alpha1.ReviewCadence, goLive, now time.Time, zone *time.Location) []judge.Review {
	if goLive.IsZero() {
		return nil
	}
	from := judge.ReviewsFrom(goLive, cadence.CreationTimestamp.Time, now)
	var out []judge.Review
	for _, m := range Meetings(cadence.Spec, now, zone) {
		out = append(out, judge.DueReviews(m, from, now, zone)...)
	}
	return out
}

// Escalations as a contract's status shows them.
func Escalations(open []judge.Escalation) []slav1alpha1.EscalationStatus {
	var out []slav1alpha1.EscalationStatus
	for _, e := range open {
		shown := slav1alpha1.EscalationStatus{
			Clause: string(e.Clause), Level: int32(e.Level),
			Since: metav1.NewTime(instant(e.Since)), LevelSince: metav1.NewTime(instant(e.LevelSince)),
			Owners: e.Owners, Reason: e.Reason, Clears: e.Clears, Remediations: e.Remediations,
		}
		if !e.Due.IsZero() {
			shown.Due = &metav1.Time{Time: instant(e.Due)}
		}
		out = append(out, shown)
	}
	return out
}

// History of the newest closed weeks, the newest first.
func History(weeks []judge.Week) []slav1alpha1.ClosedWeek {
	var out []slav1alpha1.ClosedWeek
	for _, week := range slices.Backward(weeks[max(0, len(weeks)-maxHistory):]) {
		shown := slav1alpha1.ClosedWeek{Period: string(week.Period)}
		for _, clause := range sla.Clauses {
			if row, judged := week.Verdict(clause); judged {
				tell(&shown, slav1alpha1.ClauseName(clause), row)
			}
		}
		out = append(out, shown)
	}
	return out
}

func tell(week *slav1alpha1.ClosedWeek, clause slav1alpha1.ClauseName, row sla.Row) {
	switch row.Verdict {
	case sla.VerdictMet:
		week.Met = append(week.Met, clause)
	case sla.VerdictAtRisk:
		week.AtRisk = append(week.AtRisk, clause)
	case sla.VerdictMissed:
		week.Missed = append(week.Missed, clause)
		if row.Severe {
			week.Severe = append(week.Severe, clause)
		}
	case sla.VerdictWaived:
		week.Waived = append(week.Waived, clause)
	case sla.VerdictInsufficientData, sla.VerdictUnknown:
		week.Insufficient = append(week.Insufficient, clause)
	}
}
