// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

var update = flag.Bool("update", false, "write what kubectl describes into docs/escalation.md anew")

const doc = "../../../docs/escalation.md"

// kubectl of the API server's version, which lies beside it.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: testkit.Config.Host, CertificateAuthorityData: testkit.Config.CAData}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: testkit.Config.CertData, ClientKeyData: testkit.Config.KeyData}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	folder := t.TempDir()
	file := filepath.Join(folder, "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"),
		append([]string{"--kubeconfig", file, "--cache-dir", folder}, args...)...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// recording sends events to the API server, as the manager does.
func (b *bench) recording() {
	b.t.Helper()
	clients, err := kubernetes.NewForConfig(testkit.Config)
	if err != nil {
		b.t.Fatal(err)
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: clients.EventsV1()})
	ctx, cancel := context.WithCancel(b.t.Context())
	b.t.Cleanup(func() { cancel(); broadcaster.Shutdown() })
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		b.t.Fatal(err)
	}
	b.r.Events = broadcaster.NewRecorder(scheme.Scheme, "handoff-manager")
}

// told waits until the events of a reason are there.
func (b *bench) told(reason string, want int) {
	b.t.Helper()
	seen := 0
	for range 2400 { // a machine may be slow
		list := &eventsv1.EventList{}
		if err := testkit.Client.List(b.t.Context(), list, client.InNamespace(b.contract.Namespace)); err != nil {
			b.t.Fatal(err)
		}
		seen = 0
		for _, e := range list.Items {
			if e.Reason == reason {
				seen++
			}
		}
		if seen == want {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatalf("%d events %s, want %d", seen, reason, want)
}

var (
	ages   = regexp.MustCompile(`(?m)^(  (?:Normal|Warning) +\S+ +)\S+( +handoff-manager)`)
	blocks = regexp.MustCompile("(?s)<!-- describe ([a-z0-9-]+) -->\n```text\n(.*?)```\n")
)

// described is the contract's status and events, as kubectl shows them.
func (b *bench) described() string {
	b.t.Helper()
	out := kubectl(b.t, "describe", "slacontract", b.contract.Name, "--namespace", b.contract.Namespace)
	_, out, found := strings.Cut(out, "\nStatus:\n")
	if !found {
		b.t.Fatalf("no status: %s", out)
	}
	out = strings.ReplaceAll("Status:\n"+out, b.contract.Namespace, "revenue")
	out = ages.ReplaceAllString(out, "${1}1m${2}")
	var lines []string
	for line := range strings.Lines(out) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Join(lines, "\n") + "\n"
}

// described contract: few clauses, somebody for every level, workers that run.
func describable(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	terms := &b.contract.Spec.Terms
	terms.Parties.Executive = &slav1alpha1.PartyContact{Owner: "CRO"}
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	b.inForce()
	b.recording()
	return b
}

// paced is how many leads had become MQL in the month by the end of a week, and in the open week so far.
func (b *bench) paced(number int, month string, mqls int64) {
	b.t.Helper()
	m := b.measurement()
	m.Status.Leads = &slav1alpha1.LeadCounts{Captured: ptr.To[int64](412), MQLs: ptr.To(mqls), Unrouted: ptr.To[int64](0), Waiting: ptr.To[int64](2)}
	for _, week := range []int{number, number + 1} {
		m.Status.Paces = append(m.Status.Paces, slav1alpha1.MeasuredPace{
			Week: fmt.Sprintf("2027-W%02d", week), Month: month, MQLs: ptr.To(mqls), Revision: b.contract.Status.InForce.Revision,
		})
	}
	m.Status.Paces = slices.DeleteFunc(m.Status.Paces, func(p slav1alpha1.MeasuredPace) bool { // counted anew
		return p.Week == fmt.Sprintf("2027-W%02d", number) && *p.MQLs != mqls
	})
	b.updateStatus(m)
}

// counts are the leads of one week, with how long those waited who were contacted.
func counts(number int, high int64) []slav1alpha1.MeasurementRow {
	fast := week(number, high, 40-high)
	fast.Times = &slav1alpha1.ResponseTimes{
		Leads: ptr.To[int64](40), Median: "2m53s", P90: "14m0s", Within5m: ptr.To(high), Within15m: ptr.To(high + 2),
	}
	slow, complete := week(number, 56, 4), week(number, 98, 2)
	slow.Tier, complete.Clause, complete.Tier, complete.Contacted = "Standard", "completeness", "", nil
	return []slav1alpha1.MeasurementRow{fast, slow, complete}
}

// What kubectl describes at each level is what docs/escalation.md shows: it is read by people who have never seen the project.
func TestDescribed(t *testing.T) {
	b := describable(t)
	got := map[string]string{}
	rows := counts(2, 38)
	b.paced(2, "2027-01", 72)
	b.closes(2, rows...)
	got["level-0"] = excerpt(b.described())
	for i, mqls := range []int64{103, 134} {
		rows = append(rows, counts(3+i, 32)...)
		b.paced(3+i, "2027-01", mqls)
		b.closes(3+i, rows...)
		b.told("ClauseMissed", 1)
		b.told("EscalationRaised", i+1)
		got[fmt.Sprintf("level-%d", i+1)] = excerpt(b.described())
	}
	got["level-2"] = b.described()
	got["get"] = kubectl(t, "get", "slacontract", "--namespace", b.contract.Namespace)
	got["get"] = regexp.MustCompile(`\S+\n$`).ReplaceAllString(got["get"], "18d\n")
	b.contract.Spec.Remediations = []slav1alpha1.Remediation{{
		Name: "emea-nights", Clause: "firstContact", Cause: "Process", Owner: "Sales Ops", Plan: "route the EMEA night shift to Madrid", Due: "2027-02-01",
	}}
	b.update(b.contract)
	b.paced(5, "2027-02", 34)
	b.paced(6, "2027-02", 68)
	rows = append(append(rows, counts(5, 33)...), counts(6, 34)...)
	b.closes(6, rows...)
	b.told("EscalationRaised", 3)
	got["level-3"] = excerpt(b.described())

	d := describable(t)
	d.contract.Spec.Dispute = &slav1alpha1.Dispute{
		RaisedBy: "Sales", At: metav1.NewTime(ends(t, 2).Add(8 * time.Hour)), Clause: "volume", Reason: "the volume target assumes a conversion of 30%",
	}
	d.update(d.contract)
	d.paced(2, "2027-01", 72)
	d.closes(2, counts(2, 38)...)
	d.told("EscalationRaised", 1)
	got["dispute"] = excerpt(d.described())
	compareDoc(t, got)
}

// excerpt keeps what differs from level to level: the outcome, what is open, the closed weeks and the events.
func excerpt(text string) string {
	text, events, _ := strings.Cut(text, "Events:")
	entries := regexp.MustCompile(`(?m)^(?:  )?\S`).FindAllStringIndex(text, -1)
	var out strings.Builder
	for i, at := range entries {
		ends := len(text)
		if i+1 < len(entries) {
			ends = entries[i+1][0]
		}
		part := text[at[0]:ends]
		name, _, _ := strings.Cut(strings.TrimSpace(part), ":")
		switch name {
		case "Status", "Escalation", "Escalations", "History":
			out.WriteString(part)
		case "Conditions":
			conditions := strings.Split(part, "    Last Transition Time:")
			out.WriteString(conditions[0] + "    ...\n")
			for _, c := range conditions[1:] {
				if strings.Contains(c, " Compliant\n") || strings.Contains(c, " RecordsAccepted\n") {
					out.WriteString("    Last Transition Time:" + c)
				}
			}
		case "Digest", "Leads", "In Force":
		}
	}
	return out.String() + "Events:" + events
}

func compareDoc(t *testing.T, got map[string]string) {
	t.Helper()
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		text = blocks.ReplaceAllFunc(text, func(block []byte) []byte {
			name := string(blocks.FindSubmatch(block)[1])
			return fmt.Appendf(nil, "<!-- describe %s -->\n```text\n%s```\n", name, got[name])
		})
		if err := os.WriteFile(doc, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown := map[string]string{}
	for _, block := range blocks.FindAllSubmatch(text, -1) {
		shown[string(block[1])] = string(block[2])
	}
	if diff := cmp.Diff(got, shown); diff != "" {
		t.Errorf("docs/escalation.md shows something else (go test ./internal/controller/slacontract -run Described -update writes it anew):\n%s", diff)
	}
}
