// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// input of a batch, or of a single request.
type input struct {
	ID           looseID            `json:"id"`
	IDProperty   string             `json:"idProperty"`
	Trace        string             `json:"objectWriteTraceId"`
	Properties   map[string]*string `json:"properties"`
	Associations []association      `json:"associations"`
}

// batchError is what is wrong with items of a batch.
type batchError struct {
	Status      string              `json:"status"`
	Category    string              `json:"category"`
	SubCategory string              `json:"subCategory,omitempty"`
	Message     string              `json:"message"`
	Errors      []detail            `json:"errors,omitempty"`
	Context     map[string][]string `json:"context"`
}

func batchErrorOf(err error, context map[string][]string) batchError {
	var e apiError
	errors.As(err, &e)
	all := map[string][]string{}
	maps.Copy(all, e.Context)
	maps.Copy(all, context)
	return batchError{Status: "error", Category: e.Category, SubCategory: e.SubCategory, Message: e.Message, Errors: e.Details, Context: all}
}

// batch answers one: 207 when something is wrong with some of it.
func (c *call) batch(status int, results []any, wrong []batchError) error {
	if results == nil {
		results = []any{}
	}
	body := map[string]any{"status": "COMPLETE", "results": results, "startedAt": stamp(c.at), "completedAt": stamp(c.at)}
	if len(wrong) > 0 {
		body["numErrors"], body["errors"], status = len(wrong), wrong, http.StatusMultiStatus
	}
	c.write(status, body)
	return nil
}

// inputs of a batch: from 1 to 100, and none twice.
func (c *call) inputs(most int) ([]input, error) {
	var body struct {
		Inputs []input `json:"inputs"`
	}
	if err := c.read(&body); err != nil {
		return nil, err
	}
	return body.Inputs, sized(body.Inputs, most)
}

func sized(inputs []input, most int) error {
	if len(inputs) == 0 {
		return invalid("Invalid input: inputs may not be empty")
	}
	if len(inputs) > most {
		return invalid("The maximum number of inputs supported in a batch request is %d. Received %d.", most, len(inputs))
	}
	seen, twice := map[looseID]bool{}, []string{}
	for _, in := range inputs {
		if in.ID != "" && seen[in.ID] {
			twice = append(twice, string(in.ID))
		}
		seen[in.ID] = true
	}
	if len(twice) > 0 {
		return invalid("Duplicate IDs found in batch input: [%s]. IDs must be unique", strings.Join(twice, ", "))
	}
	return nil
}

// missing is the one error for all ids that nothing was found of.
func missing(t objectType, inputs []input) batchError {
	e := batchError{
		Status: "error", Category: "OBJECT_NOT_FOUND", Context: map[string][]string{},
		Message: "Could not get some " + strings.ToUpper(t.singular) + " objects, they may be deleted or not exist. Check that ids are valid.",
	}
	e.add(inputs)
	return e
}

func (e *batchError) add(inputs []input) {
	for _, in := range inputs {
		if in.ID != "" {
			e.Context["ids"] = append(e.Context["ids"], string(in.ID))
		}
		if in.Trace != "" {
			e.Context["objectWriteTraceId"] = append(e.Context["objectWriteTraceId"], in.Trace)
		}
	}
}

// spoiled by a fault.
func spoiled(code string, in input) batchError {
	e := batchError{Status: "error", Category: code, Message: "internal error", Context: map[string][]string{}}
	if code == "" {
		e.Category = "INTERNAL_ERROR"
	}
	e.add([]input{in})
	return e
}

