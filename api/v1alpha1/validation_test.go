// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// check asks the API server without keeping the object. An empty want means that it takes it.
func check(t *testing.T, object client.Object, want string) {
	t.Helper()
	checkLint(t, object, want)
	err := testkit.Client.Create(t.Context(), object, client.DryRunAll)
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want one that says %q", err, want)
	}
}

func longName(length int) string { return strings.Repeat("a", length) }

func bant(d *slav1alpha1.LeadDefinition) *slav1alpha1.SQLStage {
	d.Spec.Stages.SQL = &slav1alpha1.SQLStage{Criteria: []slav1alpha1.SQLCriterion{{Name: "budget", Expression: "qualification.budget"}}}
	return d.Spec.Stages.SQL
}

// reentry lets leads with bad timing come back.
func reentry(d *slav1alpha1.LeadDefinition) *slav1alpha1.Reentry {
	d.Spec.Dispositions[1].Reentry = &slav1alpha1.Reentry{After: "90d"}
	return d.Spec.Dispositions[1].Reentry
}

// buyingGroup adds a path of the account.
func buyingGroup(d *slav1alpha1.LeadDefinition) *slav1alpha1.Path {
	d.Spec.Account = &slav1alpha1.Account{Field: "email"}
	d.Spec.Stages.MQL.Paths = append(d.Spec.Stages.MQL.Paths, slav1alpha1.Path{
		Name: "buying-group", Account: &slav1alpha1.AccountPath{MinContacts: 2, Threshold: 90},
	})
	return &d.Spec.Stages.MQL.Paths[len(d.Spec.Stages.MQL.Paths)-1]
}

