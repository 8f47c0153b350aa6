// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleOtherText = define("sign-off-of-another-text", Error, operator,
		"a sign-off whose digest is not that of what is written",
		"it does not count: the party agreed to something else, or the text was edited since. Until both sign what is written, the last text that both signed stays in force",
		"have the party sign what is written: kubectl sla sign --party ... FILE")
	ruleOtherObject = define("sign-off-of-another-object", Error, operator,
		"a sign-off that is of another object, or does not say of which",
		"it does not count: what the party agreed to elsewhere it has not agreed to here, though the text be the same",
		"have the party sign here: kubectl sla sign --party ... FILE")
	ruleFuture = define("sign-off-in-the-future", Error, semantics,
		"a sign-off that is dated in the future",
		"nobody signs tomorrow; and since a sign-off older than the one in force does not count, it would void honest ones until then",
		"sign anew: kubectl sla sign writes the time")
	ruleUnsigned = define("sign-off-missing", Warning, operator,
		"a party that has not signed",
		"what is written does not take effect until both parties have signed it",
		"kubectl sla sign --party ... --by ... FILE")
	ruleOneSigner = define("one-signer", Warning, playbook,
		"both sign-offs by the same person or role",
		"only 11 % of SLAs are managed jointly, and a document that one team wrote and the other never signed is a wish list",
		"have somebody of each team sign for it")
	ruleLate = define("effective-before-signed", Advice, operator,
		"an effectiveFrom that passed before both parties had signed",
		"nothing is applied backwards in time: the text comes into force with the last sign-off, not on the day that is written",
		"write a day to come, or leave effectiveFrom out")
	ruleStale = define("sign-off-stale", Advice, playbook,
		"a sign-off that is older than a quarter (92 days)",
		"definitions and targets are agreed anew each quarter: markets, buyers and the ideal customer change",
		"review the text against the quarter's data, and have both parties sign it again")
)

const (
	clockSkew = 5 * time.Minute
	quarter   = 92 * 24 * time.Hour
)

// checkSignOffs of a definition or a contract.
func (o *object) checkSignOffs(now time.Time) {
	if o.failed("spec.signOffs") {
		return
	}
	offs := o.SignOffs()
	o.checkMissing(offs)
	digest, err := o.Digest()
	subject := sla.Subject{Namespace: o.Namespace, Name: o.Name, Digest: digest}
	for i, off := range offs {
		path := fmt.Sprintf("spec.signOffs[%d]", i)
		if err == nil && string(off.Digest) != digest {
			o.report(ruleOtherText, path+".digest", "%s signed %s, another text than %s, which is written now", off.Party,
				short(string(off.Digest)), short(digest))
		}
		if elsewhere := subject.Elsewhere(convert.SignOffs(offs[i : i+1])[0]); elsewhere != "" {
			o.report(ruleOtherObject, path+".object", "%s", elsewhere)
		}
		switch at := off.At.Time; {
		case at.After(now.Add(clockSkew)):
			o.report(ruleFuture, path+".at", "%s signed on %s, which is still to come", off.Party, at.UTC().Format(time.RFC3339))
		case now.Sub(at) > quarter:
			o.report(ruleStale, path+".at", "%s signed on %s, %d days ago", off.Party, at.UTC().Format(time.DateOnly), int(now.Sub(at).Hours()/24))
		}
	}
	o.checkEffective(offs, now)
	if len(offs) == 2 && offs[0].Party != offs[1].Party && strings.EqualFold(strings.TrimSpace(offs[0].By), strings.TrimSpace(offs[1].By)) {
		o.report(ruleOneSigner, "spec.signOffs[1].by", "%q signed for both parties", offs[0].By)
	}
}

// checkEffective compares the day that is written with the last sign-off, or with now while one is missing.
func (o *object) checkEffective(offs []slav1alpha1.SignOff, now time.Time) {
	from, path := o.effectiveFrom()
	if from == nil {
		return
	}
	signed := now
	if len(offs) == 2 {
		signed = offs[0].At.Time
		if offs[1].At.After(signed) {
			signed = offs[1].At.Time
		}
	}
	if from.Time.Before(signed) {
		o.report(ruleLate, path, "it was to take effect on %s, when not both had signed", from.UTC().Format(time.RFC3339))
	}
}

func (o *object) effectiveFrom() (*metav1.Time, string) {
	if o.Definition != nil {
		return o.Definition.Spec.EffectiveFrom, "spec.effectiveFrom"
	}
	return o.Contract.Spec.Terms.EffectiveFrom, "spec.terms.effectiveFrom"
}

func (o *object) checkMissing(offs []slav1alpha1.SignOff) {
	signed := map[slav1alpha1.Party]bool{}
	for _, off := range offs {
		signed[off.Party] = true
	}
	var missing []string
	for _, party := range []slav1alpha1.Party{slav1alpha1.PartyMarketing, slav1alpha1.PartySales} {
		if !signed[party] {
			missing = append(missing, string(party))
		}
	}
	switch len(missing) {
	case 0:
	case 1:
		o.report(ruleUnsigned, "spec.signOffs", "%s has not signed", missing[0])
	default:
		o.report(ruleUnsigned, "spec.signOffs", "neither %s has signed", strings.Join(missing, " nor "))
	}
}

// short keeps what a person needs to tell digests apart.
func short(digest string) string {
	at := strings.LastIndexByte(digest, ':') + 1
	return digest[:min(len(digest), at+8)] + "…"
}
