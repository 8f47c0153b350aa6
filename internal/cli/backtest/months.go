// SPDX-License-Identifier: Apache-2.0

package backtest

import "fmt"

// maxMonths are told without a gap. A date that is off by decades is a mistake, and not worth hundreds of empty months.
const maxMonths = 240

// keysOfMonths from the first to the last, with those between in which nothing happened.
func (b builder) keysOfMonths() []int {
	keys := sortedKeys(b.t.months)
	if len(keys) == 0 {
		return nil
	}
	first, last := keys[0], keys[len(keys)-1]
	if last-first >= maxMonths {
		return keys
	}
	keys = keys[:0]
	for key := first; key <= last; key++ {
		keys = append(keys, key)
	}
	return keys
}

func (b builder) month(key int) *counts {
	if c := b.t.months[key]; c != nil {
		return c
	}
	return &counts{}
}

func (b builder) months() []Month {
	months := []Month{}
	for _, key := range b.keysOfMonths() {
		c := b.month(key)
		m := Month{
			Month: fmt.Sprintf("%04d-%02d", key/12, key%12+1), Leads: c.leads, MQLs: c.qualified,
			Converted: b.count(c.converted), Precision: b.share(c.qualifiedConverted, c.qualified),
		}
		if b.in.Old != nil {
			old := c.qualifiedOld
			m.Against = &old
		}
		months = append(months, m)
	}
	return months
}
