// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"encoding/pem"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// keyFiles writes a key pair made from a seed, and returns the private file and the public line.
func keyFiles(t *testing.T, seed byte) (file, public string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key")
	write(t, file, string(pem.EncodeToMemory(block)))
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return file, string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

// definitionFile is a file with an unsigned definition.
func definitionFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "definition.yaml")
	write(t, file, definitionHead)
	return file
}

func signersFile(t *testing.T, entries map[string]string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "signers.yaml")
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: handoff-signers, namespace: handoff-system}\ndata:\n"
	for name, keys := range entries {
		text += "  " + name + ": |\n    " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n    ") + "\n"
	}
	write(t, file, text)
	return file
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runCLI(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// The one sign-off of a file.
func signOffOf(t *testing.T, file string, party slav1alpha1.Party) slav1alpha1.SignOff {
	t.Helper()
	docs, err := manifest.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range docs[0].SignOffs() {
		if off.Party == party {
			return off
		}
	}
	t.Fatalf("no sign-off of %s", party)
	return slav1alpha1.SignOff{}
}

func TestSignWithKey(t *testing.T) {
	key, public := keyFiles(t, 1)
	keys, err := sla.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	another := "v1:sha256:" + strings.Repeat("ab", 32)
	cases := map[string]struct {
		args     []string
		previous string
		says     string
	}{
		"over nothing":           {nil, "", "signing over nothing in force before"},
		"over nothing, as asked": {[]string{"--previous", "none"}, "", ""},
		"over a digest":          {[]string{"--previous", another}, another, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := definitionFile(t)
			said := mustRun(t, append([]string{"sign", "--party", "Sales", "--by", "VP", "--key", key, file}, tc.args...)...)
			if strings.Contains(said, "over nothing") != (tc.says != "") || !strings.Contains(said, tc.says) {
				t.Errorf("it says %q", said)
			}
			off := signOffOf(t, file, "Sales")
			if string(off.Previous) != tc.previous {
				t.Errorf("previous %q, want %q", off.Previous, tc.previous)
			}
			if err := keys.Verify(sla.Statement{
				Kind: "LeadDefinition", Namespace: "revenue", Name: "small", Party: "Sales", At: fixedNow(), Digest: digestOf(t, file), Previous: tc.previous,
			}, off.Signature); err != nil {
				t.Error(err)
			}
			if !strings.HasPrefix(read(t, file), definitionHead) {
				t.Error("something else changed")
			}
		})
	}
}

// The edit changes nothing but the party's own entry, whatever it looked like before.
func TestSignatureInPlace(t *testing.T) {
	key, _ := keyFiles(t, 1)
	another := "v1:sha256:" + strings.Repeat("cd", 32)
	byName := `{party: Sales, by: VP, at: "2026-12-15T10:00:00Z", object: revenue/small, digest: "DIGEST"`
	block := "  signOffs:\n  - party: Sales\n    by: VP   # who\n    at: \"2026-12-15T10:00:00Z\"\n    object: revenue/small\n    digest: DIGEST\n"
	cases := map[string]struct {
		args          []string
		before, after string
	}{
		"added, in braces": {
			[]string{"--key", key, "--previous", another},
			"  signOffs:\n  - " + byName + "} # ok\n", "  signOffs:\n  - " + byName + `, previous: "PREVIOUS", signature: "SIGNATURE"} # ok` + "\n",
		},
		"added, as a block": {
			[]string{"--key", key, "--previous", another},
			block + "# end\n", block + "    previous: \"PREVIOUS\"\n    signature: \"SIGNATURE\"\n# end\n",
		},
		"added over nothing": {
			[]string{"--key", key, "--previous", "none"},
			block, block + "    signature: \"SIGNATURE\"\n",
		},
		"signed anew, over nothing": {
			[]string{"--key", key, "--previous", "none"},
			"  signOffs:\n  - " + byName + ", previous: " + another + ", signature: AAAA}\n", "  signOffs:\n  - " + byName + `, signature: "SIGNATURE"}` + "\n",
		},
		"taken out, in braces": {
			nil, "  signOffs: [" + byName + `, previous: "` + another + `" , signature: 'AAAA' }]` + "\n", "  signOffs: [" + byName + " }]\n",
		},
		"taken out of the front": {
			nil,
			`  signOffs: [{signature: AAAA, party: Sales, by: VP, at: "2026-12-15T10:00:00Z", object: revenue/small, digest: "DIGEST"}]` + "\n",
			"  signOffs: [" + byName + "}]\n",
		},
		"taken out, as a block": {
			nil, block + "    signature: AAAA # old\n    previous: " + another + "\n# end\n", block + "# end\n",
		},
		"a new entry beside a block": {
			[]string{"--key", key, "--previous", another},
			strings.ReplaceAll(block, "Sales", "Marketing"),
			strings.ReplaceAll(block, "Sales", "Marketing") + strings.NewReplacer("  signOffs:\n", "", "   # who", "", "DIGEST", `"DIGEST"`).Replace(block) +
				"    previous: \"PREVIOUS\"\n    signature: \"SIGNATURE\"\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "definition.yaml")
			digest := digestOf(t, definitionFile(t))
			write(t, file, definitionHead+strings.ReplaceAll(tc.before, "DIGEST", digest))
			mustRun(t, append([]string{"sign", "--party", "Sales", "--by", "VP", file}, tc.args...)...)
			off := signOffOf(t, file, "Sales")
			want := definitionHead + strings.NewReplacer("DIGEST", digest, "PREVIOUS", another, "SIGNATURE", off.Signature).Replace(tc.after)
			if diff := cmp.Diff(want, read(t, file)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if (off.Signature != "") != (tc.args != nil) {
				t.Errorf("signature %q", off.Signature)
			}
		})
	}
}

