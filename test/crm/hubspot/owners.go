// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// owner is a user who can own records.
type owner struct {
	ID       string    `json:"id"`
	Email    string    `json:"email"`
	Type     string    `json:"type"`
	First    string    `json:"firstName"`
	Last     string    `json:"lastName"`
	User     int64     `json:"userId,omitempty"`
	Inactive int64     `json:"userIdIncludingInactive"`
	Created  time.Time `json:"createdAt"`
	Updated  time.Time `json:"updatedAt"`
	Archived bool      `json:"archived"`
}

func (f *Fake) owner(id string) *owner {
	for _, o := range f.owners {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// user of that e-mail address.
func (f *Fake) user(email string) *owner {
	for _, o := range f.owners {
		if strings.EqualFold(o.Email, email) && !o.Archived {
			return o
		}
	}
	return nil
}

// hire makes an owner of an e-mail address.
func (f *Fake) hire(email string) *owner {
	if o := f.user(email); o != nil {
		return o
	}
	n := int64(700 + len(f.owners))
	name, _, _ := strings.Cut(email, "@")
	o := &owner{
		ID: strconv.FormatInt(81_000_000+n, 10), Email: email, Type: "PERSON", First: name, Last: "Example", User: n, Inactive: n,
		Created: f.now().UTC().Truncate(time.Millisecond), Updated: f.now().UTC().Truncate(time.Millisecond),
	}
	f.owners = append(f.owners, o)
	return o
}

// leave archives an owner: records keep it.
func (f *Fake) leave(o *owner) {
	o.Archived, o.User, o.Updated = true, 0, f.now().UTC().Truncate(time.Millisecond)
}

func (f *Fake) serveOwners(c *call) error {
	if c.r.Method != http.MethodGet {
		return notAllowed()
	}
	archived := c.r.URL.Query().Get("archived") == "true"
	if id := first(c.parts); id != "" {
		for _, o := range f.owners {
			byUser := c.r.URL.Query().Get("idProperty") == "userId" && strconv.FormatInt(o.Inactive, 10) == id
			if (o.ID == id || byUser) && o.Archived == archived {
				return c.ok(o)
			}
		}
		return notFound()
	}
	limit, err := c.number("limit", 100, 500)
	if err != nil {
		return err
	}
	email, after := c.r.URL.Query().Get("email"), c.r.URL.Query().Get("after")
	results, body := []*owner{}, map[string]any{}
	for _, o := range f.owners {
		if o.Archived != archived || email != "" && !strings.EqualFold(o.Email, email) || byNumber(o.ID, after) < 0 {
			continue
		}
		if len(results) == limit {
			body["paging"] = paging(o.ID)
			break
		}
		results = append(results, o)
	}
	body["results"] = results
	return c.ok(body)
}

func (f *Fake) serveAccount(c *call) error {
	if c.r.Method != http.MethodGet || first(c.parts) != "details" {
		return notFound()
	}
	return c.ok(map[string]any{
		"portalId": f.portal, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "companyCurrency": "EUR", "additionalCurrencies": []string{"USD"},
		"utcOffset": "+01:00", "utcOffsetMilliseconds": 3_600_000, "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1",
	})
}

// dealStage of the default pipeline.
type dealStage struct {
	id, label, probability string
	closed                 bool
}

var dealStages = []dealStage{
	{"appointmentscheduled", "Appointment Scheduled", "0.2", false},
	{"qualifiedtobuy", "Qualified To Buy", "0.4", false},
	{"presentationscheduled", "Presentation Scheduled", "0.6", false},
	{"decisionmakerboughtin", "Decision Maker Bought-In", "0.8", false},
	{"contractsent", "Contract Sent", "0.9", false},
	{"closedwon", "Closed Won", "1.0", true},
	{"closedlost", "Closed Lost", "0.0", true},
}

func stageIDs() []string {
	out := make([]string, len(dealStages))
	for i, s := range dealStages {
		out[i] = s.id
	}
	return out
}

func stageOf(id string) dealStage {
	for _, s := range dealStages {
		if s.id == id {
			return s
		}
	}
	return dealStage{probability: "0.0"}
}

func (f *Fake) servePipelines(c *call) error {
	if c.r.Method != http.MethodGet || plural(first(c.parts)) != "deals" {
		return notFound()
	}
	made := stamp(time.UnixMilli(1_546_300_800_000))
	stages := make([]any, len(dealStages))
	for i, s := range dealStages {
		stages[i] = map[string]any{
			"id": s.id, "label": s.label, "displayOrder": i, "archived": false, "createdAt": made, "updatedAt": made,
			"metadata": map[string]string{"isClosed": strconv.FormatBool(s.closed), "probability": s.probability}, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
		}
	}
	pipeline := map[string]any{
		"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "archived": false, "createdAt": made, "updatedAt": made, "stages": stages,
	}
	switch strings.Join(c.parts[1:], "/") {
	case "":
		return c.ok(map[string]any{"results": []any{pipeline}})
	case "default":
		return c.ok(pipeline)
	case "default/stages":
		return c.ok(map[string]any{"results": stages})
	}
	return notFound()
}
