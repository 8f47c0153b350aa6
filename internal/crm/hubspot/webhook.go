// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAge of a webhook, and how far our clock may be behind HubSpot's.
	maxAge = 5 * time.Minute
	// maxWebhook is the size of a body: HubSpot sends 100 events at most.
	maxWebhook = 1 << 20
	// answerWithin is how long noting may take. HubSpot waits five seconds.
	answerWithin = 4 * time.Second
)

// Hint says that something has changed. What it is now is read.
type Hint struct {
	Event  string // tells it from every other; the same whenever HubSpot sends it again
	Record string // id of the contact; "" for a change of something else, which is worth a look at all streams
}

// Webhook takes what HubSpot says has changed: hints, which are noted and answered at once.
type Webhook struct {
	URL    string                 // as it stands in HubSpot, which signs it
	Secret func() (string, error) // of the app that the webhooks belong to, as it is now
	Note   func(ctx context.Context, hints []Hint) error
	Now    func() time.Time
	Log    *slog.Logger
}

// ServeHTTP answers with 204 once the hints are noted. HubSpot sends again what is answered with 5xx or not at all, and never what is answered with
// 400 to 405: so nothing but a forged or a spoiled request is.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			http.Error(w, "too long", http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "the body did not arrive", http.StatusServiceUnavailable)
		return
	}
	secret, err := h.Secret()
	if err != nil || strings.TrimSpace(secret) == "" {
		h.Log.Error("a webhook of HubSpot cannot be verified", "error", cmpError(err, `key "clientSecret" of the Secret is empty`))
		http.Error(w, "cannot be verified now", http.StatusServiceUnavailable)
		return
	}
	if why := h.verify(r, body, strings.TrimSpace(secret)); why != "" {
		h.Log.Warn("a request that claims to be a webhook of HubSpot is refused", "why", why)
		http.Error(w, why, http.StatusUnauthorized)
		return
	}
	hints, err := parse(body)
	if err != nil {
		h.Log.Warn("a webhook of HubSpot is not understood", "error", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(hints) > 0 {
		if err := h.Note(ctx, hints); err != nil {
			h.Log.Error("what a webhook of HubSpot hints at cannot be noted", "error", err)
			w.Header().Set("Retry-After", "10")
			http.Error(w, "cannot be noted now", http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func cmpError(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

// verify is why a request is not HubSpot's; "" for one that is.
func (h *Webhook) verify(r *http.Request, body []byte, secret string) string {
	signature, stamp := r.Header.Get("X-HubSpot-Signature-v3"), r.Header.Get("X-HubSpot-Request-Timestamp")
	if signature == "" || stamp == "" {
		return "it is not signed"
	}
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return "its timestamp is no number"
	}
	if age := h.Now().Sub(time.UnixMilli(ms)); age > maxAge || age < -maxAge {
		return "its timestamp is not of the last five minutes"
	}
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return "its signature is no base64"
	}
	uri := h.URL
	if r.URL.RawQuery != "" {
		uri, _, _ = strings.Cut(uri, "?")
		uri += "?" + r.URL.RawQuery
	}
	if !hmac.Equal(given, Sign(secret, r.Method, uri, body, stamp)) {
		return "its signature is not that of the secret and of the URL in spec.crm.hubSpot.webhooks"
	}
	return ""
}

// Sign is signature v3: of the method, the URI, the body and the timestamp.
func Sign(secret, method, uri string, body []byte, stamp string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range [][]byte{[]byte(method), []byte(decoded.Replace(uri)), body, []byte(stamp)} {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// decoded are the characters that HubSpot decodes in a URI before it signs it; all others it leaves as they are.
var decoded = strings.NewReplacer(pairs(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
)...)

// pairs with the codes in lower case, too.
func pairs(all ...string) []string {
	out := slices.Clone(all)
	for i := 0; i < len(all); i += 2 {
		if small := strings.ToLower(all[i]); small != all[i] {
			out = append(out, small, all[i+1])
		}
	}
	return out
}

type event struct {
	ID           looseID   `json:"eventId"`
	Type         string    `json:"subscriptionType"`
	ObjectType   string    `json:"objectTypeId"`
	Object       looseID   `json:"objectId"`
	OccurredAt   looseID   `json:"occurredAt"`
	Primary      looseID   `json:"primaryObjectId"`
	Created      looseID   `json:"newObjectId"`
	Merged       []looseID `json:"mergedObjectIds"`
	Subscription looseID   `json:"subscriptionId"`
}

// isID says whether an id is one: a batch that is read has no other among its ids, or none of it is answered.
var isID = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// contactType is the objectTypeId of contacts.
const contactType = "0-1"

// parse a body into hints. An event id of HubSpot is not promised to be the only one: with the object and the time it is.
func parse(body []byte) ([]Hint, error) {
	var events []event
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, errors.New("the body is no JSON array of events")
	}
	var hints []Hint
	for i, e := range events {
		if e.ID == "" || e.Type == "" {
			return nil, fmt.Errorf("event %d has no eventId or no subscriptionType", i)
		}
		key := fmt.Sprintf("%s/%s/%s/%s", e.ID, e.Subscription, e.Object, e.OccurredAt)
		for _, record := range e.records() {
			if hint := (Hint{Event: key + "/" + record, Record: record}); !slices.Contains(hints, hint) {
				hints = append(hints, hint)
			}
		}
	}
	return hints, nil
}

// records that an event is about: contacts, or none by name.
func (e event) records() []string {
	kind, _, _ := strings.Cut(e.Type, ".")
	if isContact := kind == "contact" || kind == "object" && e.ObjectType == contactType; !isContact {
		return []string{""}
	}
	ids := []string{string(e.Object), string(e.Primary), string(e.Created)}
	for _, merged := range e.Merged {
		ids = append(ids, string(merged))
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !isID.MatchString(id) })
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return []string{""}
	}
	return ids
}
