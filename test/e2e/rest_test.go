// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/handoff-sla/handoff/hack/demo/setup"
)

// restSpecs: with nothing to do, nothing is written but the leader's lease.
func restSpecs() {
	It("nothing is written", func(ctx SpecContext) {
		Expect(env.Settled(ctx, export)).To(Succeed())
		// No lead of the export has a running clock, so that all of its namespace must be still. In the other one deadlines pass,
		// which are counted: there, everything but the counts and what is judged by them.
		counts := "slameasurements,slacontracts"
		still := "pods,deployments,replicasets,services,configmaps,serviceaccounts,roles,rolebindings,poddisruptionbudgets," +
			"networkpolicies,cronjobs,jobs,controllerrevisions,leaddefinitions,reviewcadences"
		look := func() map[string]string {
			out := map[string]string{}
			versions(ctx, out, export.Namespace, still+","+counts)
			versions(ctx, out, setup.SampleNamespace, still)
			versions(ctx, out, setup.SystemNamespace, still)
			return out
		}
		Eventually(func() map[string]string { // the last jobs and pods of the specs before come to rest
			before := look()
			time.Sleep(5 * time.Second)
			return differences(before, look())
		}, 2*time.Minute).Should(BeEmpty())
		before := look()
		Expect(len(before)).To(BeNumerically(">", 40))
		time.Sleep(30 * time.Second)
		Expect(differences(before, look())).To(BeEmpty())
	})
}

// versions notes the resource version of every object.
func versions(ctx context.Context, into map[string]string, namespace, resources string) {
	GinkgoHelper()
	text, err := env.Kube(ctx, "get", resources, "-n", namespace, "-o",
		`jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}`)
	Expect(err).NotTo(HaveOccurred())
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		name, version, _ := strings.Cut(line, " ")
		into[name] = version
	}
}

func differences(before, after map[string]string) map[string]string {
	out := map[string]string{}
	for name, version := range after {
		if before[name] != version {
			out[name] = fmt.Sprintf("%q, then %q", before[name], version)
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			out[name] = "gone"
		}
	}
	return out
}
