// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/cli/replay"
)

var key = client.ObjectKey{Namespace: setup.SampleNamespace, Name: setup.SampleContract}

func contract(ctx context.Context, g Gomega) *slav1alpha1.SLAContract {
	c, err := env.Get(ctx, setup.Sample)
	g.Expect(err).NotTo(HaveOccurred())
	return c
}

func definition(ctx context.Context, g Gomega) *slav1alpha1.LeadDefinition {
	var d slav1alpha1.LeadDefinition
	g.Expect(env.Client.Get(ctx, key, &d)).To(Succeed())
	return &d
}

func measurement(ctx context.Context, g Gomega, namespace string) *slav1alpha1.SLAMeasurement {
	var m slav1alpha1.SLAMeasurement
	g.Expect(env.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: setup.SampleContract}, &m)).To(Succeed())
	return &m
}

// condition is a condition's status, reason and message on one line.
func condition(conditions []metav1.Condition, name string) string {
	c := meta.FindStatusCondition(conditions, name)
	if c == nil {
		return "absent"
	}
	return fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
}

func number(ctx context.Context, sql string) int64 {
	GinkgoHelper()
	lines, err := env.Query(ctx, sql)
	Expect(err).NotTo(HaveOccurred())
	Expect(lines).To(HaveLen(1), sql)
	n, err := strconv.ParseInt(lines[0], 10, 64)
	Expect(err).NotTo(HaveOccurred())
	return n
}

func sampleFile(name string) string {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join(env.Root, "config/samples", name))
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

// sign has kubectl sla sign a manifest for a party.
func sign(ctx context.Context, manifest, party string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "signed.yaml")
	Expect(os.WriteFile(file, []byte(manifest), 0o600)).To(Succeed())
	root := cli.Root(time.Now)
	root.SetArgs([]string{"sign", "--party", party, "--by", "VP " + party, file})
	root.SetOut(GinkgoWriter)
	root.SetErr(GinkgoWriter)
	Expect(root.ExecuteContext(ctx)).To(Succeed())
	data, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

// send sends events to the sample contract and wants all of them accepted.
func send(ctx context.Context, events ...sample.Event) {
	GinkgoHelper()
	text, err := sample.NDJSON(events)
	Expect(err).NotTo(HaveOccurred())
	sum, _, err := env.Send(ctx, setup.Sample, replay.Input{Events: &replay.File{Name: "test", Data: text}})
	Expect(err).NotTo(HaveOccurred())
	Expect(sum.Rejected).To(BeZero(), "%v", sum.Reasons)
}

func event(lead, kind string, at time.Time, n int, data map[string]any) sample.Event {
	return sample.Event{
		SpecVersion: "1.0", Type: "dev.handoff.lead." + kind, Source: "urn:handoff:e2e", ID: fmt.Sprintf("%s/%s/%d", lead, kind, n),
		Subject: lead, Time: at.UTC().Truncate(time.Second), ContentType: "application/json", Data: data,
	}
}

// properties of a lead: a person of its own at a company of its own.
func properties(lead string) map[string]any {
	return map[string]any{
		"company": "Example " + lead, "numberofemployees": 100, "industry": "saas", "fullname": "Sample Contact", "jobtitle": "Head of Samples",
		"seniority": "director", "email": lead + "@example.com", "phone": "+1-212-555-0100", "origin": "test",
	}
}

// researcher is a lead that fits and looks at prices after a download: a score of 70.
func researcher(lead string) []sample.Event {
	now := time.Now()
	return []sample.Event{
		event(lead, "captured", now.Add(-10*time.Minute), 1, map[string]any{"properties": properties(lead)}),
		event(lead, "activity", now.Add(-9*time.Minute), 1, map[string]any{"activity": "Download", "properties": map[string]any{"gated": true}}),
		event(lead, "activity", now.Add(-2*time.Second), 2, map[string]any{"activity": "PageView", "properties": map[string]any{"path": "/pricing"}}),
	}
}

// podsOf lists the running pods of a component in a namespace, by name.
func podsOf(ctx context.Context, namespace string, labels client.MatchingLabels) []corev1.Pod {
	GinkgoHelper()
	var pods corev1.PodList
	Expect(env.Client.List(ctx, &pods, client.InNamespace(namespace), labels)).To(Succeed())
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning })
}

// kill ends a pod at once, without a chance to say goodbye.
func kill(ctx context.Context, namespace string, labels client.MatchingLabels) {
	GinkgoHelper()
	pods := podsOf(ctx, namespace, labels)
	Expect(pods).NotTo(BeEmpty())
	env.Say("  killing pod %s/%s", namespace, pods[0].Name)
	Expect(env.Client.Delete(ctx, &pods[0], client.GracePeriodSeconds(0))).To(Succeed())
}

func toJSON(v any) []byte {
	GinkgoHelper()
	var b bytes.Buffer
	Expect(json.NewEncoder(&b).Encode(v)).To(Succeed())
	return b.Bytes()
}

func replaceOnce(text, old, by string) string {
	GinkgoHelper()
	Expect(strings.Count(text, old)).To(Equal(1), "%q in the sample", old)
	return strings.Replace(text, old, by, 1)
}
