// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/resources"
)

// Review starts the job of a review now, instead of at its time, and waits until it has reported every closed period.
func (e *Env) Review(ctx context.Context, t Target, review string) error {
	var cron batchv1.CronJob
	key := client.ObjectKey{Namespace: t.Namespace, Name: resources.ReviewJobName(t.Name(), review)}
	if err := e.Client.Get(ctx, key, &cron); err != nil {
		return err
	}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, GenerateName: cron.Name + "-", Labels: cron.Spec.JobTemplate.Labels},
		Spec:       cron.Spec.JobTemplate.Spec,
	}
	if err := e.Client.Create(ctx, job); err != nil {
		return err
	}
	return e.Wait(ctx, 3*time.Minute, func(ctx context.Context) (string, error) {
		if err := e.Client.Get(ctx, client.ObjectKeyFromObject(job), job); err != nil || job.Status.Succeeded > 0 {
			return "", err
		}
		return fmt.Sprintf("job %s/%s to report", job.Namespace, job.Name), nil
	})
}

// Reports of a review, the oldest period first.
func (e *Env) Reports(ctx context.Context, t Target, review string) ([]corev1.ConfigMap, error) {
	var list corev1.ConfigMapList
	if err := e.Client.List(ctx, &list, client.InNamespace(t.Namespace), client.MatchingLabels{resources.ReviewLabel: review}); err != nil {
		return nil, err
	}
	reports := slices.DeleteFunc(list.Items, func(r corev1.ConfigMap) bool { return r.Data["report.md"] == "" })
	slices.SortFunc(reports, func(a, b corev1.ConfigMap) int {
		return strings.Compare(a.Annotations[resources.PeriodAnnotation], b.Annotations[resources.PeriodAnnotation])
	})
	return reports, nil
}

// sla runs kubectl sla against the cluster.
func (e *Env) sla(ctx context.Context, args ...string) error {
	fmt.Fprintf(e.out, "\n$ kubectl sla %s\n", strings.Join(args, " "))
	root := cli.Root(time.Now)
	root.SetArgs(append(args, "--kubeconfig", e.Kubeconfig))
	root.SetOut(e.out)
	root.SetErr(e.out)
	return root.ExecuteContext(ctx)
}

// showReport prints the newest weekly report, and keeps it as a page beside the checkout's other leftovers.
func (e *Env) showReport(ctx context.Context, t Target) error {
	reports, err := e.Reports(ctx, t, "weekly")
	if err != nil || len(reports) == 0 {
		return err
	}
	if err := e.sla(ctx, "report", "-n", t.Namespace, "--review", "weekly"); err != nil {
		return err
	}
	page := e.scratch("report.html")
	if err := os.WriteFile(page, []byte(reports[len(reports)-1].Data["report.html"]), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "\nThe same as a page, as it goes out by mail: %s\n", page)
	return nil
}
