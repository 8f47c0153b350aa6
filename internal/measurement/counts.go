// SPDX-License-Identifier: Apache-2.0

package measurement

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Write brings the counts into the status, unless they are there already.
func (w *Writer) Write(ctx context.Context, m pipeline.Measurement) error {
	current, err := w.get(ctx)
	if err != nil {
		return err
	}
	want := statusOf(m)
	if current.Status.AsOf != nil && equalCounts(current.Status, want) {
		return nil
	}
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&want)
	if err != nil {
		return err
	}
	// Said even when there are none, so that they stay ours and the last row can go.
	if len(want.Rows) == 0 {
		status["rows"] = []any{}
	}
	return w.apply(ctx, ManagerCounts, status)
}

// equalCounts leaves out the conditions, which others write, and the time of counting.
func equalCounts(a, b slav1alpha1.SLAMeasurementStatus) bool {
	a.Conditions, b.Conditions, a.AsOf, b.AsOf = nil, nil, nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

func statusOf(m pipeline.Measurement) slav1alpha1.SLAMeasurementStatus {
	asOf := metav1.NewTime(m.AsOf.UTC().Truncate(time.Second))
	status := slav1alpha1.SLAMeasurementStatus{
		AsOf:          &asOf,
		ClosedThrough: string(m.ClosedThrough),
		Sequence:      m.Sequence,
		Leads: &slav1alpha1.LeadCounts{
			Captured: &m.Leads.Captured, MQLs: &m.Leads.MQLs, Held: &m.Leads.Held,
			Unrouted: &m.Leads.Unrouted, Fallback: &m.Leads.Fallback, Waiting: &m.Leads.Waiting,
			Recycled: &m.Leads.Recycled, Disqualified: &m.Leads.Disqualified, Suppressed: &m.Leads.Suppressed,
			Duplicates: &m.Leads.Duplicates, Merged: &m.Leads.Merged, Excluded: &m.Leads.Excluded, BeforeGoLive: &m.Leads.BeforeGoLive,
		},
	}
	for _, c := range m.Counts {
		status.Rows = append(status.Rows, row(c))
	}
	return status
}

func row(c sla.Count) slav1alpha1.MeasurementRow {
	return slav1alpha1.MeasurementRow{
		Clause: string(c.Clause), Tier: c.Tier, Period: string(c.Period), Revision: c.Revision,
		Met: &c.Met, Missed: &c.Missed, Open: &c.Open, AtRisk: &c.AtRisk, Excused: &c.Excused,
	}
}
