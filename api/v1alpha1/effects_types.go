// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Interval is a length of time in hours, minutes and seconds, such as `15m` or `1h`, from a minute to a day.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:Pattern=`^([1-9][0-9]{0,4}h)?([1-9][0-9]{0,4}m)?([1-9][0-9]{0,4}s)?$`
// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('24h')",message="should be from 1m to 24h"
type Interval string

// QuietHours says what outside the calendar's hours is like for digests.
// +kubebuilder:validation:Enum=Respect;Ignore
type QuietHours string

// The ways to treat quiet hours.
const (
	// RespectQuietHours holds digests until the calendar opens.
	RespectQuietHours QuietHours = "Respect"
	// IgnoreQuietHours sends them at any hour.
	IgnoreQuietHours QuietHours = "Ignore"
)

// NoticeDigest is how notices that can wait are sent: together, each in exactly one message.
type NoticeDigest struct {
	// every is how long a notice waits for others to the same recipient. Default 1h.
	// +optional
	Every Interval `json:"every,omitempty"`

	// quietHours are the times outside the calendar of the terms. Respect, which is the default, holds digests until it opens, and what is said of
	// escalations of the contract, for three days at most. Notices of what is at risk and of breaches of a single lead are never held.
	// +optional
	QuietHours QuietHours `json:"quietHours,omitempty"`
}

// Notify is who is told what. The addresses are in a Secret, as URLs of shoutrrr for Slack, Teams, e-mail and many others; docs/notifications.md has
// their forms. Messages hold ids, clauses and times, and no data of a lead.
type Notify struct {
	// secretRef names the Secret with the keys `rep`, `manager`, `marketing`, `sales` and `executive`, and `all` for those that are not there: a URL
	// a line.
	// {rep} in a URL is filled with the id of the rep. A change of the Secret is followed without a restart.
	// +required
	SecretRef ObjectReference `json:"secretRef,omitzero"`

	// escalateAfter is how long after the rep the manager is told of a breach, unless the clause was done meanwhile. Default 15m.
	// +optional
	EscalateAfter Interval `json:"escalateAfter,omitempty"`

	// digest is how the notices are sent that can wait: leads that were assigned, reassigned, returned or rejected.
	// +optional
	Digest *NoticeDigest `json:"digest,omitempty"`
}
