// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Reflector turns what a CRM shows into events of the ledger. What it says of a record depends on nothing but its input: reading the same again says
// the same, by the same ids.
type Reflector struct {
	source     string
	mapping    Mapping
	properties []string                // that hold fields of the definition, in order
	fields     map[string][]lead.Field // by property
	codes      []lead.Disposition
	tracked    string // the fields that people set, in one text
}

// NewReflector reads by a definition, and by how the contract uses the account of its CRM.
func NewReflector(account string, s Settings, d lead.Definition) *Reflector {
	r := &Reflector{
		source: "/crm/" + strings.ToLower(string(s.Type)) + "/" + account, mapping: s.Mapping, codes: d.Dispositions, fields: map[string][]lead.Field{},
	}
	for _, f := range d.Fields {
		r.fields[f.SourceProperty()] = append(r.fields[f.SourceProperty()], f)
	}
	r.properties = sorted(r.fields)
	m := s.Mapping
	r.tracked = strings.Join([]string{m.Fields.Stage, m.Fields.Status, m.Fields.Reason, m.OptOut}, " ")
	return r
}

// ReflectInput is a record and what is known of it.
type ReflectInput struct {
	Record   Record
	Known    *Known            // nil at first sight
	Standing Standing          // of its lead; zero while the ledger has none
	Merged   map[string]string // leads by their records: of those in Record.Merged that the ledger knows
	Now      time.Time         // of whoever reads
}

// Reflection is what follows from a record.
type Reflection struct {
	Events   []Told
	Known    Known // what is known now; Wrote, WroteAt, Restore and SetBacks are as they were
	News     bool  // that is something else than before
	Stale    bool  // the record is older than what is known, and says nothing
	Problems []Unfit
}

// Unfit is a value that cannot be taken. It is left out, and the rest of its record is taken.
type Unfit struct {
	Field string // the CRM's own name
	Why   string // without the value
}

// reflecting is the work on one record.
type reflecting struct {
	*Reflector
	in    ReflectInput
	first bool       // it was never read before
	old   Known      // zero at first sight
	now   Known      // what becomes of it
	stage lead.Stage // of the ledger, with what was told here
	out   Reflection
}

// Reflect works on one record.
//
// At first sight the record's past is taken for what it is: it came in when it was created, with the owner, the disposition and the opt-out that it has.
// Nothing of that is set back. Later on what counts is what somebody changed.
func (r *Reflector) Reflect(in ReflectInput) Reflection {
	x := r.begin(in)
	if x.stale() {
		return Reflection{Known: x.old, Stale: true}
	}
	x.optOut() // before the rest of its moment: who came in opted out is handed to nobody
	x.values()
	x.merged()
	x.owner()
	apart := x.disposition()
	apart = append(apart, x.moved()...)
	x.qualification()
	x.activities()
	x.converted()
	x.settle(apart)
	x.out.Known, x.out.News = x.now, x.in.Known == nil || !sameReading(x.old, x.now)
	if x.in.Known != nil && x.old.Modified.Equal(x.now.Modified) {
		x.out.Problems = nil // they were told when it was read first
	}
	return x.out
}

func (r *Reflector) begin(in ReflectInput) *reflecting {
	in.Record.Owner = kept(in.Record.Owner)
	in.Record.Modified = in.Record.Modified.UTC().Truncate(time.Microsecond) // what is finer cannot be kept
	x := &reflecting{Reflector: r, in: in, stage: in.Standing.Stage}
	if in.Known != nil {
		x.old = *in.Known
	}
	x.first = x.old.Modified.IsZero()
	x.now = x.old
	x.now.Record, x.now.Modified, x.now.Gone = in.Record.ID, in.Record.Modified, in.Record.Gone
	if x.now.Lead == "" {
		x.now.Lead = in.Record.ID
	}
	x.now.Hashes, x.now.Seen = map[string]string{}, map[string]string{notedFields: r.tracked}
	return x
}

// stale says whether the record is older than what is known of it: an index lags, or a page came late.
func (x *reflecting) stale() bool {
	at := x.in.Record.Modified
	return at.IsZero() || at.Before(x.old.Modified) || at.Before(x.old.WroteAt)
}

