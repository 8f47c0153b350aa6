// SPDX-License-Identifier: Apache-2.0

package lead

// maxInSet is the highest id that fits into a set of 64 bits.
const maxInSet = 63

// constants are the texts that expressions compare each field with. A value gets the id of the constant that it equals when
// it is set, so that comparing it costs one comparison of numbers, however many rules ask.
type constants struct {
	ids    []map[string]uint32 // by field
	frozen bool                // a compiled program is shared: what is compiled later adds none
}

func newConstants(fields int) *constants { return &constants{ids: make([]map[string]uint32, fields)} }

// of is the id of a value of a field.
func (c *constants) of(field int, value string) uint32 {
	if id, known := c.ids[field][value]; known {
		return id
	}
	return idPresent
}

// intern gives a constant that a field is compared with its id; false when none can be added any more.
func (c *constants) intern(field int, text string, highest uint32) (id uint32, ok bool) {
	id, ok = c.ids[field][text]
	if !ok && !c.frozen {
		if c.ids[field] == nil {
			c.ids[field] = map[string]uint32{}
		}
		id = firstConstant + uint32(len(c.ids[field]))
		c.ids[field][text], ok = id, true
	}
	return id, ok && id <= highest
}
