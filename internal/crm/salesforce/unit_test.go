// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

func TestTrusted(t *testing.T) {
	const org = "https://acme.my.salesforce.com"
	for _, c := range []struct {
		configured, instance string
		want                 bool
	}{
		{org, org, true},
		{org, "https://ACME.my.salesforce.com", true},
		{"https://login.salesforce.com", org, true},
		{org, "https://other.my.salesforce.com", true},
		{org, "http://acme.my.salesforce.com", false},
		{org, "https://acme.my.salesforce.com:8443", false},
		{org, "https://acme.my.salesforce.com.evil.example", false},
		{org, "https://evil.example", false},
		{org, "https://user@acme.my.salesforce.com", false},
		{org, "https://acme.my.salesforce.com/path", false},
		{org, "https://169.254.169.254", false},
		{org, "file:///etc", false},
		{org, "%", false},
		{"http://fake:8080", "http://fake:8080", true},
		{"http://fake:8080", "http://fake:8081", false},
		{"http://10.0.0.1", "https://11.0.0.1", false},
	} {
		if got := trusted(c.configured, c.instance); got != c.want {
			t.Errorf("trusted(%s, %s) is %v", c.configured, c.instance, got)
		}
	}
}

func TestAudience(t *testing.T) {
	for org, want := range map[string]string{
		"https://acme.my.salesforce.com":               "https://login.salesforce.com",
		"https://acme.develop.my.salesforce.com":       "https://login.salesforce.com",
		"https://acme--dev.sandbox.my.salesforce.com":  "https://test.salesforce.com",
		"https://acme.scratch.my.salesforce.com":       "https://test.salesforce.com",
		"https://test.salesforce.com":                  "https://test.salesforce.com",
		"http://fake:8080":                             "http://fake:8080",
		"https://sandbox.example/.my.salesforce.com/x": "https://sandbox.example/.my.salesforce.com/x",
	} {
		if got := audience(org); got != want {
			t.Errorf("audience(%s) is %s, want %s", org, got, want)
		}
	}
}

func TestLong(t *testing.T) {
	for short, want := range map[string]string{
		"001A0000006Vm9u": "001A0000006Vm9uIAC", "00Q000000000001": "00Q000000000001EAA", "001D000000IRFmaIAH": "001D000000IRFmaIAH", "": "",
	} {
		if got := long(short); got != want {
			t.Errorf("long(%s) is %s, want %s", short, got, want)
		}
	}
}

func TestSince(t *testing.T) {
	at := time.Date(2026, 11, 2, 13, 0, 0, 7_000_000, time.FixedZone("", 3600))
	id := "00Q000000000001AAA"
	for name, c := range map[string]struct {
		from crm.Position
		want string
	}{
		"beginning": {crm.Position{}, ""},
		"time":      {crm.Position{Time: at}, "SystemModstamp >= 2026-11-02T12:00:00.007Z"},
		"time and id": {
			crm.Position{Time: at, ID: id},
			"(SystemModstamp > 2026-11-02T12:00:00.007Z OR (SystemModstamp = 2026-11-02T12:00:00.007Z AND Id > '" + id + "'))",
		},
	} {
		got, err := since(modstamp, c.from)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	if _, err := since(modstamp, crm.Position{Time: at, ID: "x' OR Name != '"}); err == nil {
		t.Error("an id that is none went into the query")
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		`O'Neill`: `'O\'Neill'`, `\' OR Name != '`: `'\\\' OR Name != \''`, "a\nb": `'a\nb'`, "": "''",
	} {
		if got := quote(text); got != want {
			t.Errorf("quote(%q) is %s, want %s", text, got, want)
		}
	}
}

// Whatever is asked for fits into a URL, and all of it is asked for once.
func TestListsFit(t *testing.T) {
	var list []string
	for n := range 2345 {
		list = append(list, fmt.Sprintf("00Q%012dAAA", n))
	}
	list = append(list, "'); DROP", "short")
	seen := map[string]int{}
	conditions := ids("WhoId", list, 1000)
	for _, c := range conditions {
		if n := len(url.QueryEscape(selectFrom("Task", []string{"Id"}, "", c))); n > maxQuery {
			t.Errorf("a query has %d bytes", n)
		}
		for id := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(c, "WhoId IN ("), ")"), ",") {
			seen[strings.Trim(id, "'")]++
		}
	}
	if len(seen) != 2345 {
		t.Errorf("%d ids are asked for, want 2345", len(seen))
	}
	for id, n := range seen {
		if n != 1 || !isLead(id) {
			t.Errorf("%s is asked for %d times", id, n)
		}
	}
	for _, c := range ids("Id", list, 200) {
		if n := strings.Count(c, ",") + 1; n > 200 {
			t.Errorf("%d ids in one list, want at most 200", n)
		}
	}
}

func TestSplitFits(t *testing.T) {
	var fields []string
	for n := range 500 {
		fields = append(fields, fmt.Sprintf("namespace__Quite_A_Long_Name_Of_A_Field_%03d__c", n))
	}
	var all []string
	groups := split(fields)
	for _, group := range groups {
		if group[0] != "Id" || len(url.QueryEscape(strings.Join(group, ", "))) > maxQuery {
			t.Errorf("a group of %d fields has %d bytes", len(group), len(url.QueryEscape(strings.Join(group, ", "))))
		}
		all = append(all, group[1:]...)
	}
	if len(groups) < 2 || !slices.Equal(all, fields) {
		t.Errorf("%d groups with %d fields, want all in order in several", len(groups), len(all))
	}
}