// renamed says whether what was seen by that name was of another field of the CRM: it says nothing of this one, which is seen for the first time. Status
// and reason say one thing together.
func (x *reflecting) renamed(name string) bool {
	was, is := strings.Split(x.old.Seen[notedFields], " "), strings.Split(x.tracked, " ")
	switch {
	case name == SeenOwner:
		return false
	case len(was) != len(is):
		return true
	case name == SeenStage:
		return was[0] != is[0]
	case name == SeenOptOut:
		return was[3] != is[3]
	default:
		return was[1] != is[1] || was[2] != is[2]
	}
}

// values tells of the fields of the definition.
func (x *reflecting) values() {
	changed := map[string]any{}
	for _, name := range x.properties {
		value, read := x.in.Record.Values[name]
		before, had := x.old.Hashes[name]
		if had {
			x.now.Hashes[name] = before
		}
		if !read { // it was not asked for yet
			continue
		}
		value = plain(value)
		if err := x.unfit(name, value); err != "" {
			x.problem(name, err)
			continue
		}
		x.note(changed, name, name, value)
	}
	switch {
	case x.in.Known == nil:
		x.tell(lead.KindCaptured, x.created(), map[string]any{"properties": changed})
	case len(changed) > 0:
		x.tell(lead.KindUpdated, x.in.Record.Modified, map[string]any{"properties": changed})
	}
}

// note a value among what changed, unless it is what was told last.
func (x *reflecting) note(changed map[string]any, key, name string, value any) {
	before, had := x.old.Hashes[key]
	if value == nil {
		if had {
			changed[name] = nil
			delete(x.now.Hashes, key)
		}
		return
	}
	hash := digest(x.in.Record.ID, key, value)
	if x.now.Hashes[key] = hash; hash != before {
		changed[name] = value
	}
}

// unfit says why a value does not fit the definition; empty when it does.
func (x *reflecting) unfit(property string, value any) string {
	if why := unkept(value); why != "" {
		return why
	}
	for _, f := range x.fields[property] {
		if _, err := lead.Coerce(f, value); err != nil {
			return err.Error()
		}
	}
	return ""
}

// optOut tells that the person is not to be contacted, or may be again.
func (x *reflecting) optOut() {
	field := x.mapping.OptOut
	value, read := x.in.Record.Values[field]
	before := x.old.Seen[SeenOptOut]
	if field == "" {
		return
	}
	typed, err := lead.Coerce(lead.Field{Name: SeenOptOut, Property: field, Type: lead.Boolean}, plain(value))
	if err != nil {
		x.problem(field, err.Error())
	}
	if !read || err != nil {
		x.see(SeenOptOut, before)
		return
	}
	is := typed == true
	if is {
		x.see(SeenOptOut, "true")
	}
	scope := map[string]any{"scope": string(lead.ScopeContact)}
	switch was := before == "true"; {
	case is && x.in.Known == nil:
		x.tell(lead.KindOptedOut, x.created(), scope)
	case is && !was:
		x.tell(lead.KindOptedOut, x.in.Record.Modified, scope)
	case !is && was && !x.renamed(SeenOptOut):
		x.tell(lead.KindReinstated, x.in.Record.Modified, scope)
	}
}

// owner tells of each owner that somebody gave the lead. One that was taken away leaves the ledger's as it was: nobody else has it.
func (x *reflecting) owner() {
	for _, c := range x.changes(SeenOwner, OwnerField, x.in.Record.Owner) {
		switch {
		case c.to == "":
		case !c.told && c.to == x.in.Standing.Owner: // the ledger says so, too
		case c.first && !c.told:
			x.tell(lead.KindAssigned, x.created(), map[string]any{"owner": c.to})
		default:
			x.tell(lead.KindAssigned, c.at, map[string]any{"owner": c.to})
		}
	}
}

// merged tells which leads this one took in. Of those that were gone before the record was first seen, only those that the ledger knows: there is
// nothing to say of the others.
func (x *reflecting) merged() {
	for _, other := range slices.Sorted(slices.Values(x.in.Record.Merged)) {
		key := hashMerged + other
		if before, had := x.old.Hashes[key]; had {
			x.now.Hashes[key] = before
			continue
		}
		taken, known := x.in.Merged[other]
		if !known && x.first {
			x.now.Hashes[key] = longGone
			continue
		}
		if !known {
			taken = other
		}
		x.now.Hashes[key] = stamp(x.in.Record.Modified)
		if taken != x.now.Lead {
			x.tell(lead.KindMerged, x.in.Record.Modified, map[string]any{"merged": taken})
		}
	}
}

