// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/hack/demo/setup"
)

// What dies while the demo runs: everything that holds a lead, a clock or a verdict, each more than once.
const (
	deathEvery = 1500 * time.Millisecond
	mostDeaths = 12
)

var mortals = []struct {
	namespace string
	labels    client.MatchingLabels
}{
	{setup.SampleNamespace, client.MatchingLabels{"app.kubernetes.io/component": "scoring"}},
	{setup.SystemNamespace, client.MatchingLabels{"app.kubernetes.io/component": "manager"}},
	{setup.SampleNamespace, client.MatchingLabels{"app.kubernetes.io/component": "routing"}},
	{setup.DatabaseNamespace, client.MatchingLabels{"app": "postgres"}},
}

// whilePodsDie does something, and kills a pod without a goodbye every few seconds meanwhile.
func whilePodsDie(ctx context.Context, do func()) {
	GinkgoHelper()
	chaos, stop := context.WithCancel(ctx)
	deaths := make(chan int)
	go func() {
		n := 0
		defer func() { deaths <- n }()
		for turn := 0; n < mostDeaths; turn++ {
			select {
			case <-chaos.Done():
				return
			case <-time.After(deathEvery):
			}
			if killOne(chaos, turn) {
				n++
			}
		}
	}()
	defer func() {
		stop()
		n := <-deaths
		env.Say("  %d pods were killed meanwhile", n)
		Expect(n).To(BeNumerically(">=", len(mortals)), "pods that died while the demo ran")
	}()
	do()
}

// killOne asserts nothing: at some moments there is nothing to kill.
func killOne(ctx context.Context, turn int) bool {
	who := mortals[turn%len(mortals)]
	var pods corev1.PodList
	if err := env.Client.List(ctx, &pods, client.InNamespace(who.namespace), who.labels); err != nil {
		return false
	}
	alive := slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning })
	if len(alive) == 0 {
		return false
	}
	pod := &alive[turn%len(alive)]
	env.Say("  killing pod %s/%s", pod.Namespace, pod.Name)
	return env.Client.Delete(ctx, pod, client.GracePeriodSeconds(0)) == nil
}