func TestAllowance(t *testing.T) {
	refused := `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"%s Limit exceeded."}]`
	for name, c := range map[string]struct {
		status int
		info   string
		body   string
		want   crm.Allowance
	}{
		"usage":      {200, "api-usage=18/5000", "", crm.Allowance{DayLimit: 5000, DayRemaining: 4982}},
		"per app":    {200, "api-usage=25/5000; per-app-api-usage=17/250(appName=x)", "", crm.Allowance{DayLimit: 5000, DayRemaining: 4975}},
		"and app":    {200, "api-usage=25/5000, per-app-api-usage=17/250(appName=x)", "", crm.Allowance{DayLimit: 5000, DayRemaining: 4975}},
		"bursts":     {200, "api-usage=4990/5000; api-bursts=1/750", "", crm.Allowance{DayLimit: 5000, DayRemaining: 10}},
		"beyond":     {200, "api-usage=5100/5000", "", crm.Allowance{DayLimit: 5000}},
		"none":       {200, "", "", crm.Allowance{}},
		"nonsense":   {200, "api-usage=many/5000", "", crm.Allowance{}},
		"spent":      {403, "api-usage=5000/5000", fmt.Sprintf(refused, "TotalRequests"), crm.Allowance{DayLimit: 5000, Blocked: spent}},
		"concurrent": {403, "", fmt.Sprintf(refused, "ConcurrentRequests (Concurrent API Requests)"), crm.Allowance{Blocked: crowded}},
		"forbidden":  {403, "", `[{"errorCode":"API_DISABLED_FOR_ORG","message":"no"}]`, crm.Allowance{}},
	} {
		got := allowance(nil, c.status, http.Header{"Sforce-Limit-Info": {c.info}}, []byte(c.body))
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestRefusal(t *testing.T) {
	one := func(code string, fields ...string) []said {
		return []said{{StatusCode: code, Message: "value Lead1 of field Secret", Fields: fields}}
	}
	gone := func(g crm.Gone) error { return &crm.GoneError{Gone: g} }
	for name, c := range map[string]struct {
		list []said
		want error
	}{
		"locked":       {one("UNABLE_TO_LOCK_ROW"), &crm.UnavailableError{Cause: "cannot write the record now (UNABLE_TO_LOCK_ROW)"}},
		"deleted":      {one("ENTITY_IS_DELETED"), gone(crm.Deleted)},
		"unknown":      {one("INVALID_CROSS_REFERENCE_KEY"), gone(crm.Deleted)},
		"bad owner":    {one("INVALID_CROSS_REFERENCE_KEY", "OwnerId"), refused("INVALID_CROSS_REFERENCE_KEY on OwnerId")},
		"by its id":    {one("INVALID_CROSS_REFERENCE_KEY", "Id"), gone(crm.Deleted)},
		"record type":  {one("INVALID_CROSS_REFERENCE_KEY", "RecordTypeId"), refused("INVALID_CROSS_REFERENCE_KEY on RecordTypeId")},
		"converted":    {one("CANNOT_UPDATE_CONVERTED_LEAD"), gone(crm.Converted)},
		"rule":         {one("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Status"), refused("FIELD_CUSTOM_VALIDATION_EXCEPTION on Status")},
		"picklist":     {one("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Stage__c"), refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST on Stage__c")},
		"no access":    {one("INSUFFICIENT_ACCESS_OR_READONLY"), refused("INSUFFICIENT_ACCESS_OR_READONLY")},
		"strange":      {one("not a code: Lead1", "not a field: Lead1"), refused("")},
		"nothing":      {nil, refused("")},
		"several":      {append(one("REQUIRED_FIELD_MISSING", "Company"), one("STRING_TOO_LONG", "City")...), refused("REQUIRED_FIELD_MISSING, STRING_TOO_LONG on Company, City")},
		"no such":      {[]said{{StatusCode: "INVALID_FIELD", Message: "No such column 'Gone__c' on sobject of type Lead"}}, refused("INVALID_FIELD on Gone__c")},
		"lock of many": {append(one("UNABLE_TO_LOCK_ROW"), one("STRING_TOO_LONG", "City")...), &crm.UnavailableError{Cause: "cannot write the record now (UNABLE_TO_LOCK_ROW, STRING_TOO_LONG on City)"}},
	} {
		if diff := gocmp.Diff(c.want, refusal(c.list)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func refused(reason string) error {
	return &crm.RefusedError{Status: http.StatusBadRequest, Reason: reason}
}

func TestUpwards(t *testing.T) {
	got := upwards(map[string][]string{"c": {"b"}, "b": {"a", "z"}, "x": {"y"}, "m": {"n"}, "n": {"m"}})
	want := map[string][]string{"b": {"a", "z"}, "c": {"a", "b", "z"}, "x": {"y"}, "m": {"m", "n"}, "n": {"m", "n"}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTaken(t *testing.T) {
	for result, want := range map[string]bool{
		"": false, "Connected": true, "Meaningful Connect": true, "Not Interested": true, "No answer": false, "Left Voicemail": false, "Busy": false,
		"Not connected": false, "Call back later": true, "unanswered": false, "Call unsuccessful": false, "Purple": false, "Disconnected": false,
	} {
		if got := taken(result, false); got != want {
			t.Errorf("taken(%q) is %v", result, got)
		}
	}
	if !taken("", true) || taken("Missed", true) {
		t.Error("an inbound call is taken unless its result says that it was not")
	}
}

func TestCodeOf(t *testing.T) {
	f := &failure{err: refused("X"), codes: []string{"INVALID_TYPE"}}
	if codeOf(fmt.Errorf("read: %w", f)) != "INVALID_TYPE" || codeOf(errors.New("x")) != "" || codeOf(nil) != "" {
		t.Error("codeOf does not find the code")
	}
	if !denied(f) || denied(refused("INVALID_TYPE")) || denied(nil) {
		t.Error("denied is of Salesforce's own errors only")
	}
}
