// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// record of any type.
type record struct {
	kind     objectType
	id       string
	number   int64
	created  time.Time
	modified time.Time
	values   map[string]string // without those that are empty
	history  map[string][]version
	archived time.Time

	shown   *snapshot  // as search sees it; nil: not yet
	pending []snapshot // that search does not see yet
}

// version of a value, as propertiesWithHistory has it.
type version struct {
	Value       string `json:"value"`
	Timestamp   string `json:"timestamp"`
	SourceType  string `json:"sourceType"`
	SourceID    string `json:"sourceId,omitempty"`
	SourceLabel string `json:"sourceLabel,omitempty"`
	User        int64  `json:"updatedByUserId,omitempty"`
}

// snapshot of a record for the index.
type snapshot struct {
	visible  time.Time
	modified time.Time
	values   map[string]string
	archived bool
}

// author of a change.
type author struct {
	kind, id, label string // as in version
	user            int64
	log             string // as in the log
	system          bool   // sets what is read-only for others, too
}

const ourApp = "7204361" // id of the app that the token stands for

func system(kind, id string) author { return author{kind: kind, id: id, log: kind, system: true} }

func (f *Fake) wrote(by author, do, kind, id string, fields []string) control.Write {
	return control.Write{At: f.now(), By: by.log, Do: do, Type: kind, ID: id, Fields: fields}
}

// make a record.
func (f *Fake) make(t objectType, values map[string]string, by author, at time.Time) *record {
	f.nextID++
	r := &record{
		kind: t, id: strconv.FormatInt(f.nextID, 10), number: f.nextID, created: at, modified: at, values: map[string]string{}, history: map[string][]version{},
	}
	f.objects[t.plural][r.id] = r
	r.put("hs_object_id", r.id, by, at)
	r.put(t.created, stamp(at), by, at)
	r.put("hs_object_source", by.kind, by, at)
	r.put("hs_object_source_id", by.id, by, at)
	if t.plural == "contacts" && values["lifecyclestage"] == "" {
		values["lifecyclestage"] = "lead" // the account's default
	}
	fields := f.put(r, values, by, at)
	f.touch(r, at)
	f.Log.Wrote(f.wrote(by, "create", t.plural, r.id, fields))
	f.hooks.created(r, by, at)
	for _, name := range fields {
		f.hooks.changed(r, name, by, at)
	}
	f.automate(r, fields, at)
	return r
}

// write values into a record, and say which changed.
func (f *Fake) write(r *record, values map[string]string, by author, at time.Time) []string {
	fields := f.put(r, values, by, at)
	if len(fields) == 0 {
		f.Log.Unchanged()
		return nil
	}
	f.touch(r, at)
	f.Log.Wrote(f.wrote(by, "update", r.kind.plural, r.id, fields))
	for _, name := range fields {
		f.hooks.changed(r, name, by, at)
	}
	f.automate(r, fields, at)
	return fields
}

// put values, and what follows from them by HubSpot's own rules.
func (f *Fake) put(r *record, values map[string]string, by author, at time.Time) (changed []string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if r.values[name] == value {
			continue
		}
		if name == "lifecyclestage" && r.kind.plural == "contacts" && by.kind != "CRM_UI" && f.backwards(r, value) {
			continue
		}
		f.unique(r, name, value)
		r.put(name, value, by, at)
		changed = append(changed, name)
		f.follow(r, name, value, at)
	}
	return changed
}

// follow sets what HubSpot derives.
func (f *Fake) follow(r *record, name, value string, at time.Time) {
	by := system("CALCULATED", "")
	switch name {
	case "hubspot_owner_id":
		assigned := ""
		if value != "" {
			assigned = stamp(at)
		}
		r.put("hubspot_owner_assigneddate", assigned, by, at)
	case "dealstage":
		stage := stageOf(value)
		r.put("hs_is_closed", strconv.FormatBool(stage.closed), by, at)
		r.put("hs_is_closed_won", strconv.FormatBool(stage.closed && stage.probability == "1.0"), by, at)
		r.put("hs_is_closed_lost", strconv.FormatBool(stage.closed && stage.probability == "0.0"), by, at)
		r.put("hs_deal_stage_probability", stage.probability, by, at)
	case "hs_task_status":
		done := ""
		if value == "COMPLETED" {
			done = stamp(at)
		}
		r.put("hs_task_completion_date", done, by, at)
		r.put("hs_task_is_completed", strconv.FormatBool(done != ""), by, at)
	}
}

func (r *record) put(name, value string, by author, at time.Time) {
	if r.values[name] == value {
		return
	}
	if value == "" {
		delete(r.values, name)
	} else {
		r.values[name] = value
	}
	r.history[name] = append(r.history[name], version{
		Value: value, Timestamp: stamp(at), SourceType: by.kind, SourceID: by.id, SourceLabel: by.label, User: by.user,
	})
}

// touch moves the watermark, never back, and has the index learn of the record.
func (f *Fake) touch(r *record, at time.Time) {
	if at.After(r.modified) {
		r.modified = at
	}
	r.put(r.kind.modified, stamp(r.modified), system("CALCULATED", ""), r.modified)
	f.index(r)
}

func (f *Fake) index(r *record) {
	lag := time.Duration(f.settings.IndexLagMS) * time.Millisecond
	if f.settings.IndexJitter && lag > 0 {
		lag = time.Duration(f.chance.Int64N(int64(lag) + 1))
	}
	snap := snapshot{visible: f.now().Add(lag), modified: r.modified, values: maps.Clone(r.values), archived: !r.archived.IsZero()}
	if lag == 0 {
		r.shown, r.pending = &snap, nil
		return
	}
	r.pending = append(r.pending, snap)
}

