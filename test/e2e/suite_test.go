// SPDX-License-Identifier: Apache-2.0

// Package e2e runs the whole of Handoff on a real Kubernetes with a real PostgreSQL, the way `make demo` does, and checks what
// comes out. It brings the cluster up and takes it down; HANDOFF_KEEP_CLUSTER=1 leaves it for a look, and the next run then
// starts from what is there.
package e2e

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
)

var (
	env      *setup.Env
	expected *sample.Expectation // of the sample leads' past
)

func TestEndToEnd(t *testing.T) {
	log.SetLogger(logr.Discard())
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(3 * time.Minute)
	SetDefaultEventuallyPollingInterval(time.Second)
	RunSpecs(t, "Handoff on a real cluster")
}

var _ = BeforeSuite(func(ctx context.Context) {
	var err error
	env, err = setup.New(ctx, os.Stderr)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(takeDown)
	Expect(env.Base(ctx)).To(Succeed())
	// Pods die all along; the specs then compare what came out with what the generator knows should.
	whilePodsDie(ctx, func() {
		Expect(env.Step("applying config/samples", func() error { return env.Contract(ctx, setup.Sample) })).To(Succeed())
		Expect(env.Step("sending the sample leads", func() error {
			expected, err = env.SampleLeads(ctx, setup.Sample)
			return err
		})).To(Succeed())
		Expect(env.Step("waiting for the counts", func() error { return env.Settled(ctx, setup.Sample) })).To(Succeed())
	})
	Expect(env.Step("waiting for every pod to be back", func() error { return env.Contract(ctx, setup.Sample) })).To(Succeed())
	Expect(env.Step("waiting for the counts", func() error { return env.Settled(ctx, setup.Sample) })).To(Succeed())
})

// The order matters: the first specs look at what the demo left, the later ones change it.
var _ = Describe("Handoff", Ordered, ContinueOnFailure, func() {
	AfterEach(diagnose)
	Describe("the sample contract", demoSpecs)
	Describe("the ingest address", inputSpecs)
	Describe("what both signed", ratificationSpecs)
	Describe("what comes into force later", scheduleSpecs)
	Describe("sign-offs", signatureSpecs)
	Describe("a review", reviewSpecs)
	Describe("killed pods", crashSpecs)
	Describe("the database", databaseSpecs)
	Describe("an export", exportSpecs)
	Describe("the command line", exampleSpecs)
	Describe("a hundred thousand leads", manySpecs)
	Describe("a contract whose leads live in a CRM", crmSpecs)
	Describe("a quarter", quarterSpecs)
	Describe("at rest", restSpecs)
})

// takeDown runs however the suite ends, also when it is interrupted.
func takeDown(ctx context.Context) {
	if os.Getenv("HANDOFF_KEEP_CLUSTER") == "1" {
		env.Say("HANDOFF_KEEP_CLUSTER=1: the cluster stays; KUBECONFIG=%s, make cluster-down stops it", env.Kubeconfig)
		return
	}
	Expect(env.Down(ctx)).To(Succeed())
}

// diagnose shows the state of the cluster when a test failed: it is gone soon after.
func diagnose(ctx SpecContext) {
	if !ctx.SpecReport().Failed() || env == nil || env.Kubectl == "" {
		return
	}
	for _, args := range [][]string{
		{"get", "pods", "-A", "-o", "wide"},
		{"get", "sla", "-A", "-o", "wide"},
		{"get", "events", "-A", "--sort-by=.lastTimestamp"},
		{"logs", "-n", setup.SystemNamespace, "deploy/handoff-manager", "--tail=40"},
		{"logs", "-n", setup.SampleNamespace, "deploy/mid-market-scoring", "--tail=40"},
		{"logs", "-n", setup.SampleNamespace, "deploy/mid-market-routing", "--tail=40"},
	} {
		text, err := env.Kube(ctx, args...)
		env.Say("kubectl %v (%v)\n%s", args, err, text)
	}
}
