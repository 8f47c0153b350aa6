// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// SampleProperties are what an admin adds to contacts before Handoff is pointed at the account: those that its defaults, and the example of a contract
// in HubSpot, name.
func SampleProperties() []Property {
	return []Property{
		choice("handoff_reason", "AcceptAsSQL", "BadTiming", "NoResponse", "StakeholderChange", "NotICP", "InvalidContact"),
		number("handoff_score"), text("handoff_revision"), moment("handoff_due_at"), moment("handoff_first_touch_at"), number("handoff_attempts"),
		text("handoff_missing"), yesNo("handoff_budget"), yesNo("handoff_business_case"), yesNo("handoff_authority"),
		yesNo("handoff_decision_maker_access"), text("handoff_need"), number("handoff_timeline_days"), number("numberofemployees"),
		choice("hs_seniority", "entry", "employee", "senior", "manager", "director", "vp", "executive", "partner", "owner"),
		moment("hs_lifecyclestage_customer_date"),
	}
}

// SeedSample imports n contacts that were not there. Of each 20, by the example of a definition for HubSpot,
//
//	4 asked for a demo              a hand is raised: MQL
//	2 fit, and did their research   fit and engagement: MQL
//	1 asked for a demo, and is a customer: excluded
//	1 asked for a demo, and has no telephone number: held
//	12 neither asked nor fit
//
// so that 6 of 20 are handed off: see SampleMQL.
func (f *Fake) SeedSample(n int, at time.Time) error {
	for kind := range 20 {
		many := n / 20
		if kind < n%20 {
			many++
		}
		if err := f.Seed(many, at, sample(kind, at)); err != nil {
			return fmt.Errorf("contacts of kind %d: %w", kind, err)
		}
	}
	return nil
}

// SampleMQL is how many of n contacts the example of a definition hands off.
func SampleMQL(n int) int { return n/20*6 + min(n%20, 6) }

// sample of a kind: {n} is the contact's number.
func sample(kind int, at time.Time) map[string]string {
	ms := strconv.FormatInt(at.UnixMilli(), 10)
	values := map[string]string{
		"firstname": "Robin", "lastname": "Sample{n}", "company": "Company {n}", "email": "lead{n}@company{n}.example", "phone": "+1 555 {n}", "jobtitle": "Buyer",
		"hs_analytics_source": "ORGANIC_SEARCH", "industry": "retail", "numberofemployees": "1200", "hs_seniority": "manager",
	}
	form := func(name string) {
		maps.Copy(values, map[string]string{"recent_conversion_date": ms, "recent_conversion_event_name": name})
	}
	switch {
	case kind <= 3:
		form("Demo request: Pricing")
	case kind <= 5:
		form("Whitepaper: Buyer's guide")
		maps.Copy(values, map[string]string{
			"numberofemployees": "120", "industry": "saas", "hs_seniority": "director", "jobtitle": "Director",
			"hs_analytics_last_timestamp": ms, "hs_analytics_last_url": "https://www.acme.example/pricing",
		})
	case kind == 6:
		form("Demo request: Pricing")
		values["hs_lifecyclestage_customer_date"] = ms
	case kind == 7:
		form("Demo request: Pricing")
		delete(values, "phone")
	case kind == 8:
		form("Newsletter: Footer")
	}
	return values
}
