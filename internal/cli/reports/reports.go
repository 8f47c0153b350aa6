// SPDX-License-Identifier: Apache-2.0

// Package reports reads the reports of a contract's reviews from the cluster, shows them on a terminal, and proves that they are as they
// were made.
package reports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Report is one as the cluster keeps it.
type Report struct {
	Namespace string    `json:"namespace,omitempty"`
	Name      string    `json:"name"` // of the ConfigMap, or of the file
	Contract  string    `json:"contract,omitempty"`
	Cadence   string    `json:"cadence,omitempty"`
	Review    string    `json:"review,omitempty"`
	Period    string    `json:"period,omitempty"`
	Result    string    `json:"result,omitempty"`
	Seal      string    `json:"seal,omitempty"`
	Made      time.Time `json:"made,omitzero"`

	Markdown, HTML, JSON string `json:"-"`
}

// Choice of reports.
type Choice struct {
	Namespace, Cadence, Review, Period string // empty: any
}

// Of a ConfigMap.
func Of(c *corev1.ConfigMap) Report {
	return Report{
		Namespace: c.Namespace, Name: c.Name, Made: c.CreationTimestamp.UTC(),
		Contract: c.Labels[resources.ContractLabel], Cadence: c.Labels[resources.CadenceLabel], Review: c.Labels[resources.ReviewLabel],
		Period: c.Annotations[resources.PeriodAnnotation], Result: c.Annotations[resources.ResultAnnotation], Seal: c.Annotations[resources.SealAnnotation],
		Markdown: c.Data[measurement.ReportKey], HTML: c.Data[measurement.ReportHTMLKey], JSON: c.Data[measurement.ReportJSONKey],
	}
}

// Named reads the report that a ConfigMap holds.
func Named(ctx context.Context, reader client.Reader, namespace, name string) (Report, error) {
	var object corev1.ConfigMap
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &object)
	switch {
	case apierrors.IsNotFound(err):
		return Report{}, fmt.Errorf("no report %s in namespace %s; `kubectl sla report --list -n %s` shows all there are", name, namespace, namespace)
	case err != nil:
		return Report{}, err
	case object.Labels[resources.ReviewLabel] == "" || object.Annotations[resources.PeriodAnnotation] == "":
		return Report{}, fmt.Errorf("ConfigMap %s in namespace %s is no report of a review", name, namespace)
	}
	return Of(&object), nil
}

// List the reports that a choice leaves, the newest first: by the end of what they are about.
func List(ctx context.Context, reader client.Reader, choice Choice) ([]Report, error) {
	labels := client.MatchingLabels{resources.ManagedByLabel: resources.ManagedBy, resources.ComponentLabel: string(resources.Review)}
	if choice.Cadence != "" {
		labels[resources.CadenceLabel] = choice.Cadence
	}
	if choice.Review != "" {
		labels[resources.ReviewLabel] = choice.Review
	}
	var objects corev1.ConfigMapList
	if err := reader.List(ctx, &objects, client.InNamespace(choice.Namespace), labels); err != nil {
		return nil, err
	}
	var out []Report
	for i := range objects.Items {
		r := Of(&objects.Items[i])
		if r.Period == "" || choice.Period != "" && !strings.EqualFold(r.Period, choice.Period) {
			continue
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Report) int {
		return cmp.Or(b.end().Compare(a.end()), b.Made.Compare(a.Made), cmp.Compare(a.Cadence, b.Cadence), cmp.Compare(a.Review, b.Review))
	})
	return out, nil
}

// end of the period, in any zone: it only orders.
func (r Report) end() time.Time {
	_, end, err := sla.Period(r.Period).Bounds(time.UTC)
	if err != nil {
		return time.Time{}
	}
	return end
}

// Cadence that is meant: the named one, or the only one of the namespace.
func Cadence(ctx context.Context, reader client.Reader, namespace, name string) (*slav1alpha1.ReviewCadence, error) {
	var all slav1alpha1.ReviewCadenceList
	if err := reader.List(ctx, &all, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	var names []string
	for i := range all.Items {
		if all.Items[i].Name == name {
			return &all.Items[i], nil
		}
		names = append(names, all.Items[i].Name)
	}
	slices.Sort(names)
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("no ReviewCadence in namespace %s, so nothing is reported there; -n names another namespace", namespace)
	case name != "":
		return nil, fmt.Errorf("no ReviewCadence %s in namespace %s; there is %s", name, namespace, strings.Join(names, ", "))
	case len(names) > 1:
		return nil, fmt.Errorf("namespace %s has several ReviewCadences: name one of %s", namespace, strings.Join(names, ", "))
	}
	return &all.Items[0], nil
}

// Newest report that a choice leaves. Where there is none, the error says when one is due, or which there are.
func Newest(ctx context.Context, reader client.Reader, cadence *slav1alpha1.ReviewCadence, choice Choice) (Report, error) {
	choice.Namespace, choice.Cadence = cadence.Namespace, cadence.Name
	var reviews []string
	for _, r := range cadence.Spec.Reviews {
		reviews = append(reviews, r.Name)
	}
	if choice.Review != "" && !slices.Contains(reviews, choice.Review) {
		return Report{}, fmt.Errorf("cadence %s has no review %q; it has %s", cadence.Name, choice.Review, strings.Join(reviews, ", "))
	}
	found, err := List(ctx, reader, choice)
	switch {
	case err != nil:
		return Report{}, err
	case len(found) > 0:
		return found[0], nil
	case choice.Period == "":
		return Report{}, fmt.Errorf("no report of cadence %s yet; %s", cadence.Name, due(cadence, choice.Review))
	}
	choice.Period = ""
	rest, err := List(ctx, reader, choice)
	if err != nil {
		return Report{}, err
	}
	if len(rest) == 0 {
		return Report{}, fmt.Errorf("no report of cadence %s yet; %s", cadence.Name, due(cadence, choice.Review))
	}
	return Report{}, fmt.Errorf("no report on that period; the newest are %s; %s", strings.Join(newest(rest), ", "), due(cadence, choice.Review))
}

// newest reports in words, at most five.
func newest(all []Report) []string {
	var out []string
	for _, r := range all[:min(5, len(all))] {
		out = append(out, r.Review+" "+r.Period)
	}
	return out
}

// due says when a report comes next.
func due(cadence *slav1alpha1.ReviewCadence, review string) string {
	zone, err := time.LoadLocation(cadence.Status.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	var parts []string
	for _, r := range cadence.Status.Reviews {
		if r.Next != nil && (review == "" || r.Name == review) {
			parts = append(parts, fmt.Sprintf("%s on %s", r.Name, r.Next.In(zone).Format("Mon 2 January 2006 15:04 MST")))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("when the next is due is not known: `kubectl describe reviewcadence %s -n %s` says why", cadence.Name, cadence.Namespace)
	}
	return "the next is due: " + strings.Join(parts, ", ")
}
