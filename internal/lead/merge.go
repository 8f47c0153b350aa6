// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cmp"
	"slices"
	"time"
)

// Merge says that a lead turned out to be the same person as another, which takes it in.
type Merge struct {
	Survivor, Merged string
	At               time.Time
	Sequence         int64 // of the event that says so
}

// TakenIn is a lead that was taken into another.
type TakenIn struct {
	Merge
	Root string // the lead that is left in the end
}

// ResolveMerges finds which leads are left of some that were merged, in chains too, and which of the merges say nothing new, as one does
// that closes a circle: the earliest counts. Two merges that share a lead make one of all their leads. The order of the merges given is of
// no matter.
func ResolveMerges(merges []Merge) (taken map[string]TakenIn, idle []Merge) {
	sorted := slices.Clone(merges)
	slices.SortFunc(sorted, func(a, b Merge) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Survivor, b.Survivor), cmp.Compare(a.Merged, b.Merged), cmp.Compare(a.Sequence, b.Sequence))
	})
	into := map[string]Merge{}
	root := func(id string) string {
		for {
			m, merged := into[id]
			if !merged {
				return id
			}
			id = m.Survivor
		}
	}
	for _, m := range sorted {
		survivor, merged := root(m.Survivor), root(m.Merged)
		if survivor == merged {
			idle = append(idle, m)
			continue
		}
		into[merged] = Merge{Survivor: survivor, Merged: merged, At: m.At, Sequence: m.Sequence}
	}
	taken = make(map[string]TakenIn, len(into))
	for id, m := range into {
		taken[id] = TakenIn{Merge: m, Root: root(id)}
	}
	return taken, idle
}
