// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// signing is a bench with a definition whose parties have keys.
type signing struct {
	*bench
	d                *slav1alpha1.LeadDefinition
	marketing, sales testkit.KeyPair
	keys             client.ObjectKey
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	b := newBench(t)
	namespace := testkit.Namespace(t)
	s := &signing{
		bench: b, d: testkit.Definition(namespace, "mid-market"), marketing: testkit.Key(t, 1), sales: testkit.Key(t, 2),
		keys: client.ObjectKey{Namespace: testkit.Namespace(t), Name: "handoff-signers"},
	}
	b.r.Signers = &ratify.Signers{Reader: testkit.Client, Key: s.keys}
	return s
}

// putKeys of both parties.
func (s *signing) putKeys() {
	s.t.Helper()
	testkit.PutKeys(s.t, s.keys, map[string]string{
		s.d.Namespace + ".Marketing": "# the VP\n" + s.marketing.Line(), s.d.Namespace + ".Sales": s.sales.Line(),
	})
}

// sign by name, then with the keys, over what was in force.
func (s *signing) sign(at time.Time, previous slav1alpha1.Digest) {
	s.t.Helper()
	testkit.SignDefinition(s.t, s.d, at, testkit.Both()...)
	s.marketing.Seal(s.t, Kind, s.d, &s.d.Spec.SignOffs[0], previous)
	s.sales.Seal(s.t, Kind, s.d, &s.d.Spec.SignOffs[1], previous)
}

// write the object, new or edited, and reconcile it.
func (s *signing) write() {
	s.t.Helper()
	if s.d.UID == "" {
		s.create(s.d)
	} else {
		s.update(s.d)
	}
	s.mustReconcile(s.d)
}

// ratified fails unless the condition has the reason and says all of the parts.
func (s *signing) ratified(want metav1.ConditionStatus, reason string, parts ...string) {
	s.t.Helper()
	c := meta.FindStatusCondition(s.d.Status.Conditions, "Ratified")
	if c == nil || c.Status != want || c.Reason != reason {
		s.t.Fatalf("Ratified: %+v, want %s %s", c, want, reason)
	}
	for _, part := range parts {
		if !strings.Contains(c.Message, part) {
			s.t.Errorf("Ratified does not say %q: %s", part, c.Message)
		}
	}
}

func TestBothVerified(t *testing.T) {
	s := newSigning(t)
	s.putKeys()
	s.sign(testkit.Now(), "")
	s.write()
	s.ratified(metav1.ConditionTrue, "Verified", "the signatures of both were verified")

	revision := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: s.d.Namespace, Name: s.d.Status.InForce.Revision}})
	var kept []ratify.Record
	if err := json.Unmarshal([]byte(revision.Annotations["sla.handoff.dev/sign-offs"]), &kept); err != nil {
		t.Fatal(err)
	}
	want := []ratify.Record{
		{Party: "Marketing", By: "VP Marketing", At: testkit.Now(), Object: s.d.Namespace + "/mid-market", Signature: s.d.Spec.SignOffs[0].Signature, Verified: true},
		{Party: "Sales", By: "VP Sales", At: testkit.Now(), Object: s.d.Namespace + "/mid-market", Signature: s.d.Spec.SignOffs[1].Signature, Verified: true},
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Error(diff)
	}
	if previous, found := revision.Annotations["sla.handoff.dev/previous"]; found {
		t.Errorf("the first revision follows %q", previous)
	}
	s.mustReconcile(s.d)
	if len(s.writes.All) > 0 {
		t.Errorf("nothing changed, yet it wrote %q", s.writes.All)
	}
}

func TestOneVerified(t *testing.T) {
	s := newSigning(t)
	testkit.PutKeys(t, s.keys, map[string]string{s.d.Namespace + ".Sales": s.sales.Line(), "elsewhere.Marketing": s.marketing.Line()})
	s.sign(testkit.Now(), "")
	s.d.Spec.SignOffs[0].Signature, s.d.Spec.SignOffs[0].Previous = "", ""
	s.write()
	s.ratified(metav1.ConditionTrue, "Attested", "Sales's signature was verified, Marketing signed by name")
}

