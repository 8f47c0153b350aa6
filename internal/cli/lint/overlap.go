// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

// coming is a text of the same object that both have signed and that takes effect later.
type coming struct {
	revision string
	from     metav1.Time
}

// checkScheduled compares a text with those that are scheduled in the cluster: signed now, it takes the place of all that would follow it.
func (s *set) checkScheduled(ctx context.Context, o *object) error {
	text, err := s.options.Lookup(ctx, o.Kind, o.Namespace, o.Name)
	if err != nil || text == "" {
		return err
	}
	live := manifest.Parse(manifest.Document{File: "the cluster", Text: text})
	if live.Err != nil || !live.Signable() {
		return nil //nolint:nilerr // what is wrong in the cluster is not this run's to report
	}
	if written, err := o.Digest(); err != nil || written == inForce(live) {
		return nil //nolint:nilerr // what does not compile was reported
	}
	from, path := o.effectiveFrom()
	for _, next := range scheduled(live) {
		switch {
		case from != nil && !from.Before(&next.from):
		case from == nil:
			o.report(ruleApart, path, "it takes effect once both have signed, and then takes the place of %s, which is scheduled for %s", next.revision,
				next.from.UTC().Format(time.RFC3339))
		default:
			o.report(ruleApart, path, "it takes effect on %s, and takes the place of %s, which is scheduled for %s", from.UTC().Format(time.RFC3339), next.revision,
				next.from.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func inForce(live manifest.Document) string {
	if live.Definition != nil {
		if f := live.Definition.Status.InForce; f != nil {
			return string(f.Digest)
		}
		return ""
	}
	if f := live.Contract.Status.Terms; f != nil {
		return string(f.Digest)
	}
	return ""
}

// scheduled texts of an object. A pair of a contract may be there for its definition's sake.
func scheduled(live manifest.Document) []coming {
	var out []coming
	if live.Definition != nil {
		for _, r := range live.Definition.Status.Scheduled {
			out = append(out, coming{r.Revision, r.EffectiveFrom})
		}
		return out
	}
	for _, p := range live.Contract.Status.Scheduled {
		if f := live.Contract.Status.Terms; f == nil || f.Revision != p.Revision {
			out = append(out, coming{p.Revision, p.EffectiveFrom})
		}
	}
	return out
}
