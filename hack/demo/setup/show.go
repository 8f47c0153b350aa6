// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"
)

// Show prints what a person would look at, and how to look further.
func (e *Env) Show(ctx context.Context, t Target) error {
	for _, args := range [][]string{
		{"get", "sla", "-A"},
		{"describe", "slacontract", "-n", t.Namespace, t.Name()},
	} {
		if err := e.show(ctx, args...); err != nil {
			return err
		}
	}
	if err := e.sla(ctx, "scorecard", "-n", t.Namespace, t.Name()); err != nil {
		return err
	}
	if err := e.showReport(ctx, t); err != nil {
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
  kubectl describe cadence -n %s mid-market
  kubectl get configmaps -n %s -l sla.handoff.dev/review=weekly     # a report for each closed week
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
