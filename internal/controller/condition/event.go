// SPDX-License-Identifier: Apache-2.0

package condition

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

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

	// Related is what else the event is about, in the same namespace. Recorders fold events into a series, with the note of the first,
	// when all but the note is the same; so what must not be folded has something else here.
	Related corev1.ObjectReference
}

// Send events about an object.
func Send(recorder events.EventRecorder, regarding client.Object, all []Event) {
	for _, e := range all {
		var related runtime.Object
		if e.Related != (corev1.ObjectReference{}) {
			e.Related.Namespace = regarding.GetNamespace()
			related = &e.Related
		}
		recorder.Eventf(regarding, related, e.Type, e.Reason, e.Action, "%s", e.Note)
	}
}

// Revision is the ControllerRevision of a name.
func Revision(name string) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "apps/v1", Kind: "ControllerRevision", Name: name}
}

// ConfigMap of a name.
func ConfigMap(name string) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Name: name}
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
