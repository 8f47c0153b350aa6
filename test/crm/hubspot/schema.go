// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Property of a type of objects, as it is asked for and told.
type Property struct {
	Name           string   `json:"name"`
	Label          string   `json:"label"`
	Type           string   `json:"type"`
	FieldType      string   `json:"fieldType"`
	Description    string   `json:"description"`
	GroupName      string   `json:"groupName"`
	Options        []Choice `json:"options"`
	DisplayOrder   int      `json:"displayOrder"`
	HasUniqueValue bool     `json:"hasUniqueValue"`
	Hidden         bool     `json:"hidden"`
	FormField      bool     `json:"formField"`
	Calculated     bool     `json:"calculated"`
	External       bool     `json:"externalOptions"`
	References     string   `json:"referencedObjectType,omitempty"`

	HubSpotDefined bool      `json:"hubspotDefined,omitempty"`
	Archived       bool      `json:"archived"`
	CreatedAt      *moments  `json:"createdAt,omitempty"`
	UpdatedAt      *moments  `json:"updatedAt,omitempty"`
	ArchivedAt     *moments  `json:"archivedAt,omitempty"`
	Modification   *modified `json:"modificationMetadata,omitempty"`

	ReadOnly bool `json:"-"`
}

// Choice of an enumeration.
type Choice struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	Description  string `json:"description,omitempty"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

type modified struct {
	Archivable         bool `json:"archivable"`
	ReadOnlyDefinition bool `json:"readOnlyDefinition"`
	ReadOnlyValue      bool `json:"readOnlyValue"`
	ReadOnlyOptions    bool `json:"readOnlyOptions"`
}

type moments struct{ time.Time }

func (m moments) MarshalJSON() ([]byte, error) { return []byte(`"` + stamp(m.Time) + `"`), nil }

// schema of a type of objects.
type schema struct {
	properties map[string]*Property
	groups     map[string]*group
	order      []string
}

type group struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	DisplayOrder int    `json:"displayOrder"`
	Archived     bool   `json:"archived"`
}

func newSchema(kind string) *schema {
	t, _ := typeOf(kind)
	s := &schema{properties: map[string]*Property{}, groups: map[string]*group{}}
	for _, p := range builtIn(t) {
		p.HubSpotDefined = true
		p.GroupName = t.singular + "information"
		s.add(p, time.UnixMilli(1_546_300_800_000))
	}
	s.groups[t.singular+"information"] = &group{Name: t.singular + "information", Label: t.singular + " information"}
	return s
}

// add a property, or take it back out of the archive.
func (s *schema) add(p Property, at time.Time) *Property {
	p.Label = cmp.Or(p.Label, p.Name)
	p.Archived, p.ArchivedAt = false, nil
	p.CreatedAt, p.UpdatedAt = &moments{at}, &moments{at}
	p.Modification = &modified{Archivable: !p.HubSpotDefined, ReadOnlyDefinition: p.HubSpotDefined, ReadOnlyValue: p.ReadOnly, ReadOnlyOptions: p.External}
	if p.Options == nil {
		p.Options = []Choice{}
	}
	if _, known := s.properties[p.Name]; !known {
		s.order = append(s.order, p.Name)
	}
	s.properties[p.Name] = &p
	return &p
}

// live property of that name.
func (s *schema) live(name string) *Property {
	if p := s.properties[name]; p != nil && !p.Archived {
		return p
	}
	return nil
}

func (s *schema) list(archived bool) []*Property {
	out := []*Property{}
	for _, name := range s.order {
		if p := s.properties[name]; p.Archived == archived {
			out = append(out, p)
		}
	}
	return out
}

// serveProperties is the properties API.
func (f *Fake) serveProperties(c *call) error {
	t, err := mustType(first(c.parts))
	if err != nil {
		return err
	}
	s := f.schema[t.plural]
	switch rest := strings.Join(c.parts[1:], "/"); {
	case rest == "":
		return f.serveSchema(c, s)
	case rest == "groups" || strings.HasPrefix(rest, "groups/"):
		return f.serveGroups(c, s)
	case rest == "batch/create" && c.r.Method == http.MethodPost:
		return f.createProperties(c, s)
	case rest == "batch/read" && c.r.Method == http.MethodPost:
		return f.readProperties(c, s)
	case len(c.parts) == 2:
		return f.serveProperty(c, s, c.parts[1])
	}
	return notFound()
}

func (f *Fake) serveSchema(c *call, s *schema) error {
	switch c.r.Method {
	case http.MethodGet:
		return c.ok(map[string]any{"results": s.list(c.r.URL.Query().Get("archived") == "true")})
	case http.MethodPost:
		var p Property
		if err := c.read(&p); err != nil {
			return err
		}
		if err := s.takes(p); err != nil {
			return err
		}
		f.Log.Wrote(f.wrote(c.by, "create", "properties", p.Name, nil))
		return c.created(s.add(p, c.at))
	}
	return notAllowed()
}

func (f *Fake) serveProperty(c *call, s *schema, name string) error {
	p := s.live(name)
	if p == nil {
		return notFound()
	}
	switch c.r.Method {
	case http.MethodGet:
		return c.ok(p)
	case http.MethodPatch:
		if p.HubSpotDefined {
			return invalid("%s is defined by HubSpot and cannot be changed", name)
		}
		changed := *p
		if err := c.read(&changed); err != nil {
			return err
		}
		changed.Name, changed.UpdatedAt = p.Name, &moments{c.at}
		*p = changed
		f.Log.Wrote(f.wrote(c.by, "update", "properties", name, nil))
		return c.ok(p)
	case http.MethodDelete:
		if p.HubSpotDefined {
			return invalid("%s is defined by HubSpot and cannot be archived", name)
		}
		p.Archived, p.ArchivedAt = true, &moments{c.at}
		f.Log.Wrote(f.wrote(c.by, "delete", "properties", name, nil))
		return c.none()
	}
	return notAllowed()
}

// takes says what is wrong with a definition.
func (s *schema) takes(p Property) error {
	kinds := []string{kindText, kindNumber, kindBool, kindTime, kindDate, kindEnumeration}
	switch {
	case p.Name == "" || strings.ToLower(p.Name) != p.Name || strings.ContainsAny(p.Name, " -."):
		return invalid("Property name %q is invalid: it must be lower case, and have no spaces", p.Name)
	case !slices.Contains(kinds, p.Type):
		return invalid("Property type %q is invalid", p.Type)
	case p.FieldType == "" || p.Label == "":
		return invalid("Some required fields were not set: [fieldType, label]")
	case s.groups[p.GroupName] == nil:
		return invalid("Property group %q does not exist", p.GroupName)
	case (p.Type == kindEnumeration || p.Type == kindBool) && len(p.Options) == 0 && !p.External:
		return invalid("Property %q of type %s must have options", p.Name, p.Type)
	case s.live(p.Name) != nil:
		return apiError{status: http.StatusConflict, Category: "CONFLICT", Message: "Property named '" + p.Name + "' already exists."}
	}
	if p.HasUniqueValue {
		have := 0
		for _, other := range s.list(false) {
			if other.HasUniqueValue && !other.HubSpotDefined {
				have++
			}
		}
		if have >= 10 {
			return invalid("There are %d properties with unique values already: 10 are the limit", have)
		}
	}
	return nil
}

func (f *Fake) createProperties(c *call, s *schema) error {
	var body struct {
		Inputs []Property `json:"inputs"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	var made []any
	var wrong []batchError
	for _, p := range body.Inputs {
		if err := s.takes(p); err != nil {
			wrong = append(wrong, batchErrorOf(err, map[string][]string{"name": {p.Name}}))
			continue
		}
		f.Log.Wrote(f.wrote(c.by, "create", "properties", p.Name, nil))
		made = append(made, s.add(p, c.at))
	}
	return c.batch(http.StatusCreated, made, wrong)
}