func TestLeadDefinition(t *testing.T) {
	type spec = slav1alpha1.LeadDefinitionSpec
	rule := func(s *spec) *slav1alpha1.Rule { return &s.Scoring.Groups[0].Rules[0] }
	tests := map[string]struct {
		change func(*slav1alpha1.LeadDefinition)
		want   string
	}{
		"as it is":           {func(*slav1alpha1.LeadDefinition) {}, ""},
		"when and signal":    {func(d *slav1alpha1.LeadDefinition) { rule(&d.Spec).Signal = "demoRequest" }, "either `when` (fit) or `signal`"},
		"no when, no signal": {func(d *slav1alpha1.LeadDefinition) { rule(&d.Spec).When = "" }, "either `when` (fit) or `signal`"},
		"max of a fit rule":  {func(d *slav1alpha1.LeadDefinition) { rule(&d.Spec).Max = ptr.To[int32](5) }, "`max` and `halfLife` need `signal`"},
		"half-life of a fit rule": {
			func(d *slav1alpha1.LeadDefinition) { rule(&d.Spec).HalfLife = "3d" }, "`max` and `halfLife` need `signal`",
		},
		"path without anything": {
			func(d *slav1alpha1.LeadDefinition) { d.Spec.Stages.MQL.Paths[1].Threshold = nil }, "a path needs a threshold, criteria or both",
		},
		"path with both": {func(d *slav1alpha1.LeadDefinition) { d.Spec.Stages.MQL.Paths[0].Threshold = ptr.To[int32](5) }, ""},
		"paths of one name": {
			func(d *slav1alpha1.LeadDefinition) { d.Spec.Stages.MQL.Paths[1].Name = "hand-raise" }, "path names must be unique",
		},
		"threshold without scoring": {func(d *slav1alpha1.LeadDefinition) { d.Spec.Scoring = nil }, "a path with a threshold needs `scoring`"},
		"no scoring, no threshold": {func(d *slav1alpha1.LeadDefinition) {
			d.Spec.Scoring, d.Spec.Stages.MQL.Paths = nil, d.Spec.Stages.MQL.Paths[:1]
		}, ""},
		"path of the account": {func(d *slav1alpha1.LeadDefinition) { buyingGroup(d) }, ""},
		"path of the account without a field for it": {
			func(d *slav1alpha1.LeadDefinition) { buyingGroup(d); d.Spec.Account = nil }, "a path with `account` needs `account: {field: ...}`",
		},
		"path of the account without scoring": {func(d *slav1alpha1.LeadDefinition) {
			buyingGroup(d).Criteria = nil
			d.Spec.Scoring, d.Spec.Stages.MQL.Paths = nil, d.Spec.Stages.MQL.Paths[2:]
		}, "and `scoring`"},
		"path with threshold and account": {
			func(d *slav1alpha1.LeadDefinition) { buyingGroup(d).Threshold = ptr.To[int32](5) }, "either a `threshold` (of this lead) or an `account`",
		},
		"account of one contact":    {func(d *slav1alpha1.LeadDefinition) { buyingGroup(d).Account.MinContacts = 1 }, "minContacts"},
		"account without threshold": {func(d *slav1alpha1.LeadDefinition) { buyingGroup(d).Account.Threshold = 0 }, "threshold"},
		"account by an unknown field": {
			func(d *slav1alpha1.LeadDefinition) { buyingGroup(d); d.Spec.Account.Field = "company" }, "`account.field` must be the name of a field of type String",
		},
		"account by a number": {
			func(d *slav1alpha1.LeadDefinition) { buyingGroup(d); d.Spec.Account.Field = "employees" }, "`account.field` must be the name of a field of type String",
		},
		"SQL criteria":         {func(d *slav1alpha1.LeadDefinition) { bant(d) }, ""},
		"SQL without criteria": {func(d *slav1alpha1.LeadDefinition) { bant(d).Criteria = nil }, "criteria"},
		"SQL criteria of one name": {
			func(d *slav1alpha1.LeadDefinition) { s := bant(d); s.Criteria = append(s.Criteria, s.Criteria[0]) }, "Duplicate value",
		},
		"SQL criterion without expression": {func(d *slav1alpha1.LeadDefinition) { bant(d).Criteria[0].Expression = "" }, "expression"},
		"attempts":                         {func(d *slav1alpha1.LeadDefinition) { d.Spec.Dispositions[1].MinAttempts = ptr.To[int32](5) }, ""},
		"no attempts":                      {func(d *slav1alpha1.LeadDefinition) { d.Spec.Dispositions[1].MinAttempts = ptr.To[int32](0) }, "minAttempts"},
		"re-entry after a time":            {func(d *slav1alpha1.LeadDefinition) { reentry(d).ScoreDelta = ptr.To[int32](-20) }, ""},
		"re-entry of a new contact":        {func(d *slav1alpha1.LeadDefinition) { *reentry(d) = slav1alpha1.Reentry{NewContact: "Required"} }, ""},
		"re-entry of nobody":               {func(d *slav1alpha1.LeadDefinition) { *reentry(d) = slav1alpha1.Reentry{} }, "either `after` or `newContact: Required`"},
		"re-entry both ways":               {func(d *slav1alpha1.LeadDefinition) { reentry(d).NewContact = "Required" }, "either `after` or `newContact: Required`"},
		"re-entry with points for nobody": {func(d *slav1alpha1.LeadDefinition) {
			*reentry(d) = slav1alpha1.Reentry{NewContact: "Required", ScoreDelta: ptr.To[int32](-20)}
		}, "`scoreDelta` needs `after`"},
		"re-entry of an accepted lead": {func(d *slav1alpha1.LeadDefinition) {
			d.Spec.Dispositions[0].Reentry = reentry(d)
		}, "`reentry` needs the outcome Recycled"},
		"re-entry after weeks": {func(d *slav1alpha1.LeadDefinition) { reentry(d).After = "2w" }, "after"},
		"intents of one name":  {func(d *slav1alpha1.LeadDefinition) { d.Spec.Intents[1].Name = "High" }, "intent names must be unique"},
		"last intent with when": {
			func(d *slav1alpha1.LeadDefinition) { d.Spec.Intents[1].When = "true" }, "the last intent, and only the last",
		},
		"two intents without when": {
			func(d *slav1alpha1.LeadDefinition) { d.Spec.Intents[0].When = "" }, "the last intent, and only the last",
		},
		"one intent":   {func(d *slav1alpha1.LeadDefinition) { d.Spec.Intents = d.Spec.Intents[1:] }, ""},
		"longest name": {func(d *slav1alpha1.LeadDefinition) { d.Name = longName(52) }, ""},
		"name too long": {
			func(d *slav1alpha1.LeadDefinition) { d.Name = longName(53) }, "metadata.name must have at most 52 characters",
		},
		"two rules of one name": {func(d *slav1alpha1.LeadDefinition) {
			d.Spec.Scoring.Groups[0].Rules = append(d.Spec.Scoring.Groups[0].Rules, d.Spec.Scoring.Groups[0].Rules[0])
		}, "Duplicate value"},
		"half-life in weeks": {
			func(d *slav1alpha1.LeadDefinition) { d.Spec.Scoring.Groups[0].Rules[1].HalfLife = "2w" }, "halfLife",
		},
	}
	namespace := testkit.Namespace(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := testkit.Definition(namespace, "mid-market")
			tc.change(d)
			check(t, d, tc.want)
		})
	}
}

