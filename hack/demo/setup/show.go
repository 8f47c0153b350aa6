// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Show prints what a person would look at, and how to look further.
func (e *Env) Show(ctx context.Context, t Target) error {
	for _, args := range [][]string{
		{"get", "sla", "-A"},
		{"describe", "slacontract", "-n", t.Namespace, SampleContract},
	} {
		if err := e.show(ctx, args...); err != nil {
			return err
		}
	}
	if err := e.showReports(ctx, t); err != nil {
		return err
	}
	leads, err := e.Leads(ctx, t)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "\nleads in the ledger: %d\n", leads)
	fmt.Fprintf(e.out, further, e.Kubeconfig, e.Kubectl, t.Namespace, t.Namespace, t.Namespace, t.Namespace)
	return nil
}

const further = `
Look further:
  export KUBECONFIG=%s
  alias kubectl=%s
  kubectl get pods,cronjobs,configmaps -n %s
  kubectl get slacontract -n %s mid-market -o yaml
  kubectl explain slacontract.spec.terms
  # the weekly report now, instead of on Monday:
  kubectl create job -n %s --from=cronjob/mid-market-weekly weekly-now
  kubectl get configmaps -n %s -l sla.handoff.dev/review=weekly     # one a closed week
  # an edit that only one team has signed does nothing; kubectl sla sign is in bin/ after make build

Stop, and leave nothing behind:
  make demo-down
`

func (e *Env) show(ctx context.Context, args ...string) error {
	fmt.Fprintln(e.out)
	text := "$ kubectl"
	for _, arg := range args {
		text += " " + arg
	}
	fmt.Fprintln(e.out, text)
	return e.run(ctx, e.Kubectl, append([]string{"--kubeconfig", e.Kubeconfig}, args...)...)
}

// showReports prints the newest report, if the review has run.
func (e *Env) showReports(ctx context.Context, t Target) error {
	var reports corev1.ConfigMapList
	if err := e.Client.List(ctx, &reports, client.InNamespace(t.Namespace), client.HasLabels{"sla.handoff.dev/review"}); err != nil {
		return err
	}
	newest := ""
	for _, r := range reports.Items {
		if r.Data["report.md"] != "" && r.Name > newest {
			newest = r.Name
		}
	}
	for _, r := range reports.Items {
		if r.Name == newest {
			fmt.Fprintf(e.out, "\nThe newest report, ConfigMap %s:\n\n%s\n", r.Name, r.Data["report.md"])
		}
	}
	return nil
}
