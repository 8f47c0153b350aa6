// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/handoff-sla/handoff/internal/lead"
)

// links say which accounts have to be judged together: a lead that was a contact of both links them. An account is the hash of its name;
// two of the same hash are only judged together for nothing.
type links struct {
	mu sync.Mutex
	to map[uint64]uint64
}

func (l *links) join(accounts []uint64) {
	if len(accounts) < 2 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.root(accounts[0])
	for _, other := range accounts[1:] {
		if root := l.root(other); root != first {
			l.to[root] = first
		}
	}
}

// root stands for all accounts that are linked.
func (l *links) root(account uint64) uint64 {
	for {
		next, linked := l.to[account]
		if !linked {
			return account
		}
		if further, there := l.to[next]; there {
			l.to[account] = further // the way is shorter the next time
		}
		account = next
	}
}

func (l *links) rootOf(account uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.root(account)
}

// byAccount says whether leads are judged together with the other contacts of their account.
func (in *Input) byAccount() bool {
	return slices.ContainsFunc(in.both(), func(r Rules) bool { return r.Program.HasAccountPath() })
}

// groupAccounts sorts again what is sorted by lead, so that an account's leads come together. First it is found out which accounts are
// linked, then each lead goes where its accounts are.
func (j *joiner) groupAccounts(ctx context.Context) error {
	j.links = &links{to: map[uint64]uint64{}}
	sorted := newSpill(j.in.TempDir, len(j.spill.parts), j.spill.buffer)
	find := func(w *gatherer, number int) error {
		byLead, err := w.read(number)
		for id, records := range byLead {
			j.links.join(w.accountsOf(id, records))
		}
		return err
	}
	move := func(w *gatherer, number int) error {
		byLead, err := w.read(number)
		var text []byte
		for id, records := range byLead {
			text = text[:0]
			for i := range records {
				text = records[i].encode(text, nil)
			}
			part := int(w.group(id, records) % uint64(len(sorted.parts)))
			if err := sorted.write(part, text); err != nil {
				return err
			}
		}
		return err
	}
	err := j.eachPart(ctx, find)
	if err == nil {
		err = j.eachPart(ctx, move)
	}
	j.spill.close()
	j.spill = sorted
	return err
}

// group of leads that a lead is judged in.
func (w *gatherer) group(id string, records []record) uint64 {
	return w.links.rootOf(w.accountsOf(id, records)[0])
}

// accountsOf a lead at any time by any definition, as hashes; a lead that never had one has one of its own.
func (w *gatherer) accountsOf(id string, records []record) []uint64 {
	var accounts []uint64
	for i, r := range w.in.both() {
		if !r.Program.HasAccountPath() {
			continue
		}
		at := slices.IndexFunc(r.Definition.Fields, func(f lead.Field) bool { return f.Name == r.Definition.Account.Field })
		field := r.Definition.Fields[at]
		for k := range records {
			value, err := lead.Coerce(field, w.valueOf(&records[k], i, at, field.SourceProperty()))
			if err != nil || value == nil {
				continue
			}
			name := r.Program.AccountOf(map[string]any{field.Name: value})
			if account := hashOf(field.SourceProperty() + "\x00" + name); name != "" && !slices.Contains(accounts, account) {
				accounts = append(accounts, account)
			}
		}
	}
	if len(accounts) == 0 {
		return []uint64{hashOf(id)}
	}
	return accounts
}

// valueOf a field in a record; nil when it has none.
func (w *gatherer) valueOf(r *record, definition, field int, property string) any {
	if r.source >= len(w.sources) {
		if kind := lead.Kind(r.cells[1]); kind != lead.KindCaptured && kind != lead.KindUpdated {
			return nil
		}
		var data eventData
		if json.Unmarshal([]byte(r.cells[2]), &data) != nil {
			return nil // it was checked when it was read
		}
		return data.Properties[property]
	}
	s := w.sources[r.source]
	if s.role != base && s.role != joined {
		return nil
	}
	for _, m := range s.fields[definition] {
		if m.field == field {
			return r.cells[m.column]
		}
	}
	return nil
}
