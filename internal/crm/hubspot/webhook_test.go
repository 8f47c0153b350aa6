// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm/hubspot"
)

const (
	clientSecret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
	webhookURL   = "https://sla.acme.example/v1/crm/hubspot"
	creation     = `[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation",` +
		`"attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]`
)

var noon = time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)

// signed by the rule as HubSpot's documentation has it, written down again here: not by the code that is tested.
func signed(uri, body string, at time.Time) (signature, stamp string) {
	stamp = strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(clientSecret))
	_, _ = io.WriteString(mac, "POST"+uri+body+stamp)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), stamp
}

type noted struct {
	hints []hubspot.Hint
	fail  error
}

func (n *noted) webhook(address string) *hubspot.Webhook {
	return &hubspot.Webhook{
		URL: address, Secret: func() (string, error) { return clientSecret + "\n", nil }, Now: func() time.Time { return noon },
		Log: slog.New(slog.DiscardHandler),
		Note: func(ctx context.Context, hints []hubspot.Hint) error {
			if _, limited := ctx.Deadline(); !limited {
				return errors.New("no limit of time")
			}
			n.hints = append(n.hints, hints...)
			return n.fail
		},
	}
}

func post(h http.Handler, target, body, signature, stamp string) int {
	request := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	if signature != "" {
		request.Header.Set("X-HubSpot-Signature-v3", signature)
		request.Header.Set("X-HubSpot-Request-Timestamp", stamp)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer.Code
}

// A vector that was computed apart from this code: printf '%s' 'POSThttps://sla.acme.example/v1/crm/hubspot[]1798977600000' | openssl dgst -sha256
// -hmac with the secret above.
func TestSignatureVector(t *testing.T) {
	got := base64.StdEncoding.EncodeToString(hubspot.Sign(clientSecret, http.MethodPost, webhookURL, []byte("[]"), "1798977600000"))
	if want := "UDdbo68L+yZ6gpa8BbzD75HO1C221KALvhPXuHvhZsY="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWebhookSignature(t *testing.T) {
	good, stamp := signed(webhookURL, creation, noon)
	for name, c := range map[string]struct {
		target, body, signature, stamp string
		want                           int
	}{
		"good":                   {"/v1/crm/hubspot", creation, good, stamp, 204},
		"behind another path":    {"/elsewhere", creation, good, stamp, 204}, // what HubSpot called is what is configured
		"not signed":             {"/v1/crm/hubspot", creation, "", "", 401},
		"another body":           {"/v1/crm/hubspot", strings.Replace(creation, "123,", "124,", 1), good, stamp, 401},
		"another time":           {"/v1/crm/hubspot", creation, good, strconv.FormatInt(noon.UnixMilli()-1, 10), 401},
		"a query that is forged": {"/v1/crm/hubspot?a=b", creation, good, stamp, 401},
		"no base64":              {"/v1/crm/hubspot", creation, "%%%", stamp, 401},
		"no number":              {"/v1/crm/hubspot", creation, good, "now", 401},
		"a prefix":               {"/v1/crm/hubspot", creation, good[:4], stamp, 401},
	} {
		t.Run(name, func(t *testing.T) {
			var n noted
			if got := post(n.webhook(webhookURL), c.target, c.body, c.signature, c.stamp); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
			if noted := len(n.hints) > 0; noted != (c.want == 204) {
				t.Errorf("noted: %v", noted)
			}
		})
	}
}

// HubSpot signs what it called with some characters decoded, and the query is part of it.
func TestWebhookDecoded(t *testing.T) {
	for configured, c := range map[string]struct{ query, signed string }{
		"https://sla.acme.example/hook/team%40acme": {"", "https://sla.acme.example/hook/team@acme"},
		"https://sla.acme.example/hook/a%3Ab%2fc":   {"", "https://sla.acme.example/hook/a:b/c"},
		"https://sla.acme.example/hook/a%20b%25":    {"", "https://sla.acme.example/hook/a%20b%25"},
		"https://sla.acme.example/hook":             {"x=%21%24%27%28%29%2A%2C%3B%3F&y=%23", "https://sla.acme.example/hook?x=!$'()*,;?&y=%23"},
		"https://sla.acme.example/hook?x=1":         {"x=1", "https://sla.acme.example/hook?x=1"},
	} {
		t.Run(configured, func(t *testing.T) {
			var n noted
			signature, stamp := signed(c.signed, creation, noon)
			if got := post(n.webhook(configured), "/v1/crm/hubspot?"+c.query, creation, signature, stamp); got != 204 {
				t.Error(got)
			}
		})
	}
}

func TestWebhookAge(t *testing.T) {
	for name, c := range map[string]struct {
		age  time.Duration
		want int
	}{
		"just in time":    {5 * time.Minute, 204},
		"too old":         {5*time.Minute + time.Millisecond, 401},
		"our clock is":    {-5 * time.Minute, 204},
		"from the future": {-5*time.Minute - time.Millisecond, 401},
	} {
		t.Run(name, func(t *testing.T) {
			var n noted
			signature, stamp := signed(webhookURL, creation, noon.Add(-c.age))
			if got := post(n.webhook(webhookURL), "/", creation, signature, stamp); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

// What HubSpot never sends again is refused only where sending again would not help.
func TestWebhookFailures(t *testing.T) {
	send := func(h http.Handler, body string) int {
		signature, stamp := signed(webhookURL, body, noon)
		return post(h, "/", body, signature, stamp)
	}
	n := noted{fail: errors.New("the ledger is away")}
	if got := send(n.webhook(webhookURL), creation); got != 503 {
		t.Errorf("noting failed: %d", got)
	}
	n.fail = nil
	h := n.webhook(webhookURL)
	h.Secret = func() (string, error) { return "", errors.New("no such file") }
	if got := send(h, creation); got != 503 {
		t.Errorf("no secret: %d", got)
	}
	h.Secret = func() (string, error) { return " \n", nil }
	if got := send(h, creation); got != 503 {
		t.Errorf("empty secret: %d", got)
	}
	h = n.webhook(webhookURL)
	if got := send(h, `{"eventId":1}`); got != 400 {
		t.Errorf("no array: %d", got)
	}
	if got := send(h, `[`+strings.Repeat(" ", 1<<20)+`]`); got != 413 {
		t.Errorf("too long: %d", got)
	}
	n.hints = nil
	if got := send(h, `[]`); got != 204 || n.hints != nil {
		t.Errorf("nothing: %d %v", got, n.hints)
	}
	get := httptest.NewRecorder()
	h.ServeHTTP(get, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if get.Code != 405 {
		t.Errorf("GET: %d", get.Code)
	}
}

func TestHints(t *testing.T) {
	const head = `"eventId":7,"subscriptionId":9,"occurredAt":1564113600000,`
	for name, c := range map[string]struct {
		body string
		want []hubspot.Hint
	}{
		"creation": {creation, []hubspot.Hint{{"1/12345/123/1564113600000/123", "123"}}},
		"change": {
			`[{` + head + `"subscriptionType":"contact.propertyChange","objectId":5,"propertyName":"hs_lead_status","propertyValue":"NEW"}]`,
			[]hubspot.Hint{{"7/9/5/1564113600000/5", "5"}},
		},
		"of objects":   {`[{` + head + `"subscriptionType":"object.propertyChange","objectTypeId":"0-1","objectId":5}]`, []hubspot.Hint{{"7/9/5/1564113600000/5", "5"}}},
		"of calls":     {`[{` + head + `"subscriptionType":"object.creation","objectTypeId":"0-48","objectId":5}]`, []hubspot.Hint{{"7/9/5/1564113600000/", ""}}},
		"of deals":     {`[{` + head + `"subscriptionType":"deal.propertyChange","objectId":5}]`, []hubspot.Hint{{"7/9/5/1564113600000/", ""}}},
		"ids as texts": {`[{"eventId":"7","subscriptionType":"contact.deletion","objectId":"5"}]`, []hubspot.Hint{{"7//5//5", "5"}}},
		"merge": {
			`[{` + head + `"subscriptionType":"contact.merge","objectId":5,"primaryObjectId":5,"mergedObjectIds":[6],"newObjectId":8}]`,
			[]hubspot.Hint{{"7/9/5/1564113600000/5", "5"}, {"7/9/5/1564113600000/6", "6"}, {"7/9/5/1564113600000/8", "8"}},
		},
		"sent twice in one": {
			`[{` + head + `"subscriptionType":"contact.deletion","objectId":5},{` + head + `"subscriptionType":"contact.deletion","objectId":5}]`,
			[]hubspot.Hint{{"7/9/5/1564113600000/5", "5"}},
		},
		// An event id may be that of two events.
		"two with one id": {
			`[{` + head + `"subscriptionType":"contact.deletion","objectId":5},{` + head + `"subscriptionType":"contact.deletion","objectId":6}]`,
			[]hubspot.Hint{{"7/9/5/1564113600000/5", "5"}, {"7/9/6/1564113600000/6", "6"}},
		},
		"an id that is none": {`[{` + head + `"subscriptionType":"contact.deletion","objectId":5.5}]`, []hubspot.Hint{{"7/9/5.5/1564113600000/", ""}}},
		"no event id":        {`[{"subscriptionType":"contact.deletion","objectId":5}]`, nil},
		"no type":            {`[{"eventId":1,"objectId":5}]`, nil},
		"a number":           {`[1]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := hubspot.Parse([]byte(c.body))
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.want != nil) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Whatever is sent, the parser gives the same hints again, each with an event, or an error.
func FuzzHints(f *testing.F) {
	f.Add([]byte(creation))
	f.Add([]byte(`[{"eventId":1e3,"subscriptionType":"contact.merge","mergedObjectIds":[null,"x",1.5]}]`))
	f.Add([]byte(`[{"eventId":{},"subscriptionType":"object."}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := hubspot.Parse(body)
		again, errAgain := hubspot.Parse(body)
		if diff := cmp.Diff(hints, again); diff != "" || (err == nil) != (errAgain == nil) {
			t.Fatalf("not the same again:\n%s", diff)
		}
		for _, hint := range hints {
			if hint.Event == "" || !strings.HasSuffix(hint.Event, "/"+hint.Record) {
				t.Errorf("hint %+v", hint)
			}
		}
	})
}
