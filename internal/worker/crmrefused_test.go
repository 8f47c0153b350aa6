// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/measurement"
)

// A credential that may read and not write passes the check: what the writer met is said, for as long as it meets it, and reading goes on.
func TestCRMRefusesToBeWritten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		r.during(func() {
			r.after(time.Second, true, measurement.ReasonCRMAvailable, "")
			lacks := &crm.CredentialError{Cause: "says that the token lacks the scope crm.objects.contacts.write"}
			for range 5 {
				r.Doubt(lacks)
				r.after(20*time.Second, true, measurement.ReasonPermissionMissing, "lacks the scope crm.objects.contacts.write: grant it")
			}
			r.after(time.Minute, true, measurement.ReasonCRMAvailable, "")
			if n := len(r.said); n != 3 {
				t.Errorf("said %d times: %+v", n, r.said)
			}
			// Where the check finds it, too, it is that which is said; and nothing of it is left once it is mended.
			r.Doubt(lacks)
			r.system.set(func(s *scriptedCRM) { s.err = &crm.CredentialError{Cause: "refused the credential (401)"} })
			r.after(2*time.Second, false, measurement.ReasonCredentialRefused, "401")
			r.system.set(func(s *scriptedCRM) { s.err = nil })
			r.after(16*time.Second, true, measurement.ReasonCRMAvailable, "")
		})
	})
}
