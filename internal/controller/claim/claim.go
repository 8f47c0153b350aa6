// SPDX-License-Identifier: Apache-2.0

// Package claim says who has what only one object may have: the tenant of a ledger, the reviews of a contract.
package claim

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Older says whether a came before b, and so has what both claim. Of two that were made in the same second, the names decide.
func Older(a, b metav1.Object) bool {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if at.Equal(&bt) {
		return a.GetName() < b.GetName()
	}
	return at.Before(&bt)
}
