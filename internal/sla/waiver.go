// SPDX-License-Identifier: Apache-2.0

package sla

// WaiverKind is what is signed, in the statement of a signature.
const WaiverKind = "Waiver"

// Waiver takes a clause out of judgement for some days, by agreement of both parties.
type Waiver struct {
	Object string `json:"object"` // namespace/name of the contract
	Name   string `json:"name"`
	Clause Clause `json:"clause"`
	From   string `json:"from"` // first day, YYYY-MM-DD in the contract's zone
	To     string `json:"to"`   // last day
	Reason string `json:"reason"`
}

// DigestWaiver identifies the meaning of a waiver: "v1:sha256:" and 64 hexadecimal digits. The contract is part of it: no other can use it.
func DigestWaiver(w Waiver) (string, error) {
	c := &canonical{}
	c.group("waiver", func() {
		c.text("object", w.Object)
		c.text("name", w.Name)
		c.text("clause", string(w.Clause))
		c.text("from", w.From)
		c.text("to", w.To)
		c.text("reason", w.Reason)
	})
	return c.digest()
}
