// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

// sample of testdata with edits: pairs of old and new text.
func sample(t *testing.T, file string, edits ...string) manifest.Document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i+1 < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%s has no %q", file, edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return document(t, text)
}

func document(t *testing.T, text string) manifest.Document {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, err := manifest.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	docs[0].File = "sla/x.yaml"
	return docs[0]
}

const (
	definition = "leaddefinition.yaml"
	contract   = "slacontract.yaml"
	cadence    = "reviewcadence.yaml"
	persistent = "persistent.yaml"
	matrix     = "matrix.yaml"
	high       = `  - name: High
    when: 'signals.demoRequest.count > 0 || signals.trialSignup.count > 0 || signals.pricingView.within("7d") > 0'
`
	handRaise = `      - name: hand-raise
        criteria:
        - expression: 'signals.demoRequest.count > 0 || signals.trialSignup.count > 0'
          message: no demo request and no trial
`
	fit = `        - expression: 'lead.seniority in ["director", "vp", "cxo"]'
          message: not director-level
`
	buying = `        - expression: 'signals.pricingView.within("90d") >= 1 && signals.gatedDownload.count >= 1'
          message: no buying research
`
)

func TestLines(t *testing.T) {
	cases := map[string]struct {
		file   string
		edits  []string
		signed []string
		free   []string
	}{
		"threshold": {
			definition,
			[]string{"threshold: 65", "threshold: 70"},
			[]string{"path fit-and-engagement: threshold 65 -> 70: stricter (fewer leads qualify)"},
			nil,
		},
		"no threshold any more": {
			definition,
			[]string{"        threshold: 65\n", ""},
			[]string{"path fit-and-engagement: threshold 65 -> none: looser (more leads qualify)"},
			nil,
		},
		"points": {
			definition,
			[]string{"500', points: 20", "500', points: 25"},
			[]string{"rule fit/company-size: points 20 -> 25: looser (more leads qualify)"},
			nil,
		},
		"points that take away": {
			definition,
			[]string{"points: -15", "points: -20"},
			[]string{"rule fit/free-mail: points -15 -> -20: stricter (fewer leads qualify)"},
			nil,
		},
		"points where no path asks for a score": {
			definition,
			[]string{"        threshold: 65\n", "", "500', points: 20", "500', points: 25"},
			[]string{
				"rule fit/company-size: points 20 -> 25: looser (more leads qualify)",
				"path fit-and-engagement: threshold 65 -> none: looser (more leads qualify)",
			},
			nil,
		},
		"a cap that goes": {
			definition,
			[]string{"points: 5, max: 15", "points: 5"},
			[]string{"rule intent/content: max 15 -> no limit: looser (more leads qualify)"},
			nil,
		},
		"a half-life": {
			definition,
			[]string{"halfLife: 30d", "halfLife: 168h"},
			[]string{"rule intent/content: half-life 30d -> 7d: stricter (fewer leads qualify)"},
			nil,
		},
		"the default, written": {
			definition,
			[]string{"    max: 100\n", ""},
			[]string{"highest score: 100 -> 100 (default): the same in effect"},
			nil,
		},
		"a rule": {
			definition,
			[]string{"      - {name: saas, when: 'lead.industry == \"saas\"', points: 10}\n", ""},
			[]string{`rule fit/saas removed: when lead.industry == "saas", points 10: stricter (fewer leads qualify)`},
			nil,
		},
		"required": {
			definition,
			[]string{"property: phone, required: true", "property: phone"},
			[]string{"field phone: required -> optional: looser for Marketing (a lead without it is handed over)"},
			nil,
		},
		"required: false is the same as nothing": {definition, []string{"property: industry}", "property: industry, required: false}"}, nil, nil},
		"an expression": {
			definition,
			[]string{`["director", "vp", "cxo"]'` + "\n          message", `["vp"]'` + "\n          message"},
			[]string{`path fit-and-engagement, criterion "not director-level": lead.seniority in ["director", "vp", "cxo"] -> lead.seniority in ["vp"]: ` +
				"a backtest shows which leads it moves"},
			nil,
		},
		"a criterion more": {
			definition,
			[]string{buying, buying + "        - expression: has(lead.phone)\n"},
			[]string{"path fit-and-engagement, criterion 3 added: has(lead.phone): stricter (fewer leads qualify)"},
			nil,
		},
		"a criterion less": {
			definition,
			[]string{fit, ""},
			[]string{`path fit-and-engagement, criterion "not director-level" removed: lead.seniority in ["director", "vp", "cxo"]: looser (more leads qualify)`},
			nil,
		},
		"criteria in another order": {
			definition,
			[]string{fit + buying, buying + fit},
			[]string{"path fit-and-engagement: order of the criteria " +
				`lead.seniority in ["director", "vp", "cxo"], message not director-level; ` +
				`signals.pricingView.within("90d") >= 1 && signals.gatedDownload.count >= 1, message no buying research -> ` +
				`signals.pricingView.within("90d") >= 1 && signals.gatedDownload.count >= 1, message no buying research; ` +
				`lead.seniority in ["director", "vp", "cxo"], message not director-level: the same leads qualify`},
			nil,
		},
		"paths in another order": {
			definition,
			[]string{handRaise, "", buying, buying + handRaise},
			[]string{"order of the paths: hand-raise, fit-and-engagement -> fit-and-engagement, hand-raise: the first that holds wins"},
			nil,
		},
		"a path less": {
			definition,
			[]string{handRaise, ""},
			[]string{"path hand-raise removed: criteria signals.demoRequest.count > 0 || signals.trialSignup.count > 0, message no demo request and no trial: " +
				"stricter (fewer leads qualify)"},
			nil,
		},
		"an intent": {
			definition,
			[]string{high, high + "  - {name: Middle, when: 'lead.industry == \"saas\"'}\n"},
			[]string{`intent Middle added: when lead.industry == "saas": the contract's first-contact tiers must fit`},
			nil,
		},
		"an outcome": {
			definition,
			[]string{"NoResponse, outcome: Recycled", "NoResponse, outcome: Disqualified"},
			[]string{"disposition NoResponse: outcome Recycled -> Disqualified: such leads leave the rotation"},
			nil,
		},
		"status, cadence and suppression": {
			definition,
			[]string{
				"{name: NoResponse, outcome: Recycled}", "{name: NoResponse, outcome: Recycled, fullCadence: Required, status: Nurture}",
				"{name: NotICP, outcome: Disqualified}", "{name: NotICP, outcome: Disqualified, suppress: Contact}",
			},
			[]string{
				"disposition NoResponse: status not stated -> Nurture: what the CRM shows",
				"disposition NoResponse: full cadence not demanded -> Required: stricter for Sales (the code takes the whole follow-up)",
				"disposition NotICP: suppressed nobody -> Contact: stricter (more leads are kept out)",
			},
			nil,
		},
		"identity and exclusions": {
			definition,
			[]string{
				"  stages:\n", "  identity: [email, company]\n  stages:\n    exclusions: [{name: customer, when: 'lead.industry == \"ours\"'}]\n",
			},
			[]string{
				"identity: every lead is a person of its own -> company, email: which leads are the same person",
				`exclusion customer added: lead.industry == "ours": stricter (more leads are kept out)`,
			},
			nil,
		},
		"the clauses of persistence": {
			contract,
			[]string{
				"      disposition: {within: 16d", "      acceptance: {within: 24h, targetPercent: 90}\n" +
					"      followUp: {attempts: 6, minSpan: 10d, within: 14d, channels: 2, targetPercent: 90}\n      feedback: {targetPercent: 50}\n      disposition: {within: 16d",
			},
			[]string{
				"acceptance added: within 1d, target 90%: stricter for Sales",
				"followUp added: attempts at least 6, over at least 10d, within 14d, channels at least 2, target 90%: stricter for Sales",
				"feedback added: target 50%: stricter for Sales",
			},
			nil,
		},
		"attempts and re-entry": {
			definition,
			[]string{"{name: BadTiming, outcome: Recycled}", "{name: BadTiming, outcome: Recycled, minAttempts: 5, reentry: {after: 90d, scoreDelta: -20}}"},
			[]string{
				"disposition BadTiming: attempts at least none -> 5: stricter for Sales",
				"disposition BadTiming, re-entry added: after 90d, score -20: looser (such leads come back, or come back sooner)",
			},
			nil,
		},
		"the source's name": {
			definition,
			[]string{"property: origin", "property: utm_source"},
			nil,
			[]string{"field source: property origin -> utm_source: the source's name for it"},
		},
		"keyed lists in another order, white space, quotes": {
			definition,
			[]string{
				"  - {name: NotICP, outcome: Disqualified}\n", "", "  - {name: AcceptAsSQL", "  - {name: NotICP, outcome: \"Disqualified\"} # moved\n  - {name: AcceptAsSQL",
				"lead.employees >= 50 && lead.employees <= 500", "(lead.employees >=50)   &&   lead.employees <= 500", "halfLife: 14d", "halfLife: 336h",
			},
			nil, nil,
		},

		"a window of first contact": {
			contract,
			[]string{"within: 5m, outsideHours", "within: 10m, outsideHours"},
			[]string{"firstContact, intent High: 5m -> 10m business time: looser for Sales"},
			nil,
		},
		"outside hours": {
			contract,
			[]string{", outsideHours: 1h", ""},
			[]string{"firstContact, intent High: outside hours 1h -> the next business hours: looser for Sales"},
			nil,
		},
		"a target":      {contract, []string{"targetPercent: 90", "targetPercent: 95"}, []string{"firstContact: target 90% -> 95%: stricter for Sales"}, nil},
		"a clause less": {contract, []string{"      score: {targetPercent: 100}\n", ""}, []string{"score removed: target 100%: looser for Marketing"}, nil},
		"a clause more": {
			contract,
			[]string{"      rejection: {targetPercent: 100} # rejected leads with a reason code\n", ""},
			[]string{"rejection removed: target 100%: looser for Sales"},
			nil,
		},
		"the funnel": {
			contract,
			[]string{"mqlToOpportunityPercent: 30", `mqlToOpportunityPercent: "25.0"`},
			[]string{"funnel: MQL to opportunity 30% -> 25%", "volume target: 133 -> 160 MQLs a month: stricter for Marketing"},
			nil,
		},
		"a stated volume": {
			contract,
			[]string{"{from: Funnel}", "{mqlsPerMonth: 1200}"},
			[]string{
				"volume: target from the Funnel -> stated", "volume: target not stated -> 1,200 MQLs a month",
				"volume target: 133 -> 1,200 MQLs a month: stricter for Marketing",
			},
			nil,
		},
		"a percentage written otherwise": {contract, []string{"closeRatePercent: 25", `closeRatePercent: "25.00"`}, nil, nil},
		"hours": {
			contract,
			[]string{"days: [Mon, Tue, Wed, Thu, Fri]", "days: [Mon, Tue, Wed, Thu]"},
			[]string{"business hours: Mon-Fri 09:00-18:00 -> Mon-Thu 09:00-18:00: looser for Sales (45h -> 36h open a week, business clocks run slower)"},
			nil,
		},
		"the same hours in two entries": {
			contract,
			[]string{"      - days: [Mon, Tue, Wed, Thu, Fri]\n", "      - days: [Fri]\n        shifts: [{from: \"09:00\", to: \"18:00\"}]\n      - days: [Mon, Tue, Wed, Thu]\n"},
			[]string{"business hours: Mon-Fri 09:00-18:00 -> Mon-Fri 09:00-18:00: the same hours, written in another way"},
			nil,
		},
		"another follow-up": {
			persistent,
			[]string{"attempts: 6, minSpan: 10d, within: 14d, channels: 2", "attempts: 8, within: 12d"},
			[]string{
				"followUp: attempts at least 6 -> 8: stricter for Sales",
				"followUp: over at least 10d -> no time: looser for Sales",
				"followUp: within 14d -> 12d: stricter for Sales",
				"followUp: channels at least 2 -> 1: looser for Sales",
			},
			nil,
		},
		"identities in another order": {matrix, []string{"[email, company]", "[company, email]"}, nil, nil},
		"a whole account": {
			matrix, []string{"suppress: Contact", "suppress: Account"}, []string{"disposition NotICP: suppressed Contact -> Account: stricter (more leads are kept out)"}, nil,
		},
		"days in another order": {contract, []string{"[Mon, Tue, Wed, Thu, Fri]", "[Fri, Mon, Tue, Wed, Thu]"}, nil, nil},
		"a holiday": {
			contract,
			[]string{`      - {date: "2026-12-25", name: Christmas}` + "\n", ""},
			[]string{"exception 2026-12-25 removed: name Christmas: stricter for Sales (business clocks run that day)"},
			nil,
		},
		"half a day": {
			contract,
			[]string{`to: "12:00"}]`, `to: "13:00"}]`},
			[]string{"exception 2026-12-24: 09:00-12:00 -> 09:00-13:00: stricter for Sales (more business time that day)"},
			nil,
		},
		"the name of a holiday": {contract, []string{"name: Christmas}", "name: Xmas}"}, nil, []string{"exception 2026-12-25: name Christmas -> Xmas"}},
		"a default, written":    {contract, []string{"    minimumSample: 5\n", ""}, []string{"minimum sample: 5 -> 5 (default): the same in effect"}, nil},
		"routing, workers": {
			contract,
			[]string{"capacity: 60}\n", "capacity: 80}\n", "routing: {replicas: 2}", "routing: {replicas: 3}", "      strategy: RoundRobin\n", ""},
			nil,
			[]string{"pool larger-companies, rep rep-1@example.com: capacity 60 -> 80", "routing workers: 2 -> 3"},
		},
		"who comes first, and last": {
			contract,
			[]string{"  routing:\n", "  routing:\n    ownerFirst: Prefer\n    onBreach: Reassign\n    unroutable: {policy: Pool, pool: everyone}\n"},
			nil,
			[]string{
				"owner first: Ignore -> Prefer", "on breach: Keep -> Reassign", "what no pool can take: Hold -> Pool",
				"pool for what no pool can take: none -> everyone",
			},
		},
		"a review": {
			cadence,
			[]string{"0 9 * * MON", "0 9 * * TUE", "  historyLimit: 26\n", ""},
			nil,
			[]string{"review weekly: schedule 0 9 * * MON -> 0 9 * * TUE"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before, after := sample(t, tc.file), sample(t, tc.file, tc.edits...)
			o, err := Pair(&before, &after)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.signed, lines(o.Part(true))); diff != "" {
				t.Errorf("signed (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tc.free, lines(o.Part(false))); diff != "" {
				t.Errorf("unsigned (-want +got)\n%s", diff)
			}
			if voided := len(o.Voided) == 2; voided != (len(tc.signed) > 0) {
				t.Errorf("%d signatures voided with %d signed changes", len(o.Voided), len(tc.signed))
			}
		})
	}
}