// see the record as the index has it.
func (r *record) see(now time.Time) *snapshot {
	for i := len(r.pending) - 1; i >= 0; i-- { // the latest that is visible: earlier ones do not come back
		if !r.pending[i].visible.After(now) {
			r.shown = &r.pending[i]
			r.pending = slices.Clone(r.pending[i+1:])
			break
		}
	}
	return r.shown
}

// unique notes the value of a property in which every value is unique.
func (f *Fake) unique(r *record, name, value string) {
	if p := f.schema[r.kind.plural].live(name); p == nil || !p.HasUniqueValue {
		return
	}
	if old := r.values[name]; old != "" {
		delete(f.byValue, r.kind.plural+" "+name+" "+old)
	}
	if value != "" {
		f.byValue[r.kind.plural+" "+name+" "+value] = r.id
	}
}

// taken says which other record has one of the values that must be unique.
func (f *Fake) taken(t objectType, id string, values map[string]string) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := f.schema[t.plural].live(name)
		if p == nil || !p.HasUniqueValue || values[name] == "" {
			continue
		}
		if other := f.byValue[t.plural+" "+name+" "+values[name]]; other != "" && other != id {
			return other, true
		}
	}
	return "", false
}

// get a live record by its id, or by that of one that it was merged from; or by the value of a unique property.
func (f *Fake) get(t objectType, id, property string) *record {
	if property != "" && property != "hs_object_id" {
		id = f.byValue[t.plural+" "+property+" "+id]
	}
	for merged, ok := f.moved[t.plural+" "+id]; ok; merged, ok = f.moved[t.plural+" "+id] {
		id = merged
	}
	if r := f.objects[t.plural][id]; r != nil && r.archived.IsZero() {
		return r
	}
	return nil
}

// remove puts a record into the recycling bin.
func (f *Fake) remove(r *record, by author, at time.Time) {
	r.archived = at
	for name, value := range r.values {
		if p := f.schema[r.kind.plural].live(name); p != nil && p.HasUniqueValue {
			delete(f.byValue, r.kind.plural+" "+name+" "+value)
		}
	}
	f.index(r)
	f.Log.Wrote(f.wrote(by, "delete", r.kind.plural, r.id, nil))
	f.hooks.deleted(r, by, at)
}

// restore a record from the recycling bin.
func (f *Fake) restore(r *record, by author, at time.Time) {
	r.archived = time.Time{}
	for name, value := range r.values {
		f.unique(r, name, value)
	}
	f.index(r)
	f.Log.Wrote(f.wrote(by, "restore", r.kind.plural, r.id, nil))
	f.hooks.restored(r, by, at)
}

// merge the second record into the first: the values of the first win, the second fills what is empty.
func (f *Fake) merge(into, from *record, by author, at time.Time) *record {
	result := into
	if !f.settings.OldMerge {
		f.nextID++
		result = &record{
			kind: into.kind, id: strconv.FormatInt(f.nextID, 10), number: f.nextID, created: into.created, modified: into.modified,
			values: maps.Clone(into.values), history: maps.Clone(into.history),
		}
		for _, list := range mergedLists {
			delete(result.values, list) // they come of the parts
		}
		f.objects[into.kind.plural][result.id] = result
		result.put("hs_object_id", result.id, by, at)
	}
	merge := author{kind: "MERGE_OBJECTS", id: by.id, label: by.label, user: by.user, log: by.log, system: true}
	fields := []string{}
	keepAddresses(result, from, merge, at)
	for name, value := range from.values {
		if result.values[name] == "" && !slices.Contains(into.kind.always(), name) && !slices.Contains(mergedLists, name) {
			result.put(name, value, merge, at)
			fields = append(fields, name)
		}
	}
	for _, part := range []*record{into, from} {
		if part == result {
			continue
		}
		part.archived = at
		f.index(part)
		f.moved[into.kind.plural+" "+part.id] = result.id
		result.remember(part, at, f.settings.OldMerge)
		f.relink(part, result)
		for name, value := range part.values { // the address of the second one finds the merged record, too
			if p := f.schema[into.kind.plural].live(name); p != nil && p.HasUniqueValue {
				f.byValue[into.kind.plural+" "+name+" "+value] = result.id
			}
		}
	}
	f.touch(result, at)
	f.Log.Wrote(f.wrote(by, "merge", into.kind.plural, result.id, fields))
	f.hooks.merged(result, into, from, len(fields), by, at)
	return result
}

// keepAddresses of the second contact beside that of the first.
func keepAddresses(result, from *record, by author, at time.Time) {
	var all []string
	for _, list := range []string{result.values["hs_additional_emails"], from.values["email"], from.values["hs_additional_emails"]} {
		for one := range strings.SplitSeq(list, ";") {
			if one != "" && one != result.values["email"] && result.values["email"] != "" && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	if len(all) > 0 {
		result.put("hs_additional_emails", strings.Join(all, ";"), by, at)
	}
}

var mergedLists = []string{"hs_merged_object_ids", "hs_calculated_merged_vids"}

// remember what was merged, in the properties that say so: merges of before 2025 are only in that of contacts.
func (r *record) remember(part *record, at time.Time, old bool) {
	lists := map[string]string{
		"hs_merged_object_ids": part.id, "hs_calculated_merged_vids": part.id + ":" + strconv.FormatInt(at.UnixMilli(), 10),
	}
	if old {
		delete(lists, "hs_merged_object_ids")
	}
	for name, add := range lists {
		if more := part.values[name]; more != "" {
			add += ";" + more
		}
		if all := r.values[name]; all != "" {
			add = all + ";" + add
		}
		r.put(name, add, system("CALCULATED", ""), at)
	}
}