func (f *Fake) batchRead(c *call, t objectType) error {
	var body struct {
		Inputs     []input  `json:"inputs"`
		IDProperty string   `json:"idProperty"`
		Properties []string `json:"properties"`
		History    []string `json:"propertiesWithHistory"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	most := 100
	if len(body.History) > 0 {
		most = 50
	}
	if err := sized(body.Inputs, most); err != nil {
		return err
	}
	if err := f.mayFind(t, body.IDProperty); err != nil {
		return err
	}
	archived := c.r.URL.Query().Get("archived") == "true"
	var found []any
	var gone []input
	var wrong []batchError
	shown := map[string]bool{}
	for i, in := range body.Inputs {
		if code, fails := control.FailItem(c.r.Context(), i); fails {
			wrong = append(wrong, spoiled(code, in))
			continue
		}
		r := f.get(t, string(in.ID), body.IDProperty)
		if archived {
			if r = f.objects[t.plural][string(in.ID)]; r != nil && r.archived.IsZero() {
				r = nil
			}
		}
		switch {
		case r == nil:
			gone = append(gone, in)
		case !shown[r.id]: // two ids of one merged record: it is there once
			shown[r.id] = true
			found = append(found, f.show(r, view{properties: body.Properties, history: body.History}))
		}
	}
	if len(gone) > 0 {
		wrong = append(wrong, missing(t, gone))
	}
	return c.batch(http.StatusOK, found, wrong)
}

// batchCreate makes all or none, unless every input has a trace id: then each stands for itself.
func (f *Fake) batchCreate(c *call, t objectType) error {
	inputs, err := c.inputs(100)
	if err != nil {
		return err
	}
	each := !slices.ContainsFunc(inputs, func(in input) bool { return in.Trace == "" })
	if !each {
		for _, in := range inputs {
			if _, err := f.check(t, nil, in.Properties, c.by); err != nil {
				return err
			}
			if _, err := f.targets(t, in.Associations); err != nil {
				return err
			}
		}
	}
	var made []any
	var wrong []batchError
	for i, in := range inputs {
		if code, fails := control.FailItem(c.r.Context(), i); fails {
			wrong = append(wrong, spoiled(code, in))
			continue
		}
		r, err := f.create(c, t, in)
		if err != nil {
			wrong = append(wrong, batchErrorOf(err, map[string][]string{"objectWriteTraceId": {in.Trace}}))
			continue
		}
		made = append(made, f.show(r, view{properties: slices.Collect(maps.Keys(in.Properties)), trace: in.Trace}))
	}
	return c.batch(http.StatusCreated, made, wrong)
}

// batchUpdate writes what it finds. A value that is not valid spoils the whole batch; a record that is not there spoils itself.
func (f *Fake) batchUpdate(c *call, t objectType) error {
	inputs, err := c.inputs(100)
	if err != nil {
		return err
	}
	clean := make([]map[string]string, len(inputs))
	records := make([]*record, len(inputs))
	for i, in := range inputs {
		if err := f.mayFind(t, in.IDProperty); err != nil {
			return err
		}
		records[i] = f.get(t, string(in.ID), in.IDProperty)
		if clean[i], err = f.check(t, records[i], in.Properties, c.by); err != nil && (records[i] != nil || !isConflict(err)) {
			return err
		}
	}
	var done []any
	var gone []input
	var wrong []batchError
	for i, in := range inputs {
		code, fails := control.FailItem(c.r.Context(), i)
		switch {
		case fails:
			wrong = append(wrong, spoiled(code, in))
		case records[i] == nil:
			gone = append(gone, in)
		default:
			f.write(records[i], clean[i], c.by, c.at)
			done = append(done, f.show(records[i], view{properties: slices.Collect(maps.Keys(clean[i])), trace: in.Trace}))
		}
	}
	if len(gone) > 0 {
		wrong = append(wrong, missing(t, gone))
	}
	return c.batch(http.StatusOK, done, wrong)
}

func isConflict(err error) bool {
	var e apiError
	return errors.As(err, &e) && e.status == http.StatusConflict
}

// batchUpsert finds each by the value of a unique property, or makes it.
func (f *Fake) batchUpsert(c *call, t objectType) error {
	inputs, err := c.inputs(100)
	if err != nil {
		return err
	}
	clean := make([]map[string]string, len(inputs))
	records := make([]*record, len(inputs))
	for i, in := range inputs {
		if in.IDProperty == "" || in.ID == "" || in.IDProperty != inputs[0].IDProperty {
			return invalid("Every input of an upsert needs an id and the same idProperty")
		}
		if err := f.mayFind(t, in.IDProperty); err != nil {
			return err
		}
		id := string(in.ID)
		if in.IDProperty == "email" {
			id = strings.ToLower(id)
		}
		records[i] = f.get(t, id, in.IDProperty)
		values := maps.Clone(in.Properties)
		if values == nil {
			values = map[string]*string{}
		}
		if _, named := values[in.IDProperty]; !named && records[i] == nil {
			values[in.IDProperty] = &id
		}
		if clean[i], err = f.check(t, records[i], values, c.by); err != nil {
			return err
		}
	}
	var done []any
	var wrong []batchError
	for i, in := range inputs {
		if code, fails := control.FailItem(c.r.Context(), i); fails {
			wrong = append(wrong, spoiled(code, in))
			continue
		}
		fresh, r := records[i] == nil, records[i]
		if fresh {
			r = f.make(t, clean[i], c.by, c.at)
		} else {
			f.write(r, clean[i], c.by, c.at)
		}
		done = append(done, f.show(r, view{properties: slices.Collect(maps.Keys(clean[i])), trace: in.Trace, upserted: &fresh}))
	}
	return c.batch(http.StatusOK, done, wrong)
}

func (f *Fake) batchArchive(c *call, t objectType) error {
	inputs, err := c.inputs(100)
	if err != nil {
		return err
	}
	for _, in := range inputs {
		if r := f.get(t, string(in.ID), ""); r != nil {
			f.remove(r, c.by, c.at)
		}
	}
	return c.none()
}