// Where a party has keys, each of these is no sign-off.
func TestSignaturesThatDoNotCount(t *testing.T) {
	cases := map[string]struct {
		spoil func(*signing)
		want  string
	}{
		"by name": {
			func(s *signing) { s.d.Spec.SignOffs[1].Signature = "" },
			"Sales signed by name, but has keys in ConfigMap ",
		},
		"by the wrong key": {
			func(s *signing) { s.marketing.Seal(s.t, Kind, s.d, &s.d.Spec.SignOffs[1], "") },
			"Sales's signature does not count: it is by the key SHA256:",
		},
		"of another object, pasted": {
			func(s *signing) {
				s.sales.Seal(s.t, Kind, testkit.Definition(s.d.Namespace, "enterprise"), &s.d.Spec.SignOffs[1], "")
			},
			"Sales's signature does not count: it is of something else",
		},
		"of an object of the name in another namespace": {
			func(s *signing) {
				s.sales.Seal(s.t, Kind, testkit.Definition("elsewhere", "mid-market"), &s.d.Spec.SignOffs[1], "")
			},
			"of something else",
		},
		"of a contract of the name": {
			func(s *signing) { s.sales.Seal(s.t, "SLAContract", s.d, &s.d.Spec.SignOffs[1], "") },
			"of something else",
		},
		"with another date than was signed": {
			func(s *signing) { s.d.Spec.SignOffs[1].At = metav1.NewTime(testkit.Now().Add(-time.Hour)) },
			"of something else",
		},
		"over a text that is not in force": {
			func(s *signing) {
				s.sales.Seal(s.t, Kind, s.d, &s.d.Spec.SignOffs[1], slav1alpha1.Digest("v1:sha256:"+strings.Repeat("ab", 32)))
			},
			"Sales's signature was made when v1:sha256:abababab… was in force, and must be made over nothing",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSigning(t)
			s.putKeys()
			s.sign(testkit.Now(), "")
			tc.spoil(s)
			s.write()
			s.ratified(metav1.ConditionFalse, "SignOffMissing", tc.want, "--party Sales --by ROLE --key KEYFILE --cluster FILE")
			if s.d.Status.InForce != nil || len(s.revisions(s.d.Namespace)) > 0 {
				t.Error("it is in force")
			}
		})
	}
}

// The old text comes back neither with its old signatures nor with new dates on them, but signed anew.
func TestRevertOfSignedTexts(t *testing.T) {
	s := newSigning(t)
	s.putKeys()
	at := testkit.Now()
	next := func(threshold int32, previous slav1alpha1.Digest) slav1alpha1.LeadDefinitionSpec {
		at = at.Add(time.Hour)
		s.clock.SetTime(at)
		s.d.Spec.Stages.MQL.Paths[1].Threshold = ptr.To(threshold)
		s.sign(at, previous)
		spec := *s.d.Spec.DeepCopy()
		s.write()
		s.ratified(metav1.ConditionTrue, "Verified")
		return spec
	}
	first := next(15, "")
	a := s.d.Status.InForce.Digest
	second := next(10, a)
	b := s.d.Status.InForce.Digest
	revert := func(old slav1alpha1.LeadDefinitionSpec, redate bool, want string) {
		t.Helper()
		before := s.d.Status.InForce.Digest
		s.d.Spec = *old.DeepCopy()
		if redate {
			for i := range s.d.Spec.SignOffs {
				s.d.Spec.SignOffs[i].At = metav1.NewTime(at)
			}
		}
		s.write()
		s.ratified(metav1.ConditionFalse, "SignOffMissing", want)
		if s.d.Status.InForce.Digest != before {
			t.Error("the old text came back")
		}
	}
	revert(first, false, "bringing back an older text needs new signatures")
	revert(first, true, "was made when nothing was in force, and must be made over "+ratify.Short(string(b)))
	next(15, b) // signed anew
	// Round again: the second text's own signatures were made over the first, which is in force. They are older, and a new date is not signed.
	revert(second, false, "bringing back an older text needs new signatures")
	revert(second, true, "of something else")
	if got := s.revisions(s.d.Namespace); len(got) != 2 {
		t.Errorf("revisions: %v", got)
	}
}

// A text that is to come is signed anew over what has come into force since it was ratified.
func TestSigningAnewWhatIsToCome(t *testing.T) {
	s := newSigning(t)
	s.putKeys()
	next := func(threshold int32, hours int, at time.Time, previous slav1alpha1.Digest) {
		s.clock.SetTime(at)
		s.d.Spec.Stages.MQL.Paths[1].Threshold = ptr.To(threshold)
		s.d.Spec.EffectiveFrom = &metav1.Time{Time: testkit.Now().Add(time.Duration(hours) * time.Hour)}
		s.sign(at, previous)
		s.write()
	}
	next(15, 0, testkit.Now(), "")
	a := s.d.Status.InForce.Digest
	next(12, 5, testkit.Now().Add(time.Hour), a)
	next(10, 10, testkit.Now().Add(2*time.Hour), a)
	toCome := s.d.Status.Pending.Revision
	s.clock.SetTime(testkit.Now().Add(6 * time.Hour))
	s.mustReconcile(s.d)
	c := s.d.Status.InForce.Digest
	if c == a {
		t.Fatal("the text between did not come into force")
	}
	next(10, 10, testkit.Now().Add(7*time.Hour), c)
	s.ratified(metav1.ConditionTrue, "Verified", "the last at "+testkit.Now().Add(7*time.Hour).UTC().Format(time.RFC3339))
	if got := s.d.Status.Pending; got == nil || got.Revision != toCome || s.d.Status.InForce.Digest != c {
		t.Errorf("pending %+v, in force %+v", got, s.d.Status.InForce)
	}
	next(10, 10, testkit.Now().Add(8*time.Hour), slav1alpha1.Digest("v1:sha256:"+strings.Repeat("ab", 32)))
	s.ratified(metav1.ConditionFalse, "SignOffMissing")
}

