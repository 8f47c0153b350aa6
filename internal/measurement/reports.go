// SPDX-License-Identifier: Apache-2.0

package measurement

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Keys of a report in its ConfigMap.
const (
	ReportKey     = "report.md"
	ReportHTMLKey = "report.html"
	ReportJSONKey = "report.json"
)

// Reports keeps the reports of one review as immutable ConfigMaps, named after their period and owned by the cadence.
type Reports struct {
	Client  client.Client
	Cadence *slav1alpha1.ReviewCadence
	Review  string
}

// OpenReports reads the cadence, which will own the reports.
func OpenReports(ctx context.Context, c client.Client, namespace, cadence, review string) (*Reports, error) {
	var object slav1alpha1.ReviewCadence
	if err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: cadence}, &object); err != nil {
		return nil, fmt.Errorf("reading ReviewCadence %s/%s: %w", namespace, cadence, err)
	}
	return &Reports{Client: c, Cadence: &object, Review: review}, nil
}

func (r *Reports) name(period sla.Period) string {
	return resources.ReviewJobName(r.Cadence.Name, r.Review) + "-" + strings.ToLower(string(period))
}

// Has says whether a period is reported.
func (r *Reports) Has(ctx context.Context, period sla.Period) (bool, error) {
	var there corev1.ConfigMap
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: r.Cadence.Namespace, Name: r.name(period)}, &there)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the report on %s: %w", period, err)
	}
	return true, nil
}

// Put shows a report. When another job was faster, it is there already: both had it from the ledger.
func (r *Reports) Put(ctx context.Context, made ledger.Report) error {
	report := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.Cadence.Namespace,
			Name:      r.name(made.Period),
			Labels:    resources.ReviewLabels(r.Cadence.Spec.ContractRef.Name, r.Cadence.Name, r.Review),
			Annotations: map[string]string{
				resources.PeriodAnnotation: string(made.Period),
				resources.ResultAnnotation: made.Result,
				resources.SealAnnotation:   made.Seal,
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: slav1alpha1.GroupVersion.String(), Kind: "ReviewCadence",
				Name: r.Cadence.Name, UID: r.Cadence.UID, BlockOwnerDeletion: new(false),
			}},
		},
		Immutable: new(true),
		Data:      map[string]string{ReportKey: made.Markdown, ReportHTMLKey: made.HTML, ReportJSONKey: made.JSON},
	}
	if err := r.Client.Create(ctx, report); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("writing the report on %s: %w", made.Period, err)
	}
	return nil
}
