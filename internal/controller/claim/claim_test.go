// SPDX-License-Identifier: Apache-2.0

package claim_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/handoff-sla/handoff/internal/controller/claim"
)

func TestOneOfTwoIsOlder(t *testing.T) {
	noon := time.Date(2027, 1, 18, 12, 0, 0, 0, time.UTC)
	object := func(name string, at time.Time) *metav1.ObjectMeta {
		return &metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(at)}
	}
	tests := map[string][2]*metav1.ObjectMeta{ // the older one first
		"a second before":            {object("b", noon), object("a", noon.Add(time.Second))},
		"in the same second":         {object("a", noon), object("b", noon)},
		"the same instant elsewhere": {object("a", noon.In(time.FixedZone("", 3600))), object("b", noon)},
	}
	for name, tc := range tests {
		if !claim.Older(tc[0], tc[1]) || claim.Older(tc[1], tc[0]) {
			t.Errorf("%s: %s should be older than %s, and not the other way round", name, tc[0].Name, tc[1].Name)
		}
	}
}
