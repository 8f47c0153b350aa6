// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// convert a lead into an account, a contact and an opportunity. Its activities become the contact's, and the lead is read-only from then on. Values are
// of the opportunity.
func (x *tx) convert(t *table, lead row, values map[string]string) error {
	if t.name != "Lead" || lead.is("IsConverted") || lead.is("IsDeleted") {
		return fmt.Errorf("%s %s cannot be converted", t.name, lead.id())
	}
	account, err := x.fresh("Account", map[string]string{"Name": lead.text("Company"), "OwnerId": x.user.id()})
	if err != nil {
		return err
	}
	contact, err := x.fresh("Contact", map[string]string{
		"FirstName": lead.text("FirstName"), "LastName": lead.text("LastName"), "Email": lead.text("Email"), "AccountId": account, "OwnerId": x.user.id(),
	})
	if err != nil {
		return err
	}
	deal := map[string]string{
		"Name": lead.text("Company") + "-", "StageName": "Prospecting", "CloseDate": x.now.AddDate(0, 3, 0).Format(time.DateOnly), "AccountId": account,
		"OwnerId": x.user.id(), "LeadSource": lead.text("LeadSource"),
	}
	for name, value := range values {
		deal[name] = value
	}
	opportunity, err := x.fresh("Opportunity", deal)
	if err != nil {
		return err
	}
	status := lead["Status"]
	x.change(lead, func() {
		lead["IsConverted"], lead["Status"], lead["ConvertedDate"] = true, convertedStatus, x.now.Format(time.DateOnly)
		lead["ConvertedAccountId"], lead["ConvertedContactId"], lead["ConvertedOpportunityId"] = account, contact, opportunity
		x.stamp(lead, true)
	})
	x.tracks(t, lead, "Status", status, convertedStatus)
	x.history(t, lead, "leadConverted", nil, nil)
	x.move(lead.id(), contact)
	x.wrote = append(x.wrote, control.Write{At: x.now, By: x.by, Do: "convert", Type: t.name, ID: lead.id()})
	return nil
}

func (x *tx) fresh(object string, values map[string]string) (string, error) {
	t := x.table(object)
	p, err := x.said(t, values)
	if err != nil {
		return "", err
	}
	id, wrong := x.create(t, p)
	return id, first(wrong)
}

// move activities from one person to another.
func (x *tx) move(from, to string) {
	for _, object := range []string{"Task", "Event"} {
		t := x.table(object)
		for _, id := range t.order {
			if r := t.rows[id]; r.text("WhoId") == from {
				x.change(r, func() {
					r["WhoId"] = to
					x.stamp(r, false)
				})
			}
		}
	}
}

// merge a lead into another: it goes to the recycle bin, and says which one stayed.
func (x *tx) merge(t *table, loser, winner string) error {
	stays := t.rows[winner]
	if t.name != "Lead" || stays == nil || stays.is("IsDeleted") || loser == winner {
		return fmt.Errorf("%s %s cannot be merged into %s: %w", t.name, loser, winner, control.ErrUnknown)
	}
	r := t.rows[loser]
	x.change(r, func() {
		r["IsDeleted"], r["MasterRecordId"] = true, winner
		x.stamp(r, true)
	})
	x.change(stays, func() { x.stamp(stays, true) })
	x.move(loser, winner)
	x.wrote = append(x.wrote, control.Write{At: x.now, By: x.by, Do: "merge", Type: t.name, ID: loser})
	return nil
}