func TestSLAContract(t *testing.T) {
	type contract = slav1alpha1.SLAContract
	percent := func(v intstr.IntOrString) *intstr.IntOrString { return &v }
	at := func(hour int) metav1.Time { return metav1.NewTime(time.Date(2027, 1, 1, hour, 0, 0, 0, time.UTC)) }
	tests := map[string]struct {
		change func(*contract)
		want   string
	}{
		"as it is":      {func(*contract) {}, ""},
		"longest name":  {func(c *contract) { c.Name = longName(40) }, ""},
		"name too long": {func(c *contract) { c.Name = longName(41) }, "metadata.name must have at most 40 characters"},
		"away": {func(c *contract) {
			c.Spec.Routing.Pools[0].Members[0].Away = []slav1alpha1.TimeAway{{From: at(1), To: at(2)}}
		}, ""},
		"away backwards": {func(c *contract) {
			c.Spec.Routing.Pools[0].Members[0].Away = []slav1alpha1.TimeAway{{From: at(2), To: at(1)}}
		}, "`from` must be before `to`"},
		"two pools": {func(c *contract) {
			second := *c.Spec.Routing.Pools[0].DeepCopy()
			second.Name = "second"
			c.Spec.Routing.Pools = append(c.Spec.Routing.Pools, second)
		}, ""},
		"pools of one name": {func(c *contract) {
			c.Spec.Routing.Pools = append(c.Spec.Routing.Pools, c.Spec.Routing.Pools[0])
		}, "pool names must be unique"},
		"a thousand members": {func(c *contract) {
			c.Spec.Routing.Pools[0].Members = nil
			for i := range 1000 {
				c.Spec.Routing.Pools[0].Members = append(c.Spec.Routing.Pools[0].Members, slav1alpha1.Member{Rep: fmt.Sprint("rep-", i)})
			}
		}, ""},
		"owner first, a pool for the rest, another rep on breach": {func(c *contract) {
			c.Spec.Routing.OwnerFirst, c.Spec.Routing.OnBreach = slav1alpha1.OwnerFirstPrefer, slav1alpha1.OnBreachReassign
			c.Spec.Routing.Unroutable = &slav1alpha1.Unroutable{Policy: slav1alpha1.UnroutablePool, Pool: c.Spec.Routing.Pools[0].Name}
		}, ""},
		"a pool for the rest that is none": {func(c *contract) {
			c.Spec.Routing.Unroutable = &slav1alpha1.Unroutable{Policy: slav1alpha1.UnroutablePool, Pool: "elsewhere"}
		}, "unroutable.pool must be the name of one of the pools"},
		"Pool without a pool": {func(c *contract) {
			c.Spec.Routing.Unroutable = &slav1alpha1.Unroutable{Policy: slav1alpha1.UnroutablePool}
		}, "policy Pool needs `pool`"},
		"Hold with a pool": {func(c *contract) {
			c.Spec.Routing.Unroutable = &slav1alpha1.Unroutable{Policy: slav1alpha1.UnroutableHold, Pool: c.Spec.Routing.Pools[0].Name}
		}, "policy Pool needs `pool`"},
		"resources": {func(c *contract) {
			c.Spec.Workers = &slav1alpha1.Workers{Scoring: &slav1alpha1.Worker{Resources: &corev1.ResourceRequirements{}}}
		}, ""},
		"resource claims": {func(c *contract) {
			c.Spec.Workers = &slav1alpha1.Workers{Scoring: &slav1alpha1.Worker{
				Resources: &corev1.ResourceRequirements{Claims: []corev1.ResourceClaim{{Name: "gpu"}}},
			}}
		}, "the workers use no resource claims"},
		"shift to midnight": {func(c *contract) { c.Spec.Terms.Calendar.Hours[0].Shifts[0].To = "24:00" }, ""},
		"shift over midnight": {
			func(c *contract) { c.Spec.Terms.Calendar.Hours[0].Shifts[0].To = "02:00" }, "one that crosses midnight is two shifts",
		},
		"UTC":            {func(c *contract) { c.Spec.Terms.Calendar.TimeZone = "UTC" }, ""},
		"unknown zone":   {func(c *contract) { c.Spec.Terms.Calendar.TimeZone = "America/Atlantis" }, "not an IANA time zone"},
		"the local zone": {func(c *contract) { c.Spec.Terms.Calendar.TimeZone = "Local" }, "not an IANA time zone"},
		"fine rates":     {func(c *contract) { c.Spec.Terms.Funnel.CloseRatePercent = percent(intstr.FromString("10.5")) }, ""},
		"close rate of 0": {
			func(c *contract) { c.Spec.Terms.Funnel.CloseRatePercent = percent(intstr.FromInt32(0)) }, "a percentage above 0 and at most 100",
		},
		"opportunity rate of 101": {
			func(c *contract) { c.Spec.Terms.Funnel.MQLToOpportunityPercent = percent(intstr.FromInt32(101)) },
			"a percentage above 0 and at most 100",
		},
		"stated volume": {func(c *contract) {
			c.Spec.Terms.Marketing.Volume = &slav1alpha1.VolumeClause{MQLsPerMonth: ptr.To[int32](120)}
		}, ""},
		"volume from nowhere": {func(c *contract) {
			c.Spec.Terms.Marketing.Volume = &slav1alpha1.VolumeClause{}
		}, "either `from: Funnel` or `mqlsPerMonth`"},
		"volume twice": {func(c *contract) {
			c.Spec.Terms.Marketing.Volume.MQLsPerMonth = ptr.To[int32](120)
		}, "either `from: Funnel` or `mqlsPerMonth`"},
		"business days": {
			func(c *contract) { c.Spec.Terms.Sales.FirstContact.Tiers[0].Within = "1d" }, "within",
		},
		"third party": {func(c *contract) {
			testkit.SignContract(t, c, testkit.Now(), "Legal")
		}, "Unsupported value"},
	}
	namespace := testkit.Namespace(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := testkit.Contract(namespace, "acme", "mid-market")
			tc.change(c)
			check(t, c, tc.want)
		})
	}
}