func TestSignWithKeyRefuses(t *testing.T) {
	key, _ := keyFiles(t, 1)
	unnamed := strings.Replace(definitionHead, ", namespace: revenue", "", 1)
	cases := map[string]struct {
		text string
		args []string
		want string
	}{
		"no key":           {definitionHead, []string{"--key", "/nowhere"}, "no such file"},
		"previous, no key": {definitionHead, []string{"--previous", "none"}, "they need --key"},
		"no digest":        {definitionHead, []string{"--key", key, "--previous", "HEAD"}, `--previous "HEAD": a digest`},
		"two befores":      {definitionHead, []string{"--key", key, "--previous", "none", "--cluster"}, "either --previous or --cluster"},
		"no namespace":     {unnamed, []string{"--key", key}, "names no namespace"},
		"an old signature in the way": {
			definitionHead + "  signOffs: [{signature: AAAA, previous: v1:sha256:" + zeros + ", party: Sales, by: VP, at: 2026-12-15T10:00:00Z, object: revenue/small, digest: v1:sha256:" +
				zeros + "}]\n", nil, "add it by hand under spec.signOffs",
		},
		"another namespace": {definitionHead, []string{"--key", key, "-n", "europe"}, "its namespace is revenue, not europe"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "f.yaml")
			write(t, file, tc.text)
			_, err := runCLI(t, append([]string{"sign", "--party", "Sales", "--by", "VP", file}, tc.args...)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if read(t, file) != tc.text {
				t.Error("the file changed")
			}
		})
	}
}

