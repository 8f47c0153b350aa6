// SPDX-License-Identifier: Apache-2.0

package lead

// Account that the lead is a contact of at its last event, as AccountOf has it.
func (t *Tracker) Account() string { return t.state.account() }

// Among says how the other contacts of the lead's account stand now; nil when that is not known.
func (t *Tracker) Among(peers *Contacts) { t.state.peers = peers }

// Score at the lead's last event, clamped, without what the rule of a re-entry adds: what its values and signals alone are worth.
func (t *Tracker) Score() int {
	before := t.state.returning
	t.state.returning = nil
	score := t.state.score().Clamped
	t.state.returning = before
	return score
}

// HandOff says that the lead was handed off at its last event.
func (t *Tracker) HandOff() {
	if t.state.returning != nil {
		t.state.returning.Until = t.state.now
	}
	t.next = newReturning(&Again{Since: t.state.now})
	for _, e := range t.disposals { // those of this very moment are about it
		t.next.dispose(e, t.state.program.definition.Dispositions)
	}
}

// Returns says whether the lead was recycled after its latest hand-off and reaches a path again at its last event. Where it does, its
// next cycle has begun: Standing is by the rule of its re-entry from now on.
func (t *Tracker) Returns() bool {
	if t.next == nil || t.next.rule == nil {
		return false
	}
	before := t.state.returning
	t.state.returning = t.next
	if t.state.taking(t.state.score().Clamped) < 0 {
		t.state.returning = before
		return false
	}
	t.next = nil
	return true
}