func TestTenantIsImmutable(t *testing.T) {
	c := testkit.Contract(testkit.Namespace(t), "acme", "mid-market")
	if err := testkit.Client.Create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Spec.Ledger.SecretRef.Name = "another"
	if err := testkit.Client.Update(t.Context(), c); err != nil {
		t.Errorf("another Secret is refused: %v", err)
	}
	c.Spec.Ledger.Tenant = "another"
	if err := testkit.Client.Update(t.Context(), c); err == nil || !strings.Contains(err.Error(), "the tenant is immutable") {
		t.Errorf("error %v", err)
	}
}

func TestReviewCadence(t *testing.T) {
	tests := map[string]struct {
		change func(*slav1alpha1.ReviewCadence)
		want   string
	}{
		"as it is":      {func(*slav1alpha1.ReviewCadence) {}, ""},
		"longest names": {func(c *slav1alpha1.ReviewCadence) { c.Name = longName(45) }, ""}, // and "weekly"
		"names too long": {
			func(c *slav1alpha1.ReviewCadence) { c.Name = longName(46) }, "CronJobs are named after both",
		},
		"two reviews of one name": {func(c *slav1alpha1.ReviewCadence) {
			c.Spec.Reviews = append(c.Spec.Reviews, c.Spec.Reviews[0])
		}, "Duplicate value"},
	}
	namespace := testkit.Namespace(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := testkit.Cadence(namespace, "board", "acme")
			tc.change(c)
			check(t, c, tc.want)
		})
	}
}
