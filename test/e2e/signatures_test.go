// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/internal/cli"
)

// signatureNamespace has definitions only: what is signed there starts no worker.
const signatureNamespace = "revenue-signatures"

// signatureSpecs: which sign-offs count, by name and by key.
func signatureSpecs() {
	BeforeAll(func(ctx SpecContext) {
		Expect(client.IgnoreAlreadyExists(env.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: signatureNamespace}}))).To(Succeed())
	})
	AfterAll(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(env.Client.Delete(ctx, signersConfigMap(nil)))).To(Succeed())
		Expect(client.IgnoreNotFound(env.Client.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: signatureNamespace}}))).To(Succeed())
	})

	It("by name bring back no earlier text: not with its old date", func(ctx SpecContext) {
		first := definitionOf("revert", 65) // the sample's text, signed when it was made
		Expect(env.Apply(ctx, first)).To(Succeed())
		becomes(ctx, "revert", "True Attested")
		earlier := inForceOf(ctx, "revert")

		Expect(env.Apply(ctx, sign(ctx, sign(ctx, definitionOf("revert", 75), "Marketing"), "Sales"))).To(Succeed())
		becomes(ctx, "revert", "True Attested")
		later := inForceOf(ctx, "revert")
		Expect(later).NotTo(Equal(earlier))

		Expect(env.Apply(ctx, first)).To(Succeed())
		becomes(ctx, "revert", "False SignOffMissing", "bringing back an older text needs new signatures", later.Revision+" stays in force")
		Consistently(func() slav1alpha1.InForce { return inForceOf(ctx, "revert") }, "3s", "1s").Should(Equal(later))
	})

	It("pasted from another object do not count", func(ctx SpecContext) {
		written := definitionOf("pasted", 70)
		own, _, found := strings.Cut(written, "  signOffs:\n")
		Expect(found).To(BeTrue())
		_, others, found := strings.Cut(sampleFile("slacontract.yaml"), "  signOffs:\n")
		Expect(found).To(BeTrue())
		others = strings.Join(strings.SplitAfterN(others, "\n", 3)[:2], "") // a line each
		Expect(env.Apply(ctx, own+"  signOffs:\n"+others)).To(Succeed())
		becomes(ctx, "pasted", "False SignOffMissing", "another text than")
		Expect(definitionIn(ctx, Default, "pasted").Status.InForce).To(BeNil())
	})

	It("copied with the very same text count neither under another name nor in another namespace", func(ctx SpecContext) {
		of := fmt.Sprintf("object: %s/original,", signatureNamespace)
		original := definitionOf("original", 65)
		Expect(strings.Count(original, of)).To(Equal(2))
		Expect(env.Apply(ctx, original)).To(Succeed())
		becomes(ctx, "original", "True Attested")
		digest := inForceOf(ctx, "original").Digest

		By("copying it under another name")
		Expect(env.Apply(ctx, replaceOnce(original, "  name: original\n", "  name: copy\n"))).To(Succeed())
		becomes(ctx, "copy", "False SignOffMissing", fmt.Sprintf("Sales signed for %[1]s/original, and this is %[1]s/copy", signatureNamespace))
		copied := definitionIn(ctx, Default, "copy")
		Expect(copied.Status.Digest).To(Equal(digest))
		Expect(copied.Status.InForce).To(BeNil())

		By("copying it from another namespace")
		elsewhere := strings.ReplaceAll(definitionOf("moved", 65), "object: "+signatureNamespace+"/", "object: elsewhere/")
		Expect(env.Apply(ctx, elsewhere)).To(Succeed())
		becomes(ctx, "moved", "False SignOffMissing", fmt.Sprintf("Marketing signed for elsewhere/moved, and this is %s/moved", signatureNamespace))
		Expect(definitionIn(ctx, Default, "moved").Status.InForce).To(BeNil())

		By("signing the copy")
		Expect(env.Apply(ctx, sign(ctx, sign(ctx, replaceOnce(original, "  name: original\n", "  name: copy\n"), "Marketing"), "Sales"))).To(Succeed())
		becomes(ctx, "copy", "True Attested")
		Expect(inForceOf(ctx, "copy").Digest).To(Equal(digest))
	})

	It("count by key alone where a party has keys", func(ctx SpecContext) {
		marketing, marketingLine := keyPair()
		sales, salesLine := keyPair()
		Expect(env.Apply(ctx, definitionOf("keyed", 65))).To(Succeed())
		becomes(ctx, "keyed", "True Attested")
		before := inForceOf(ctx, "keyed")

		By("giving both parties keys: what is in force stays so")
		Expect(env.Client.Create(ctx, signersConfigMap(map[string]string{
			signatureNamespace + ".Marketing": marketingLine, signatureNamespace + ".Sales": salesLine,
		}))).To(Succeed())
		text := definitionOf("keyed", 80)
		Expect(env.Apply(ctx, sign(ctx, sign(ctx, text, "Marketing"), "Sales"))).To(Succeed())
		becomes(ctx, "keyed", "False SignOffMissing", "Marketing signed by name", "Sales signed by name")

		By("signing for Sales with the key of Marketing")
		text = seal(ctx, seal(ctx, text, "Marketing", marketing), "Sales", marketing)
		Expect(env.Apply(ctx, text)).To(Succeed())
		becomes(ctx, "keyed", "False SignOffMissing", "Sales's signature does not count: it is by the key SHA256:")
		Expect(inForceOf(ctx, "keyed")).To(Equal(before))

		By("signing for Sales with its own key")
		text = seal(ctx, text, "Sales", sales)
		Expect(env.Apply(ctx, text)).To(Succeed())
		becomes(ctx, "keyed", "True Verified", "the signatures of both were verified")
		Expect(inForceOf(ctx, "keyed")).NotTo(Equal(before))

		By("pasting both signatures into another definition of the same text")
		copied := replaceOnce(text, "name: keyed\n", "name: copied\n")
		Expect(env.Apply(ctx, copied)).To(Succeed())
		becomes(ctx, "copied", "False SignOffMissing", "Marketing signed for "+signatureNamespace+"/keyed", "Sales signed for "+signatureNamespace+"/keyed")
		copied = strings.ReplaceAll(copied, "object: "+signatureNamespace+"/keyed", "object: "+signatureNamespace+"/copied")
		Expect(env.Apply(ctx, copied)).To(Succeed())
		becomes(ctx, "copied", "False SignOffMissing", "Marketing's signature", "Sales's signature")
		Expect(definitionIn(ctx, Default, "copied").Status.InForce).To(BeNil())

		By("damaging the keys: the error says where, and what is verified stays so")
		Expect(env.Client.Update(ctx, signersConfigMap(map[string]string{signatureNamespace + ".Sales": salesLine + "oops\n"}))).To(Succeed())
		becomes(ctx, "copied", "False InvalidSigners", "handoff-signers, key "+signatureNamespace+".Sales: line 2")
		becomes(ctx, "keyed", "True Verified", "line 2")

		By("taking the keys away: names count again, nothing in force is undone")
		Expect(env.Client.Delete(ctx, signersConfigMap(nil))).To(Succeed())
		becomes(ctx, "copied", "True Attested")
		becomes(ctx, "keyed", "True Verified")
	})
}

