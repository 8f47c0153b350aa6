// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"encoding/json"
	"fmt"
	"time"
)

// perSecond is how many leads an import writes with the same time.
const perSecond = 250

// Seed fills the org: {"leads": 10000}.
func (f *Fake) Seed(spec json.RawMessage) error {
	var s struct {
		Leads int `json:"leads"`
	}
	if err := json.Unmarshal(spec, &s); err != nil {
		return err
	}
	f.SeedLeads(s.Leads)
	return nil
}

// SeedLeads imports n leads that were not there, as an administrator does: many have the same time. Of each 20 in a row, by the example of a definition for
// Salesforce,
//
//	0 to 3 asked for a demo              a hand is raised: MQL
//	4 and 5 fit, and did their research  fit and engagement: MQL
//	6 asked for a demo, and is a customer: excluded
//	7 asked for a demo, and has no telephone number: held
//	8 to 19 neither asked nor fit
//
// so that 6 of 20 are handed off: see SeededMQL.
func (f *Fake) SeedLeads(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.org.table("Lead")
	had := f.seeded
	f.seeded += n
	x := f.transaction(f.users[Administrator], Administrator)
	began := x.now.Add(-time.Duration((n-1)/perSecond) * time.Second)
	for i := range n {
		x.now = began.Add(time.Duration(i/perSecond) * time.Second)
		r := sample(had+i, x.now)
		r["OwnerId"] = f.org.table("Group").order[0]
		r["CreatedDate"], r["CreatedById"], r["Status"], r["IsUnreadByOwner"] = x.now, x.user.id(), statuses[0], true
		x.stamp(r, true)
		x.derive(t, nil, r)
		x.insert(t, r)
		x.history(t, r, "created", nil, nil)
	}
	f.commit(x)
}

// SeededMQL is how many of the first n seeded leads the example of a definition hands off.
func SeededMQL(n int) int { return n/20*6 + min(n%20, 6) }

var (
	seniorities = []string{"individual", "manager", "director", "vp", "cxo"}
	industries  = []string{"Finance", "Healthcare", "Technology", "Other"}
	sources     = []string{"Web", "Phone Inquiry", "Partner Referral", "Other"}
)

// sample is the i-th lead.
func sample(i int, now time.Time) row {
	kind := i % 20
	r := row{
		"FirstName": fmt.Sprintf("Robin%d", i%97), "LastName": fmt.Sprintf("Sample%05d", i), "Company": fmt.Sprintf("Company %05d", i),
		"Email": fmt.Sprintf("lead%05d@company%05d.example", i, i), "Phone": fmt.Sprintf("+1 555 %07d", i), "Title": "Buyer",
		"LeadSource": sources[i%len(sources)], "Industry": industries[i/3%len(industries)], "NumberOfEmployees": float64(10 + i*37%20000),
		"Seniority__c": seniorities[i%2], "Lifecycle__c": "prospect",
	}
	demo := func() { r["Last_Form_At__c"], r["Last_Form__c"] = now, "demo" }
	switch {
	case kind <= 3:
		demo()
	case kind <= 5:
		r["NumberOfEmployees"], r["Industry"], r["Seniority__c"], r["Title"] = float64(50+i%451), "saas", seniorities[2+i/20%3], "Director"
		r["Last_Page_At__c"], r["Last_Page__c"] = now, "/pricing"
		r["Last_Download_At__c"], r["Last_Download_Gated__c"] = now, true
	case kind == 6:
		demo()
		r["Lifecycle__c"] = "customer"
	case kind == 7:
		demo()
		delete(r, "Phone")
	case kind == 8:
		r["Last_Form_At__c"], r["Last_Form__c"] = now, "newsletter"
	}
	return r
}
