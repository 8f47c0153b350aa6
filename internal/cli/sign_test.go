// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const definitionHead = `# A definition.
apiVersion: sla.handoff.dev/v1alpha1
kind: LeadDefinition
metadata: {name: small, namespace: revenue}   # flow on purpose

spec:
  fields:   # odd   spacing stays


  - {name: email, type: String, required: true}
  stages:
    mql:
      paths:
      - name: any
        criteria:
        - expression: >-
            has(lead.email)
            && lead.email != ""
`

const (
	oldMarketing = `{party: Marketing, by: "old", at: 2026-01-01T00:00:00Z, object: revenue/small, digest: 'v1:sha256:` + zeros + `'}`
	zeros        = "0000000000000000000000000000000000000000000000000000000000000000"
)

func fixedNow() time.Time { return time.Date(2026, 12, 15, 10, 0, 0, 0, time.UTC) }

// runCLI runs a command line and returns what it prints.
func runCLI(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := Root(fixedNow)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func digestOf(t *testing.T, file string) string {
	t.Helper()
	out, err := runCLI(t, "digest", file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(out)[1]
}

func TestSignChangesNothingElse(t *testing.T) {
	flow := `{party: Sales, by: VP Sales, at: "2026-12-15T10:00:00Z", object: revenue/small, digest: "DIGEST"}`
	cases := map[string]struct {
		party, before, after string
	}{
		"no sign-offs yet": {
			party:  "Sales",
			before: "# the end\n",
			after:  "  signOffs:\n  - " + flow + "\n# the end\n",
		},
		"an empty list": {
			party:  "Sales",
			before: "  signOffs: [ ] # none\n",
			after:  "  signOffs: [" + flow + "] # none\n",
		},
		"no value": {
			party:  "Sales",
			before: "  signOffs: # none\n# the end\n",
			after:  "  signOffs: # none\n  - " + flow + "\n# the end\n",
		},
		"a second party, each on a line": {
			party:  "Sales",
			before: "  signOffs:\n  - " + oldMarketing + " # first\n\nstatus: {}\n",
			after:  "  signOffs:\n  - " + oldMarketing + " # first\n  - " + flow + "\n\nstatus: {}\n",
		},
		"a second party, in brackets": {
			party:  "Sales",
			before: "  signOffs: [" + oldMarketing + "]\n",
			after:  "  signOffs: [" + oldMarketing + ", " + flow + "]\n",
		},
		"a second party, as a block": {
			party:  "Sales",
			before: "  signOffs:\n    - party: Marketing\n      by: x\n      at: 2026-01-01T00:00:00Z\n      digest: v1:sha256:" + zeros + "\n",
			after: "  signOffs:\n    - party: Marketing\n      by: x\n      at: 2026-01-01T00:00:00Z\n      digest: v1:sha256:" + zeros +
				"\n    - party: Sales\n      by: VP Sales\n      at: \"2026-12-15T10:00:00Z\"\n      object: revenue/small\n      digest: \"DIGEST\"\n",
		},
		"the same party again keeps quotes and comments": {
			party:  "Marketing",
			before: "  signOffs:\n  # why\n  - " + oldMarketing + " # signed\n",
			after:  "  signOffs:\n  # why\n  - {party: Marketing, by: \"VP Marketing\", at: 2026-12-15T10:00:00Z, object: revenue/small, digest: 'DIGEST'} # signed\n",
		},
		"the same party again, as a block in another order": {
			party:  "Marketing",
			before: "  signOffs:\n  - digest: v1:sha256:" + zeros + "  # d\n    by: it's me   # b\n    party: Marketing\n    at: \"2026-01-01T00:00:00Z\"\n",
			after:  "  signOffs:\n  - digest: DIGEST  # d\n    by: VP Marketing   # b\n    party: Marketing\n    at: \"2026-12-15T10:00:00Z\"\n    object: revenue/small\n",
		},
		"an entry that names no object yet, in braces": {
			party:  "Sales",
			before: "  signOffs: [{party: Sales, by: VP Sales, at: 2026-01-01T00:00:00Z , digest: 'v1:sha256:" + zeros + "'}] # signed\n",
			after:  "  signOffs: [{party: Sales, by: VP Sales, at: 2026-12-15T10:00:00Z, object: revenue/small , digest: 'DIGEST'}] # signed\n",
		},
		"an entry that names no object yet, as a block": {
			party:  "Sales",
			before: "  signOffs:\n  - party: Sales\n    by: VP Sales\n    at: 2026-01-01T00:00:00Z # then\n    # what\n    digest: v1:sha256:" + zeros + "\n",
			after:  "  signOffs:\n  - party: Sales\n    by: VP Sales\n    at: 2026-12-15T10:00:00Z # then\n    object: revenue/small\n    # what\n    digest: DIGEST\n",
		},
		"an entry of another object, copied": {
			party:  "Sales",
			before: "  signOffs:\n  - party: Sales\n    object: \"revenue/large\"   # of\n    by: VP Sales\n    at: 2026-01-01T00:00:00Z\n    digest: v1:sha256:" + zeros + "\n",
			after:  "  signOffs:\n  - party: Sales\n    object: \"revenue/small\"   # of\n    by: VP Sales\n    at: 2026-12-15T10:00:00Z\n    digest: DIGEST\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "definition.yaml")
			write(t, file, definitionHead+tc.before)
			want := definitionHead + strings.ReplaceAll(tc.after, "DIGEST", digestOf(t, file))
			if _, err := runCLI(t, "sign", "--party", tc.party, "--by", "VP "+tc.party, file); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, read(t, file)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSignOfSeveralDocumentsAndLineEndings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.yaml")
	head := strings.ReplaceAll(definitionHead, "\n", "\r\n")
	write(t, file, "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n"+head+"---\n"+definitionHead)
	out, err := runCLI(t, "sign", "--party", "Sales", "--by", `J "R"`, "--at", "2026-12-14T10:12:00+01:00", file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out, "signed for Sales"); n != 2 {
		t.Errorf("%d documents signed, want 2: %s", n, out)
	}
	got := read(t, file)
	digest := digestOf(t, file)
	line := `{party: Sales, by: "J \"R\"", at: "2026-12-14T09:12:00Z", object: revenue/small, digest: "` + digest + `"}`
	want := "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n" + head + "  signOffs:\r\n  - " + line + "\r\n---\n" +
		definitionHead + "  signOffs:\n  - " + line + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSignRefuses(t *testing.T) {
	cases := map[string]struct {
		args []string
		text string
		want string
	}{
		"an unknown party":  {[]string{"--party", "Legal", "--by", "x"}, definitionHead, `--party "Legal": Marketing or Sales`},
		"nobody":            {[]string{"--party", "Sales", "--by", " "}, definitionHead, "--by is empty"},
		"a time to come":    {[]string{"--party", "Sales", "--by", "x", "--at", "2026-12-15T10:05:01Z"}, definitionHead, "in the future"},
		"no time":           {[]string{"--party", "Sales", "--by", "x", "--at", "yesterday"}, definitionHead, "not RFC 3339"},
		"another namespace": {[]string{"--party", "Sales", "--by", "x", "-n", "europe"}, definitionHead, "its namespace is revenue, not europe (--namespace)"},
		"no namespace": {
			[]string{"--party", "Sales", "--by", "x"},
			strings.Replace(definitionHead, ", namespace: revenue", "", 1),
			"it names no namespace, which a sign-off is bound to: set metadata.namespace or --namespace",
		},
		"a misspelt key":         {[]string{"--party", "Sales", "--by", "x"}, strings.Replace(definitionHead, "required", "requird", 1), `"requird"`},
		"a misspelt field":       {[]string{"--party", "Sales", "--by", "x"}, strings.Replace(definitionHead, "lead.email !=", "lead.emial !=", 1), "emial"},
		"a file without a cause": {[]string{"--party", "Sales", "--by", "x"}, "kind: ConfigMap\n", "no LeadDefinition and no SLAContract"},
		"what has no place to write": {
			[]string{"--party", "Sales", "--by", "x"},
			strings.Split(definitionHead, "spec:")[0] +
				"spec: {fields: [{name: email, type: String}], stages: {mql: {paths: [{name: any, criteria: [{expression: has(lead.email)}]}]}}}\n",
			"add it by hand under spec.signOffs",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "f.yaml")
			write(t, file, tc.text)
			_, err := runCLI(t, append([]string{"sign", file}, tc.args...)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
			if diff := cmp.Diff(tc.text, read(t, file)); diff != "" {
				t.Errorf("the file changed (-before +after)\n%s", diff)
			}
		})
	}
}

// A date to come would take the place of a sign-off that counts; a little ahead are the clocks of two machines.
func TestSignALittleAhead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	write(t, file, definitionHead)
	if _, err := runCLI(t, "sign", "--party", "Sales", "--by", "x", "--at", "2026-12-15T10:05:00Z", file); err != nil {
		t.Error(err)
	}
}

func TestSignWritesIntoAFile(t *testing.T) {
	for source, want := range map[string]string{"-": "standard input cannot be written", t.TempDir(): "a folder; name one file to sign"} {
		if _, err := runCLI(t, "sign", "--party", "Sales", "--by", "x", source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", source, err, want)
		}
	}
}

func TestDigestOfAFolderAndOfARevision(t *testing.T) {
	stricter(t)
	out, err := runCLI(t, "digest", "config/samples/", "main:config/samples/")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		words := strings.Fields(line)
		of[words[0]] = append(of[words[0]], words[1])
	}
	if d := of["LeadDefinition/mid-market"]; len(d) != 2 || d[0] == d[1] {
		t.Errorf("digests of the edited definition %q, want two that differ", d)
	}
	if d := of["SLAContract/mid-market"]; len(d) != 2 || d[0] != d[1] {
		t.Errorf("digests of the contract %q, want the same twice", d)
	}
}

func TestDigestOfNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	write(t, file, "kind: ConfigMap\n")
	if out, err := runCLI(t, "digest", file); err == nil {
		t.Errorf("no error, output %q", out)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