func (f *Fake) readProperties(c *call, s *schema) error {
	var body struct {
		Inputs []struct {
			Name string `json:"name"`
		} `json:"inputs"`
		Archived bool `json:"archived"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	var found []any
	var wrong []batchError
	for _, input := range body.Inputs {
		if p := s.properties[input.Name]; p != nil && p.Archived == body.Archived {
			found = append(found, p)
		} else {
			wrong = append(wrong, batchErrorOf(notFound(), map[string][]string{"name": {input.Name}}))
		}
	}
	return c.batch(http.StatusOK, found, wrong)
}

func (f *Fake) serveGroups(c *call, s *schema) error {
	switch {
	case c.r.Method == http.MethodPost && len(c.parts) == 2:
		var g group
		if err := c.read(&g); err != nil {
			return err
		}
		if g.Name == "" || g.Label == "" {
			return invalid("Some required fields were not set: [name, label]")
		}
		if s.groups[g.Name] != nil {
			return apiError{status: http.StatusConflict, Category: "CONFLICT", Message: "Property group named '" + g.Name + "' already exists."}
		}
		s.groups[g.Name] = &g
		f.Log.Wrote(f.wrote(c.by, "create", "groups", g.Name, nil))
		return c.created(g)
	case c.r.Method == http.MethodGet && len(c.parts) == 3:
		if g := s.groups[c.parts[2]]; g != nil {
			return c.ok(g)
		}
		return notFound()
	case c.r.Method == http.MethodGet:
		out := []*group{}
		for _, g := range s.groups {
			out = append(out, g)
		}
		slices.SortFunc(out, func(a, b *group) int { return strings.Compare(a.Name, b.Name) })
		return c.ok(map[string]any{"results": out})
	}
	return notAllowed()
}

// unit of a moment: HubSpot takes milliseconds and ISO 8601.
func parseMoment(text string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), true
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Millisecond), true
		}
	}
	return time.Time{}, false
}
