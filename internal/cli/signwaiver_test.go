// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

const contractHead = `# A contract.
apiVersion: sla.handoff.dev/v1alpha1
kind: SLAContract
metadata: {name: small, namespace: revenue}

spec:
  definitionRef: {name: small}
  terms:
    parties: {marketing: {owner: VP Marketing}, sales: {owner: VP Sales}}
    calendar: {timeZone: UTC, hours: [{days: [Mon], shifts: [{from: "09:00", to: "18:00"}]}]}
    marketing: {completeness:   {targetPercent: 100}}   # odd   spacing stays
  routing: {pools: [{name: all, members: [{rep: rep-1}]}]}
  ingest: {tokenSecretRef: {name: ingest}}
  ledger: {secretRef: {name: ledger}, tenant: small}
  waivers:   # out of judgement
`

// waiverDigest of the contract above, as the operator makes it.
func waiverDigest(t *testing.T, w slav1alpha1.Waiver) string {
	t.Helper()
	digest, err := sla.DigestWaiver(convert.Waiver("revenue", "small", w))
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestSignWaiverChangesNothingElse(t *testing.T) {
	const other = "  - {name: other, clause: completeness, from: \"2026-12-21\", to: \"2026-12-31\", reason: a year's end, signOffs: []}\n"
	flow := `{party: Sales, by: VP Sales, at: "2026-12-15T10:00:00Z", object: revenue/small, digest: "DIGEST"}`
	mine := `party: Marketing, by: VP Marketing, at: "2026-12-14T10:00:00Z", object: revenue/small, digest: "v1:sha256:` + zeros + `"`
	head := "  - name: fair # why\n    clause: completeness\n    from: \"2026-12-21\"\n    to: \"2026-12-27\"\n"
	cases := map[string]struct{ before, after string }{
		"a block": {
			other + head + "    reason: all are out\n\n  # the end\n",
			other + head + "    reason: all are out\n    signOffs:\n    - " + flow + "\n\n  # the end\n",
		},
		"a reason of several lines": {
			head + "    reason: >-\n      all\n\n      are out\n" + other,
			head + "    signOffs:\n    - " + flow + "\n    reason: >-\n      all\n\n      are out\n" + other,
		},
		"braces": {
			"  - {name: fair, clause: completeness, from: \"2026-12-21\", to: \"2026-12-27\", reason: 'all } out' } # a\n" + other,
			"  - {name: fair, clause: completeness, from: \"2026-12-21\", to: \"2026-12-27\", reason: 'all } out', signOffs: [" + flow + "] } # a\n" + other,
		},
		"an empty list": {
			head + "    reason: x\n    signOffs: []\n",
			head + "    reason: x\n    signOffs: [" + flow + "]\n",
		},
		"the other has signed": {
			head + "    reason: x\n    signOffs:\n    - {" + mine + "}\n" + other,
			head + "    reason: x\n    signOffs:\n    - {" + mine + "}\n    - " + flow + "\n" + other,
		},
		"signed before, over other days": {
			head + "    reason: x\n    signOffs:\n    - {party: Sales, by: old, at: 2026-01-01T00:00:00Z, object: revenue/small, digest: 'v1:sha256:" + zeros + "'}\n",
			head + "    reason: x\n    signOffs:\n    - {party: Sales, by: VP Sales, at: 2026-12-15T10:00:00Z, object: revenue/small, digest: 'DIGEST'}\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "contract.yaml")
			write(t, file, contractHead+tc.before)
			out, err := runCLI(t, "sign", "--waiver", "fair", "--party", "Sales", "--by", "VP Sales", file)
			if err != nil || out != "waiver fair of SLAContract/small signed for Sales by VP Sales\n" {
				t.Fatalf("%q, %v", out, err)
			}
			docs, err := manifest.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			waiver, _ := waiverOf(docs[0], "fair")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := contractHead + strings.ReplaceAll(tc.after, "DIGEST", waiverDigest(t, waiver))
			if diff := cmp.Diff(want, string(text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Both sign, and the operator takes it: by name, and with keys.
func TestASignedWaiverHolds(t *testing.T) {
	keys, files := map[string]string{}, map[string]string{}
	for i, name := range []string{"revenue.Marketing", "revenue.Sales"} {
		files[name], keys[name] = keyFiles(t, byte(i+1))
	}
	file := filepath.Join(t.TempDir(), "contract.yaml")
	write(t, file, contractHead+"  - {name: fair, clause: completeness, from: \"2026-12-21\", to: \"2026-12-27\", reason: all are out}\n")
	for _, party := range []string{"Marketing", "Sales"} {
		if out, err := runCLI(t, "sign", "--waiver", "fair", "--party", party, "--by", party, "--key", files["revenue."+party], file); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	docs, err := manifest.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	ring := sla.ReadKeyring("the keys", keys, "revenue")
	found := convert.Waivers(docs[0].Contract, ring.Check(sla.WaiverKind, "revenue", "small"))
	if len(found) != 1 || !found[0].Signed.Equal(fixedNow()) || len(found[0].Flaws) > 0 {
		t.Errorf("%+v", found)
	}
	// Not as a signature of the contract itself.
	if off := convert.SignOffs(docs[0].Contract.Spec.Waivers[0].SignOffs)[0]; off.Signature == "" {
		t.Error("no signature")
	} else if verified, note := ring.Check("SLAContract", "revenue", "small")(off); verified || note == "" {
		t.Error("the signature of a waiver counts as one of the contract")
	}
	// The days are part of what is signed.
	docs[0].Contract.Spec.Waivers[0].To = "2026-12-28"
	if found := convert.Waivers(docs[0].Contract, ring.Check(sla.WaiverKind, "revenue", "small")); !found[0].Signed.IsZero() {
		t.Error("signed over other days, and it counts")
	}
}

func TestSignWaiverRefuses(t *testing.T) {
	const fair = "  - {name: fair, clause: completeness, from: \"2026-12-21\", to: \"2026-12-27\", reason: all are out}\n"
	cases := map[string]struct {
		text string
		args []string
		want string
	}{
		"no such waiver":            {contractHead + fair, []string{"--waiver", "fare"}, `no waiver "fare"; there is fair`},
		"a definition":              {definitionHead, []string{"--waiver", "fair"}, "no contract with a waiver; spec.waivers takes it"},
		"a clause that is not owed": {contractHead + strings.Replace(fair, "completeness", "followUp", 1), nil, "the terms have no followUp"},
		"more than a quarter":       {contractHead + strings.Replace(fair, "2026-12-27", "2027-03-24", 1), nil, "longer than a quarter"},
		"it ends before it begins":  {contractHead + strings.Replace(fair, "2026-12-27", "2026-12-20", 1), nil, "before it begins"},
		"a day that does not exist": {contractHead + strings.Replace(fair, "2026-12-27", "2027-02-30", 1), nil, "is no date"},
		"what was in force":         {contractHead + fair, []string{"--key", "k", "--previous", "none"}, "takes the place of nothing that is in force"},
		"the cluster":               {contractHead + fair, []string{"--key", "k", "--cluster"}, "takes the place of nothing that is in force"},
		"another namespace":         {contractHead + fair, []string{"-n", "sales"}, "its namespace is revenue, not sales"},
		"a party that is none":      {contractHead + fair, []string{"--party", "Both"}, `--party "Both"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.yaml")
			write(t, file, tc.text)
			args := append([]string{"sign", "--waiver", "fair", "--party", "Sales", "--by", "VP Sales"}, append(tc.args, file)...)
			_, err := runCLI(t, args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
			after, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(after) != tc.text {
				t.Error("the file changed all the same")
			}
		})
	}
}

// The text in force may be signed again: only the date is another one.
func TestSignAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.yaml")
	write(t, file, definitionHead)
	for _, at := range []string{"2026-09-15T10:00:00Z", "2026-12-15T10:00:00Z"} {
		if _, err := runCLI(t, "sign", "--party", "Sales", "--by", "VP Sales", "--at", at, file); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := definitionHead + `  signOffs:
  - {party: Sales, by: VP Sales, at: "` + at + `", object: revenue/small, digest: "` + digestOf(t, file) + `"}
`
		if diff := cmp.Diff(want, string(text)); diff != "" {
			t.Error(diff)
		}
	}
}

// verify judges the waivers beside the terms.
func TestVerifyWaivers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "contract.yaml")
	write(t, file, contractHead+"  - {name: fair, clause: completeness, from: \"2026-12-21\", to: \"2026-12-27\", reason: all are out}\n")
	key, public := keyFiles(t, 1)
	signers := signersFile(t, map[string]string{"revenue.Sales": public})
	for _, args := range [][]string{
		{"--party", "Marketing", "--by", "VP Marketing"},
		{"--party", "Sales", "--by", "VP Sales", "--key", key},
		{"--waiver", "fair", "--party", "Sales", "--by", "VP Sales", "--key", key},
	} {
		mustRun(t, append(append([]string{"sign"}, args...), file)...)
	}
	out, err := runCLI(t, "verify", "--signers", signers, file)
	want := `SLAContract/small              Marketing  signed by VP Marketing on 2026-12-15T10:00:00Z
SLAContract/small              Sales      verified by VP Sales on 2026-12-15T10:00:00Z
SLAContract/small waiver fair  Marketing  does not count: Marketing has not signed
SLAContract/small waiver fair  Sales      verified by VP Sales on 2026-12-15T10:00:00Z
`
	if err == nil || err.Error() != "1 of 4 sign-offs are missing or do not count" {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
	mustRun(t, "sign", "--waiver", "fair", "--party", "Marketing", "--by", "VP Marketing", file)
	mustRun(t, "verify", "--signers", signers, file)
	write(t, file, strings.Replace(read(t, file), "2026-12-27", "2026-12-28", 1))
	if out, err := runCLI(t, "verify", "-o", "json", file); err == nil || strings.Count(out, `"waiver": "fair"`) != 2 || strings.Count(out, `"counts": false`) != 2 {
		t.Errorf("other days: %v\n%s", err, out)
	}
	write(t, file, strings.Replace(read(t, file), ", namespace: revenue", "", 1))
	if _, err := runCLI(t, "verify", file); err == nil || !strings.Contains(err.Error(), "names no namespace") {
		t.Errorf("no namespace: %v", err)
	}
}
