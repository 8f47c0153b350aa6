// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

func TestNote(t *testing.T) {
	notes := []crm.Note{{Record: leadID(1), Key: "lead-1/set-back/1", Text: "The status was set back."}, {Record: leadID(1), Key: strings.Repeat("k", 99), Text: "Long."}}
	for _, n := range notes {
		org := usual(t)
		var made object
		org.with(rule{match: "POST /services/data/v65.0/composite/sobjects", say: func(r request) said {
			made = r.records(t)[0]
			return said{body: []object{{"id": "002000000000001AAA", "success": true}}}
		}})
		org.with(rule{match: "FROM Note", say: func(r request) said {
			if made != nil && strings.Contains(r.soql, "Title = '"+made["Title"].(string)+"'") && strings.Contains(r.soql, "ParentId = '"+leadID(1)+"'") {
				return found(object{"Id": "002000000000001AAA"})
			}
			return found()
		}})
		system := using(org)
		for range 3 {
			if err := system.Note(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if posts := org.to("POST /services/data/"); len(posts) != 1 {
			t.Errorf("%d notes, want 1", len(posts))
		}
		title, _ := made["Title"].(string)
		if body := made["Body"]; body != n.Text+"\n\n"+n.Key || made["ParentId"] != leadID(1) || len(title) > 80 || !strings.HasPrefix(title, "Handoff ") {
			t.Errorf("left %v", made)
		}
	}
}

func TestNoteRefused(t *testing.T) {
	for name, c := range map[string]struct {
		code string
		want error
	}{
		"gone":  {"ENTITY_IS_DELETED", &crm.GoneError{Gone: crm.Deleted}},
		"other": {"STRING_TOO_LONG", &crm.RefusedError{Status: 400, Reason: "STRING_TOO_LONG on Body"}},
	} {
		org := usual(t)
		fields := []string{}
		if name == "other" {
			fields = []string{"Body"}
		}
		org.on("POST /services/data/", said{body: []object{{"success": false, "errors": []object{{"statusCode": c.code, "fields": fields}}}}})
		if diff := gocmp.Diff(c.want, using(org).Note(t.Context(), crm.Note{Record: leadID(1), Key: "k", Text: "Why."})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if err := using(usual(t)).Note(t.Context(), crm.Note{Record: "x", Key: "k"}); err == nil {
		t.Error("a note was left at no lead")
	}
}