func lines(changes []Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

// A field of a later version of the API has no words here: it is told by its path.
func TestAFieldWithoutWords(t *testing.T) {
	before := map[string]any{"a": map[string]any{"b": "1"}, "list": []any{map[string]any{"name": "x", "n": "1"}}, "flat": []any{"p"}}
	after := map[string]any{"a": map[string]any{"b": "2", "c": true}, "list": []any{map[string]any{"name": "x", "n": "2"}, map[string]any{"name": "y"}}}
	got := lines(newWalker(vocabulary{signed: func(string) bool { return true }}, before, after).run())
	want := []string{"a.b: 1 -> 2", "a.c: none -> true", "flat: p -> none", "x: n 1 -> 2", "y added"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSignatures(t *testing.T) {
	before := sample(t, definition)
	digest, err := before.Digest()
	if err != nil {
		t.Fatal(err)
	}
	changed := sample(t, definition, "threshold: 65", "threshold: 70")
	next, err := changed.Digest()
	if err != nil {
		t.Fatal(err)
	}
	sales := `party: Sales, by: VP Sales, at: "2026-11-16T15:00:00Z", object: revenue/mid-market, digest: "` + digest
	cases := map[string]struct {
		edits []string
		state []string
	}{
		"nothing signed": {[]string{"threshold: 65", "threshold: 70"}, []string{
			"voids the signatures of Marketing (VP Marketing) and Sales (VP Sales): " + short(digest) + " -> " + short(next),
			"takes effect when Marketing and Sales have signed:",
			"kubectl sla sign --party Marketing --by \"VP Marketing\" sla/x.yaml",
			"kubectl sla sign --party Sales --by \"VP Sales\" sla/x.yaml",
		}},
		"one has signed": {
			[]string{"threshold: 65", "threshold: 70", sales, strings.Replace(sales, digest, next, 1)}, []string{
				"voids the signature of Marketing (VP Marketing): " + short(digest) + " -> " + short(next),
				"signed by Sales (VP Sales): " + short(next),
				"takes effect when Marketing has signed:",
				"kubectl sla sign --party Marketing --by \"VP Marketing\" sla/x.yaml",
			},
		},
		"the same text signed again": {
			[]string{sales, strings.Replace(sales, "2026-11-16", "2026-12-01", 1)}, []string{"Sales signed again: VP Sales, 2026-12-01T15:00:00Z"},
		},
		"a signature of another object": {
			[]string{sales, strings.Replace(sales, "mid-market", "other", 1)}, []string{
				"the sign-off of Sales does not count any more: Sales signed for revenue/other, and this is revenue/mid-market", "takes effect when Sales has signed:", "kubectl sla sign --party Sales --by \"VP Sales\" sla/x.yaml",
			},
		},
		"a signature less": {
			[]string{"  - {" + sales + `"}` + "\n", ""}, []string{
				"the sign-off of Sales is gone", "takes effect when Sales has signed:", "kubectl sla sign --party Sales --by \"VP Sales\" sla/x.yaml",
			},
		},
		"a namespace that whoever applies it gives": {
			[]string{"  namespace: revenue\n", "", sales, strings.Replace(sales, "revenue/", "", 1)}, []string{
				"the sign-off of Sales does not count any more: the sign-off of Sales does not say for which object", "takes effect when Sales has signed:",
				"kubectl sla sign --party Sales --by \"VP Sales\" --namespace NAMESPACE sla/x.yaml",
			},
		},
		"who signed with a key signs with a key": {
			[]string{"threshold: 65", "threshold: 70", sales, `signature: AAAA, ` + sales}, []string{
				"voids the signatures of", "takes effect when Marketing and Sales have signed:",
				"kubectl sla sign --party Marketing --by \"VP Marketing\" sla/x.yaml",
				"kubectl sla sign --party Sales --by \"VP Sales\" --key KEY --cluster sla/x.yaml",
			},
		},
		"a name that would run in a shell": {
			[]string{"  - {" + sales + `"}` + "\n", "  - {party: Sales, by: \"$(touch x)'\", at: \"2026-11-16T15:00:00Z\", object: revenue/mid-market, digest: \"" + next + "\"}\n"}, []string{
				"the sign-off of Sales does not count any more", "takes effect when Sales has signed:", `kubectl sla sign --party Sales --by '$(touch x)'\''' sla/x.yaml`,
			},
		},
		"what the operator refuses": {
			[]string{"lead.industry ==", "lead.industri =="}, []string{
				`the operator would refuse it, nobody can sign it: rule "fit/saas"`,
				"voids the signatures of Marketing (VP Marketing) and Sales (VP Sales)",
				"takes effect when Marketing and Sales have signed:", "kubectl sla sign", "kubectl sla sign",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			after := sample(t, definition, tc.edits...)
			o, err := Pair(&before, &after)
			if err != nil {
				t.Fatal(err)
			}
			got := append(o.state(), o.Commands...)
			if len(got) != len(tc.state) {
				t.Fatalf("got %q\nwant %q", got, tc.state)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tc.state[i]) {
					t.Errorf("got %q\nwant %q", got[i], tc.state[i])
				}
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	d, c, other := sample(t, definition), sample(t, contract), sample(t, definition, "name: mid-market", "name: other")
	elsewhere := sample(t, definition, "namespace: revenue", "namespace: emea")
	config := document(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
	objects, err := Documents([]manifest.Document{d, c, config}, []manifest.Document{other, elsewhere, c})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range NewReport("old", "new", objects).Objects {
		got = append(got, o.heading())
	}
	want := []string{
		"LeadDefinition emea/mid-market (sla/x.yaml): added", "LeadDefinition revenue/mid-market (sla/x.yaml): removed",
		"LeadDefinition revenue/other (sla/x.yaml): added",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := Documents(nil, []manifest.Document{d, d}); err == nil || !strings.Contains(err.Error(), "is also in sla/x.yaml; keep one") {
		t.Errorf("the same object twice: %v", err)
	}
}

// Whatever a manifest holds, it stays in its cell and in its code.
func TestMarkdown(t *testing.T) {
	before := sample(t, definition)
	after := sample(t, definition, "property: origin", "property: 'a|b` @team <img> `` x'", "threshold: 65", "threshold: 70",
		"lead.industry ==", "lead.title == \"`\" || lead.industry ==")
	o, err := Pair(&before, &after)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	NewReport("old", "new", []Object{o}).Markdown(&b)
	golden := "testdata/markdown.md"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-want +got; UPDATE_GOLDEN=1 writes it anew)\n%s", diff)
	}
}