// What was ratified stays so, whatever becomes of the keys.
func TestKeysThatComeLater(t *testing.T) {
	s := newSigning(t)
	testkit.SignDefinition(t, s.d, testkit.Now(), testkit.Both()...)
	s.write()
	s.ratified(metav1.ConditionTrue, "Attested")
	digest := s.d.Status.InForce.Digest

	s.putKeys()
	s.mustReconcile(s.d)
	s.ratified(metav1.ConditionTrue, "Attested")
	if len(s.writes.All) > 0 {
		t.Errorf("new keys made it write %q", s.writes.All)
	}

	testkit.SignDefinition(t, s.d, testkit.Now().Add(time.Minute), testkit.Both()...)
	s.write()
	s.ratified(metav1.ConditionFalse, "SignOffMissing", "signed by name, but has keys", s.d.Status.InForce.Revision+" stays in force")

	s.sign(testkit.Now().Add(2*time.Minute), digest) // the same text signed anew, over itself
	s.write()
	s.ratified(metav1.ConditionTrue, "Verified")

	testkit.PutKeys(t, s.keys, map[string]string{s.d.Namespace + ".Marketing": testkit.Key(t, 8).Line(), s.d.Namespace + ".Sales": testkit.Key(t, 9).Line()})
	s.mustReconcile(s.d)
	s.ratified(metav1.ConditionTrue, "Verified")
	testkit.PutKeys(t, s.keys, nil)
	s.mustReconcile(s.d)
	s.ratified(metav1.ConditionTrue, "Verified")
}

// Keys that cannot be read count nothing, and say where they are wrong.
func TestUnreadableKeys(t *testing.T) {
	cases := map[string]struct {
		data func(*signing) map[string]string
		want string
	}{
		"a line": {
			func(s *signing) map[string]string {
				return map[string]string{s.d.Namespace + ".Sales": s.sales.Line() + "ssh-ed25519 oops\n"}
			},
			".Sales: line 2: no public key",
		},
		"no line": {
			func(s *signing) map[string]string { return map[string]string{s.d.Namespace + ".Sales": "# to come\n"} },
			".Sales: no key in it",
		},
		"no party": {
			func(s *signing) map[string]string { return map[string]string{s.d.Namespace + ".sales": s.sales.Line()} },
			".sales: no such party: Marketing or Sales",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSigning(t)
			testkit.PutKeys(t, s.keys, tc.data(s))
			s.sign(testkit.Now(), "")
			s.write()
			s.ratified(metav1.ConditionFalse, "InvalidSigners", "the keys of Sales cannot be read: ConfigMap "+s.keys.String()+", key "+s.d.Namespace+tc.want)

			s.putKeys()
			s.mustReconcile(s.d)
			s.ratified(metav1.ConditionTrue, "Verified")
			testkit.PutKeys(t, s.keys, tc.data(s))
			s.mustReconcile(s.d)
			s.ratified(metav1.ConditionTrue, "Verified", "keys cannot be read, so that nothing new can be signed", tc.want)
		})
	}
}

// Without a look at the keys nothing is ratified: an API server that does not give them out makes no name count.
func TestKeysOutOfReach(t *testing.T) {
	s := newSigning(t)
	s.r.Signers.Reader = interceptor.NewClient(testkit.Client, interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("out of reach")
		},
	})
	testkit.SignDefinition(t, s.d, testkit.Now(), testkit.Both()...)
	s.create(s.d)
	if _, err := s.reconcile(s.d); err == nil || !strings.Contains(err.Error(), "out of reach") {
		t.Errorf("error %v", err)
	}
	s.ratified(metav1.ConditionFalse, "SignOffMissing", "the parties' keys in ConfigMap "+s.keys.String()+": out of reach")
	if len(s.revisions(s.d.Namespace)) > 0 {
		t.Error("it was ratified")
	}
}