func TestVerify(t *testing.T) {
	marketing, marketingLine := keyFiles(t, 1)
	sales, salesLine := keyFiles(t, 2)
	both := signersFile(t, map[string]string{"revenue.Marketing": "# VP\n" + marketingLine, "revenue.Sales": salesLine})
	byName := func(t *testing.T, file string) {
		t.Helper()
		mustRun(t, "sign", "--party", "Marketing", "--by", "VP M", file)
		mustRun(t, "sign", "--party", "Sales", "--by", "VP S", file)
	}
	byKey := func(t *testing.T, file string) {
		t.Helper()
		mustRun(t, "sign", "--party", "Marketing", "--by", "VP M", "--key", marketing, "--previous", "none", file)
		mustRun(t, "sign", "--party", "Sales", "--by", "VP S", "--key", sales, "--previous", "none", file)
	}
	const on = " on 2026-12-15T10:00:00Z"
	cases := map[string]struct {
		sign    func(*testing.T, string)
		signers string
		lines   []string // of Marketing and Sales
		bad     string   // error
	}{
		"nobody": {
			func(*testing.T, string) {}, "",
			[]string{"does not count: Marketing has not signed", "does not count: Sales has not signed"},
			"2 of 2 sign-offs",
		},
		"by name": {byName, "", []string{"signed by VP M" + on, "signed by VP S" + on}, ""},
		"by key":  {byKey, both, []string{"verified by VP M" + on, "verified by VP S" + on}, ""},
		"by key, unchecked": {
			byKey, "", []string{"(its signature was not checked: --signers names the keys)", "(its signature was not checked"}, "",
		},
		"by key, without keys": {
			byKey, signersFile(t, map[string]string{"europe.Sales": salesLine}),
			[]string{"signed by VP M" + on + " (its signature was not checked: the party has no keys in ConfigMap handoff-system/handoff-signers)", "signed by VP S"},
			"",
		},
		"by name, with keys": {
			byName, both, []string{"does not count: Marketing signed by name", "does not count: Sales signed by name"}, "2 of 2 sign-offs",
		},
		"by the other's key": {
			func(t *testing.T, file string) {
				t.Helper()
				byKey(t, file)
				mustRun(t, "sign", "--party", "Sales", "--by", "VP S", "--key", marketing, "--previous", "none", file)
			}, both, []string{"verified by VP M", "does not count: Sales's signature does not count: it is by the key"}, "1 of 2 sign-offs",
		},
		"of another name": {
			func(t *testing.T, file string) {
				t.Helper()
				byKey(t, file)
				write(t, file, strings.Replace(read(t, file), "name: small", "name: large", 1))
			}, both, []string{
				"does not count: Marketing signed for revenue/small, and this is revenue/large", "Sales signed for revenue/small, and this is revenue/large",
			}, "2 of 2 sign-offs",
		},
		"of another name, that is said to be of this": {
			func(t *testing.T, file string) {
				t.Helper()
				byKey(t, file)
				write(t, file, strings.NewReplacer("name: small", "name: large", "revenue/small", "revenue/large").Replace(read(t, file)))
			}, both, []string{"of something else", "of something else"}, "2 of 2 sign-offs",
		},
		"of another namespace, by name": {
			func(t *testing.T, file string) {
				t.Helper()
				byName(t, file)
				write(t, file, strings.Replace(read(t, file), "namespace: revenue", "namespace: europe", 1))
			}, "", []string{"Marketing signed for revenue/small, and this is europe/small", "Sales signed for revenue/small"}, "2 of 2 sign-offs",
		},
		"of no object": {
			func(t *testing.T, file string) {
				t.Helper()
				byName(t, file)
				write(t, file, strings.Replace(read(t, file), ", object: revenue/small", "", 1))
			}, "", []string{"the sign-off of Marketing does not say for which object", "signed by VP S"}, "1 of 2 sign-offs",
		},
		"edited since": {
			func(t *testing.T, file string) {
				t.Helper()
				byKey(t, file)
				write(t, file, strings.Replace(read(t, file), "required: true", "required: false", 1))
			}, both, []string{"another text than", "another text than"}, "2 of 2 sign-offs",
		},
		"from the future": {
			func(t *testing.T, file string) {
				t.Helper()
				byName(t, file)
				text := read(t, file)
				at := strings.LastIndex(text, "2026-12-15T10:00:00Z")
				write(t, file, text[:at]+"2026-12-15T10:06:00Z"+text[at+len("2026-12-15T10:00:00Z"):])
			}, "", []string{"signed by VP M", "does not count: it is dated in the future"}, "1 of 2 sign-offs",
		},
		"keys that cannot be read": {
			byKey, signersFile(t, map[string]string{"revenue.Marketing": marketingLine, "revenue.Sales": "oops"}),
			[]string{"verified by VP M", "key revenue.Sales: line 1: no public key"},
			"1 of 2 sign-offs",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := definitionFile(t)
			tc.sign(t, file)
			args := []string{"verify", file}
			if tc.signers != "" {
				args = append(args, "--signers", tc.signers)
			}
			out, err := runCLI(t, args...)
			if (tc.bad == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.bad) {
				t.Errorf("error %v, want %q", err, tc.bad)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if len(lines) != 2 || !strings.Contains(lines[0], "  Marketing  ") || !strings.Contains(lines[1], "  Sales ") ||
				!strings.Contains(lines[0], tc.lines[0]) || !strings.Contains(lines[1], tc.lines[1]) {
				t.Errorf("got\n%s\nwant lines with\n%s", out, strings.Join(tc.lines, "\n"))
			}
		})
	}
}

// A manifest without a namespace is signed and verified with --namespace.
func TestNamespaceOfAManifestWithoutOne(t *testing.T) {
	file := definitionFile(t)
	write(t, file, strings.Replace(definitionHead, ", namespace: revenue", "", 1))
	if out, err := runCLI(t, "verify", file); err == nil || !strings.Contains(out, "Marketing has not signed") {
		t.Errorf("unsigned: %v, %s", err, out)
	}
	for _, party := range []string{"Marketing", "Sales"} {
		mustRun(t, "sign", "--party", party, "--by", "VP", "-n", "europe", file)
	}
	if got := signOffOf(t, file, "Sales").Object; got != "europe/small" {
		t.Errorf("signed for %q", got)
	}
	mustRun(t, "verify", "-n", "europe", file)
	if out, err := runCLI(t, "verify", "-n", "revenue", file); err == nil || !strings.Contains(out, "Sales signed for europe/small, and this is revenue/small") {
		t.Errorf("in another namespace: %v, %s", err, out)
	}
	if _, err := runCLI(t, "verify", file); err == nil || !strings.Contains(err.Error(), "set metadata.namespace or --namespace") {
		t.Errorf("in no namespace: %v", err)
	}
}

