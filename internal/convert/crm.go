// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/crm"
)

// CRM is how a contract uses the system that its leads live in, with the defaults of the type where it says nothing: nobody signs it, so that no digest
// depends on them. nil for a contract whose leads live nowhere else.
func CRM(c *slav1alpha1.CRM) (*crm.Settings, error) {
	if c == nil || c.HubSpot == nil && c.Salesforce == nil {
		return nil, nil
	}
	s := crm.Defaults(crm.Type(c.Type))
	switch {
	case c.HubSpot != nil:
		state(&s.URL, c.HubSpot.URL)
		state(&s.Version, c.HubSpot.Version)
		s.Webhooks, s.MatchBy = string(c.HubSpot.Webhooks), field(c.HubSpot.MatchBy, "")
	case c.Salesforce != nil:
		state(&s.URL, c.Salesforce.URL)
		state(&s.Version, c.Salesforce.Version)
		s.MatchBy = field(c.Salesforce.MatchBy, "")
	}
	mapping(&s.Mapping, c)
	s.DryRun = c.DryRun != nil && *c.DryRun
	if c.DailyPercent != nil {
		s.UsedPercent = int(*c.DailyPercent)
	}
	if err := every(&s.PollEvery, "pollEvery", c.PollEvery); err != nil {
		return nil, err
	}
	if b := c.SetBack; b != nil {
		if b.Limit != nil {
			s.SetBack.Limit = int(*b.Limit)
		}
		return &s, every(&s.SetBack.After, "setBack.after", b.After)
	}
	return &s, nil
}

func mapping(m *crm.Mapping, c *slav1alpha1.CRM) {
	if f := c.Fields; f != nil {
		for _, one := range []struct {
			to   *string
			from slav1alpha1.CRMField
		}{
			{&m.Fields.Stage, f.Stage},
			{&m.Fields.Status, f.Status},
			{&m.Fields.Reason, f.Reason},
			{&m.Fields.Score, f.Score},
			{&m.Fields.Revision, f.Revision},
			{&m.Fields.Due, f.Due},
			{&m.Fields.FirstTouch, f.FirstTouch},
			{&m.Fields.Attempts, f.Attempts},
			{&m.Fields.Missing, f.Missing},
		} {
			*one.to = field(one.from, *one.to)
		}
	}
	m.OptOut = field(c.OptOut, m.OptOut)
	for _, stage := range c.Stages {
		m.Stages[string(stage.Stage)] = stage.Value
	}
	for _, status := range c.Statuses {
		put(&m.Statuses, status.Status, status.Value)
	}
	for _, q := range c.Qualification {
		put(&m.Qualification, string(q.Name), string(q.Field))
	}
	for _, a := range c.Activities {
		activity := crm.Activity{Name: a.Name, At: string(a.At)}
		for _, property := range a.Properties {
			put(&activity.Properties, property.Name, string(property.Field))
		}
		m.Activities = append(m.Activities, activity)
	}
}

// field of the CRM: the default where none is named, and none where that is said.
func field(named slav1alpha1.CRMField, otherwise string) string {
	switch named {
	case "":
		return otherwise
	case slav1alpha1.NoCRMField:
		return ""
	}
	return string(named)
}

func put(m *map[string]string, key, value string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}

// state what is written over what holds otherwise.
func state[T ~string](to *string, written T) {
	if written != "" {
		*to = string(written)
	}
}

func every(to *time.Duration, name string, written slav1alpha1.CRMInterval) error {
	length, err := window(written)
	if err != nil {
		return fmt.Errorf("spec.crm.%s: %w", name, err)
	}
	if length > 0 {
		*to = length
	}
	return nil
}
