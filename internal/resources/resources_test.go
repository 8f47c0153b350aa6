// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

var update = flag.Bool("update", false, "write the golden files anew")

func contractOwner() Owner {
	return Owner{Kind: "SLAContract", Namespace: "revenue", Name: "mid-market", UID: "11111111-2222-3333-4444-555555555555"}
}

func workerInput(workers *slav1alpha1.Workers) WorkerInput {
	return WorkerInput{
		Owner: contractOwner(), Image: "example.com/handoff:1", Bundle: "mid-market-bundle-7",
		Spec: slav1alpha1.SLAContractSpec{
			Ingest:  slav1alpha1.Ingest{TokenSecretRef: slav1alpha1.ObjectReference{Name: "handoff-ingest"}},
			Ledger:  slav1alpha1.Ledger{SecretRef: slav1alpha1.ObjectReference{Name: "handoff-ledger"}, Tenant: "acme"},
			Workers: workers,
		},
	}
}

func scaled() *slav1alpha1.Workers {
	return &slav1alpha1.Workers{
		Scoring: &slav1alpha1.Worker{Replicas: ptr.To[int32](2), Resources: &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("0.5")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		}},
		Routing: &slav1alpha1.Worker{Replicas: ptr.To[int32](0)},
	}
}

func reviewInput() ReviewInput {
	return ReviewInput{
		Owner:  Owner{Kind: "ReviewCadence", Namespace: "revenue", Name: "board", UID: "99999999-2222-3333-4444-555555555555"},
		Review: slav1alpha1.Review{Name: "weekly", Type: "Operational", Schedule: "0 9 * * MON", Owner: "RevOps"}, HistoryLimit: 26,
		Image: "example.com/handoff:1", Contract: "mid-market", TimeZone: "America/New_York", Bundle: "mid-market-bundle-7",
		Ledger: slav1alpha1.Ledger{SecretRef: slav1alpha1.ObjectReference{Name: "handoff-ledger"}, Tenant: "acme"},
	}
}

func revisionInput() RevisionInput {
	at := time.Date(2027, 1, 14, 15, 0, 0, 0, time.FixedZone("", -5*60*60))
	return RevisionInput{
		Owner: contractOwner(), Label: ContractLabel, Component: Terms, Name: "mid-market-terms-0123abcd", Number: 3,
		Digest: "v1:sha256:0123abcd", SignedAt: at, RatifiedAt: at.Add(time.Hour), Signers: []string{"Marketing=VP Marketing", "Sales=VP Sales"},
		Previous: "v1:sha256:89abcdef", SignOffs: `[{"party":"Sales","verified":true}]`,
		Signed: `["2027-01-14T20:00:00Z"]`,
		Data:   []byte(`{"terms":{}}`), Controller: true,
	}
}

func dated(in RevisionInput) RevisionInput {
	in.EffectiveFrom = time.Date(2027, 2, 1, 0, 0, 0, 0, time.FixedZone("", -5*60*60))
	return in
}

func withComing(in WorkerInput) WorkerInput {
	in.Coming = []int64{8, 9}
	return in
}

func settings() *crm.Settings {
	s := crm.Defaults(crm.TypeSalesforce)
	s.URL, s.DryRun = "https://acme.my.salesforce.com", true
	return &s
}

func withCRM(in WorkerInput) WorkerInput {
	in.Spec.CRM = &slav1alpha1.CRM{Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{
		SecretRef: slav1alpha1.ObjectReference{Name: "handoff-hubspot"}, Webhooks: "https://handoff.example.com/v1/crm/hubspot",
	}}
	return in
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func standing() bundle.Standing {
	return bundle.Standing{Steps: []bundle.EscalationStep{{
		Clause: "firstContact", Level: 1, At: time.Date(2027, 1, 11, 5, 0, 0, 0, time.UTC), Reason: "97 of 120 leads contacted in time (81%), target 90%",
		Owners: []string{"VP Sales"}, Due: time.Date(2027, 1, 18, 5, 0, 0, 0, time.UTC),
	}}}
}

func TestGolden(t *testing.T) {
	owner, in := contractOwner(), workerInput(nil)
	review := reviewInput()
	objects := map[string]any{
		"revision":          Revision(revisionInput()),
		"revision-dated":    Revision(dated(revisionInput())),
		"revision-co-owner": RevisionCoOwner(owner, "definition-0123abcd", "uid-of-the-revision"),
		"bundle":            must(BundleConfigMap(owner, bundle.Bundle{Contract: "revenue/mid-market", Sequence: 7, Lead: lead.Definition{Fields: []lead.Field{{Name: "email", Type: lead.String}}}, SLA: sla.Terms{Definition: "mid-market"}})),
		"roster":            must(RosterConfigMap(owner, bundle.Roster{Pools: []lead.Pool{{Name: "everyone", Members: []lead.Member{{Rep: "rep-1"}}}}}, standing(), nil)),
		"roster-crm":        must(RosterConfigMap(owner, bundle.Roster{}, bundle.Standing{}, settings())),
		"scoring-crm":       ScoringDeployment(withCRM(in)),
		"routing-crm":       RoutingDeployment(withCRM(in)),
		"scoring":           ScoringDeployment(in),
		"scoring-scaled":    ScoringDeployment(workerInput(scaled())),
		"routing":           RoutingDeployment(in),
		"routing-coming":    RoutingDeployment(withComing(in)),
		"routing-scaled":    RoutingDeployment(workerInput(scaled())),
		"service":           IngestService(owner),
		"account":           WorkerAccount(owner, Scoring),
		"budget":            WorkerDisruptionBudget(owner, Routing),
		"network-scoring":   WorkerNetworkPolicy(owner, Scoring),
		"network-routing":   WorkerNetworkPolicy(owner, Routing),
		"measurement":       Measurement(owner),
		"measure-role":      MeasureRole(owner),
		"measure-binding":   MeasureRoleBinding(owner),
		"review-cronjob":    ReviewCronJob(review),
		"review-account":    ReviewAccount(review.Owner, review.Contract),
		"review-role":       ReviewRole(review.Owner, review.Contract, "mid-market"),
		"review-binding":    ReviewRoleBinding(review.Owner, review.Contract),
	}
	for name, object := range objects {
		t.Run(name, func(t *testing.T) {
			got, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs (go test ./internal/resources -update writes it anew):\n%s", file, diff)
			}
		})
	}
}

func TestRevisionName(t *testing.T) {
	tests := map[string]struct{ digest, want string }{
		"digest":       {"v1:sha256:0123456789abcdef", "terms-01234567"},
		"short digest": {"v1:sha256:0123", "terms-0123"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := RevisionName("terms", tc.digest); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestLongestNamesAreLabels(t *testing.T) {
	contract := "a123456789b123456789c123456789d123456789" // 40, the most the CRD takes
	for _, name := range []string{BundleName(contract, 9_999_999_999), WorkerName(contract, Scoring), IngestName(contract), RosterName(contract)} {
		if len(name) > 63 {
			t.Errorf("%s has %d characters", name, len(name))
		}
	}
}