// definitionOf is the sample under another name, with another threshold, and its sign-offs as if they were of that object; with the sample's
// threshold they are of the text.
func definitionOf(name string, threshold int) string {
	GinkgoHelper()
	text := replaceOnce(sampleFile("leaddefinition.yaml"), "  name: mid-market\n", "  name: "+name+"\n")
	text = replaceOnce(text, "  namespace: revenue\n", "  namespace: "+signatureNamespace+"\n")
	text = strings.ReplaceAll(text, "object: revenue/mid-market,", "object: "+signatureNamespace+"/"+name+",")
	return replaceOnce(text, "threshold: 65", fmt.Sprintf("threshold: %d", threshold))
}

func definitionIn(ctx context.Context, g Gomega, name string) *slav1alpha1.LeadDefinition {
	var d slav1alpha1.LeadDefinition
	g.Expect(env.Client.Get(ctx, client.ObjectKey{Namespace: signatureNamespace, Name: name}, &d)).To(Succeed())
	return &d
}

// becomes waits until what is written is judged like this.
func becomes(ctx context.Context, name, verdict string, parts ...string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		d := definitionIn(ctx, g, name)
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		said := condition(d.Status.Conditions, "Ratified")
		g.Expect(said).To(HavePrefix(verdict))
		for _, part := range parts {
			g.Expect(said).To(ContainSubstring(part))
		}
		if strings.HasPrefix(verdict, "True") {
			g.Expect(d.Status.InForce).NotTo(BeNil())
			g.Expect(d.Status.InForce.Digest).To(Equal(d.Status.Digest))
		}
	}).Should(Succeed())
}

func inForceOf(ctx context.Context, name string) slav1alpha1.InForce {
	GinkgoHelper()
	d := definitionIn(ctx, Default, name)
	Expect(d.Status.InForce).NotTo(BeNil())
	return *d.Status.InForce
}

func signersConfigMap(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: setup.SystemNamespace, Name: "handoff-signers"}, Data: data}
}

// keyPair makes an SSH key: its private file and its line of authorized_keys.
func keyPair() (file, line string) {
	GinkgoHelper()
	public, private, err := ed25519.GenerateKey(nil)
	Expect(err).NotTo(HaveOccurred())
	block, err := ssh.MarshalPrivateKey(private, "")
	Expect(err).NotTo(HaveOccurred())
	file = filepath.Join(GinkgoT().TempDir(), "key")
	Expect(os.WriteFile(file, pem.EncodeToMemory(block), 0o600)).To(Succeed())
	key, err := ssh.NewPublicKey(public)
	Expect(err).NotTo(HaveOccurred())
	return file, string(ssh.MarshalAuthorizedKey(key))
}

// seal has kubectl sla sign a manifest for a party with a key, over what is in force in the cluster.
func seal(ctx context.Context, manifest, party, key string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "sealed.yaml")
	Expect(os.WriteFile(file, []byte(manifest), 0o600)).To(Succeed())
	root := cli.Root(time.Now)
	root.SetArgs([]string{"sign", "--party", party, "--by", "VP " + party, "--key", key, "--cluster", "--kubeconfig", env.Kubeconfig, file})
	root.SetOut(GinkgoWriter)
	root.SetErr(GinkgoWriter)
	Expect(root.ExecuteContext(ctx)).To(Succeed())
	data, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}