func TestVerifyJSON(t *testing.T) {
	file := definitionFile(t)
	mustRun(t, "sign", "--party", "Marketing", "--by", "VP M", file)
	out, err := runCLI(t, "verify", "-o", "json", file)
	if err == nil {
		t.Error("no error, though Sales has not signed")
	}
	var got []verdict
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	base := verdict{File: file, Kind: "LeadDefinition", Namespace: "revenue", Name: "small", Digest: digestOf(t, file)}
	want := []verdict{base, base}
	want[0].Party, want[0].Counts, want[0].By, want[0].At = "Marketing", true, "VP M", "2026-12-15T10:00:00Z"
	want[1].Party, want[1].Note = "Sales", "Sales has not signed"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := runCLI(t, "verify", "-o", "yaml", file); err == nil {
		t.Error("an unknown output was accepted")
	}
	if _, err := runCLI(t, "verify", "--signers", file, file); err == nil || !strings.Contains(err.Error(), "0 ConfigMaps") {
		t.Errorf("signers without a ConfigMap: %v", err)
	}
}

// What is in force in the cluster decides which signatures are of use.
func TestVerifyAgainstTheCluster(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := errors.Join(appsv1.AddToScheme(scheme), slav1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	key, line := keyFiles(t, 1)
	file := definitionFile(t)
	digest, old := digestOf(t, file), "v1:sha256:"+strings.Repeat("ab", 32)
	live := func(digest string, annotations map[string]string) []client.Object {
		return []client.Object{
			&slav1alpha1.LeadDefinition{
				ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "small"},
				Status: slav1alpha1.LeadDefinitionStatus{
					InForce: &slav1alpha1.InForce{Revision: "small-1", Digest: slav1alpha1.Digest(digest), Since: metav1.NewTime(fixedNow())},
				},
			},
			&appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "small-1", Annotations: annotations}},
		}
	}
	signed := func(at time.Time, previous string) map[string]string {
		return map[string]string{resources.SignedAtAnnotation: at.Format(time.RFC3339), resources.PreviousAnnotation: previous}
	}
	hour := time.Hour
	// coming is what is in force, and a text to come that was signed at a time.
	coming := func(digest string, at time.Time) []client.Object {
		objects := live(old, signed(fixedNow().Add(-hour), ""))
		objects[0].(*slav1alpha1.LeadDefinition).Status.Scheduled = []slav1alpha1.ScheduledRevision{{Revision: "small-2", Digest: slav1alpha1.Digest(digest)}}
		annotations := signed(at, old)
		annotations[resources.DigestAnnotation] = digest
		return append(objects, &appsv1.ControllerRevision{
			ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "small-2", Annotations: annotations},
		})
	}
	other := "v1:sha256:" + strings.Repeat("cd", 32)
	cases := map[string]struct {
		previous string
		objects  []client.Object
		want     string // in Sales's line
	}{
		"nothing there":              {"none", nil, "verified"},
		"made over what is there":    {old, live(old, signed(fixedNow().Add(-hour), "")), "verified"},
		"made over nothing":          {"none", live(old, signed(fixedNow().Add(-hour), "")), "was made when nothing was in force, and must be made over v1:sha256:abababab…"},
		"older than what is there":   {old, live(old, signed(fixedNow().Add(hour), "")), "bringing back an older text needs new signatures"},
		"older than what is to come": {old, coming(other, fixedNow().Add(hour)), "bringing back an older text needs new signatures"},
		"newer than what is to come": {old, coming(other, fixedNow().Add(-hour)), "verified"},
		"to come itself":             {old, coming(digest, fixedNow().Add(hour)), "verified"},
		"in force already":           {old, live(digest, signed(fixedNow(), old)), "verified"},
		"in force, and signed anew":  {digest, live(digest, signed(fixedNow(), old)), "verified"},
		"in force, of another turn":  {"none", live(digest, signed(fixedNow(), old)), "must be made over v1:sha256:abababab…"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			mustRun(t, "sign", "--party", "Sales", "--by", "VP", "--key", key, "--previous", tc.previous, file)
			docs, err := manifest.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			v := verifier{
				now: fixedNow(), keys: &signers{source: "keys", data: map[string]string{"revenue.Sales": line}},
				cluster: fake.NewClientBuilder().WithScheme(scheme).WithObjects(tc.objects...).Build(),
			}
			got, err := v.document(t.Context(), docs[0])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got[1].String(), tc.want) {
				t.Errorf("%s, want %q", got[1], tc.want)
			}
		})
	}
}
