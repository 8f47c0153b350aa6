// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"testing"
	"time"
)

func TestBarredSince(t *testing.T) {
	at := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	mark := func(n int) Mark { return Mark{At: at(n), Scope: ScopeAccount} }
	lifted := func(n int) Mark { return Mark{At: at(n), Scope: ScopeAccount, Lifted: true} }
	handOff, never := at(10), time.Time{}
	for name, tc := range map[string]struct {
		marks []Mark
		want  time.Time
	}{
		"no mark":                                    {nil, never},
		"after the hand-off":                         {[]Mark{mark(12)}, at(12)},
		"at the hand-off":                            {[]Mark{mark(10)}, at(10)},
		"the first counts":                           {[]Mark{mark(12), mark(13)}, at(12)},
		"lifted after it was in force":               {[]Mark{mark(12), lifted(13)}, at(12)},
		"from before the hand-off":                   {[]Mark{mark(3)}, at(10)},
		"from before it, lifted after":               {[]Mark{mark(3), lifted(11)}, at(10)},
		"from before it, and once more after":        {[]Mark{mark(3), mark(12)}, at(10)},
		"lifted before the hand-off":                 {[]Mark{mark(3), lifted(4)}, never},
		"lifted before it, and made again":           {[]Mark{mark(3), lifted(4), mark(5)}, at(10)},
		"lifted before it, and made again after":     {[]Mark{mark(3), lifted(4), mark(15)}, at(15)},
		"lifted after the hand-off, nothing to lift": {[]Mark{lifted(12)}, never},
	} {
		if got := BarredSince(tc.marks, handOff); !got.Equal(tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
