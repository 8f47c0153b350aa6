// SPDX-License-Identifier: Apache-2.0

package condition

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// maxNote is the most that the API server takes in an event's note.
const maxNote = 1024

// Event that follows a status write.
type Event struct {
	Type   string
	Reason string
	Action string
	Note   string
}

// Note is the condition's message, cut to what an event may hold.
func Note(c *metav1.Condition) string {
	if c == nil {
		return ""
	}
	return Cut(c.Message)
}

// Cut a text to what an event may hold.
func Cut(text string) string { return cut(text, maxNote) }

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - 3
	for end > 0 && text[end]&0xC0 == 0x80 { // not inside a character
		end--
	}
	return text[:end] + "..."
}

// StalledEvent is a warning when an object has just become stalled, or is stalled for another reason.
func StalledEvent(before, after []metav1.Condition) []Event {
	was := meta.FindStatusCondition(before, slav1alpha1.StalledCondition)
	is := meta.FindStatusCondition(after, slav1alpha1.StalledCondition)
	if is == nil || (was != nil && was.Reason == is.Reason) {
		return nil
	}
	return []Event{{Type: corev1.EventTypeWarning, Reason: is.Reason, Action: "Reconcile", Note: Note(is)}}
}