// qualification tells what sales found out. A checkbox that was never ticked says nothing: it looks like one that nobody knows of.
func (x *reflecting) qualification() {
	changed := map[string]any{}
	for _, f := range lead.QualificationFields() {
		field := x.mapping.Qualification[f.Name]
		key := hashQualification + f.Name
		before, had := x.old.Hashes[key]
		if had && field != "" {
			x.now.Hashes[key] = before
		}
		value, read := x.in.Record.Values[field]
		if field == "" || !read {
			continue
		}
		value = plain(value)
		if _, err := lead.Coerce(f, value); err != nil {
			x.problem(field, err.Error())
			continue
		}
		if untold := !had && (value == false || value == "false"); untold {
			continue
		}
		x.note(changed, key, f.Name, value)
	}
	if len(changed) > 0 {
		x.tell(lead.KindQualified, x.in.Record.Modified, map[string]any{"qualification": changed})
	}
}

// activities tells of those whose latest time is another one than before.
func (x *reflecting) activities() {
	for _, a := range x.mapping.Activities {
		key := hashActivity + a.Name
		before, had := x.old.Hashes[key]
		if had {
			x.now.Hashes[key] = before
		}
		typed, err := lead.Coerce(lead.Field{Name: a.Name, Property: a.At, Type: lead.Timestamp}, plain(x.in.Record.Values[a.At]))
		if err != nil {
			x.problem(a.At, err.Error())
			continue
		}
		at, is := typed.(time.Time)
		switch {
		case !is:
			continue
		case at.After(x.in.Now.Add(ahead)) || at.Before(earliest):
			x.problem(a.At, "holds a time that has not come, or is before the year 2000: an activity is in the past")
			continue
		}
		hash := digest(x.in.Record.ID, key, stamp(at))
		if x.now.Hashes[key] = hash; hash == before {
			continue
		}
		properties := map[string]any{}
		for _, name := range sorted(a.Properties) {
			value := plain(x.in.Record.Values[a.Properties[name]])
			if why := unkept(value); why != "" {
				x.problem(a.Properties[name], why)
			} else if value != nil {
				properties[name] = value
			}
		}
		x.tell(lead.KindActivity, at, map[string]any{"activity": a.Name, "properties": properties})
	}
}

// converted tells of a lead that sales made a contact of: whoever converts a lead takes it on, and the deal that it is converted into is open. A write
// that was refused may have met that before it was read: what was told is noted.
func (x *reflecting) converted() {
	r := x.in.Record
	if r.Gone != Converted {
		return
	}
	if before, had := x.old.Hashes[hashConverted]; had {
		x.now.Hashes[hashConverted] = before
		return
	}
	at := r.DealAt
	if at.IsZero() {
		at = r.Modified
	}
	x.now.Hashes[hashConverted] = stamp(at)
	x.tell(lead.KindAccepted, at, map[string]any{})
	if r.Deal != "" {
		x.tell(lead.KindOpportunity, at, map[string]any{"opportunity": r.Deal, "state": string(lead.DealOpen)})
	}
}

// created is when the lead came in.
func (x *reflecting) created() time.Time {
	if x.in.Record.Created.IsZero() {
		return x.in.Record.Modified
	}
	return x.in.Record.Created
}

func (x *reflecting) problem(field, why string) {
	x.out.Problems = append(x.out.Problems, Unfit{field, why})
}

func (x *reflecting) tell(kind lead.Kind, at time.Time, data map[string]any) {
	x.out.Events = append(x.out.Events, x.told(string(Leads)+"/"+x.in.Record.ID, kind, x.now.Lead, at, data, x.in.Now))
}

// sameReading says whether what a reader keeps of a record is the same.
func sameReading(a, b Known) bool {
	return a.Lead == b.Lead && a.Modified.Equal(b.Modified) && a.Gone == b.Gone && a.Diverged.Equal(b.Diverged) && a.Stopped.Equal(b.Stopped) &&
		maps.Equal(a.Hashes, b.Hashes) && maps.Equal(a.Seen, b.Seen)
}
