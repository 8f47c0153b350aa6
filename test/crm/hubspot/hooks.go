// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Webhooks are how the account's app tells of changes.
type Webhooks struct {
	Target     string   `json:"target,omitempty"`     // URL, as it stands in the app and is signed; "": none are sent
	Via        string   `json:"via,omitempty"`        // address that Target is reached at, where a proxy stands before it
	Properties []string `json:"properties,omitempty"` // of contacts whose changes are told; none: owner, stage, lead status and e-mail address
	Generic    bool     `json:"generic,omitempty"`    // object.* with objectTypeId, and not contact.*

	RetryMS   int  `json:"retryMs,omitempty"`   // between attempts; 0 is 1,000. HubSpot spreads ten over a day
	TimeoutMS int  `json:"timeoutMs,omitempty"` // 0 is 5,000
	DelayMS   int  `json:"delayMs,omitempty"`   // until an event is sent
	Duplicate bool `json:"duplicate,omitempty"` // each is sent twice
	Reorder   bool `json:"reorder,omitempty"`   // those of a request in reverse, the first one last of all
}

// Event that a webhook tells of.
type Event struct {
	EventID        int64   `json:"eventId"`
	SubscriptionID int64   `json:"subscriptionId"`
	PortalID       int64   `json:"portalId"`
	AppID          int64   `json:"appId"`
	OccurredAt     int64   `json:"occurredAt"`
	Type           string  `json:"subscriptionType"`
	Attempt        int     `json:"attemptNumber"`
	ObjectID       int64   `json:"objectId"`
	ObjectTypeID   string  `json:"objectTypeId,omitempty"`
	ChangeSource   string  `json:"changeSource"`
	SourceID       string  `json:"sourceId,omitempty"`
	ChangeFlag     string  `json:"changeFlag,omitempty"`
	PropertyName   string  `json:"propertyName,omitempty"`
	PropertyValue  *string `json:"propertyValue,omitempty"`
	PrimaryID      int64   `json:"primaryObjectId,omitempty"`
	MergedIDs      []int64 `json:"mergedObjectIds,omitempty"`
	NewID          int64   `json:"newObjectId,omitempty"`
	Moved          int     `json:"numberOfPropertiesMoved,omitempty"`
}

const eventsPerRequest = 100

// hooks are the events that wait to be sent. The fake's lock guards what they are made of, theirs what waits.
type hooks struct {
	fake *Fake
	ctx  context.Context
	stop context.CancelFunc
	busy sync.WaitGroup

	mu      sync.Mutex
	lastID  int64
	queue   []Event
	sent    []Event // everything that was answered well, to replay
	sending bool
}

func newHooks(f *Fake) *hooks {
	ctx, stop := context.WithCancel(context.Background())
	return &hooks{fake: f, ctx: ctx, stop: stop}
}

func (h *hooks) close() {
	h.stop()
	h.busy.Wait()
}

// event of a record that is a contact, with what all events have.
func (h *hooks) event(r *record, what string, by author, at time.Time) *Event {
	settings := h.fake.settings.Webhooks
	if settings.Target == "" || r.kind.plural != "contacts" {
		return nil
	}
	app, _ := strconv.ParseInt(ourApp, 10, 64)
	e := Event{
		PortalID: h.fake.portal, AppID: app, OccurredAt: at.UnixMilli(), Type: "contact." + what, ObjectID: r.number, ChangeSource: by.kind, SourceID: by.id,
		SubscriptionID: 1000 + int64(len(what)),
	}
	if settings.Generic {
		e.Type, e.ObjectTypeID = "object."+what, r.kind.id
	}
	return &e
}

func (h *hooks) created(r *record, by author, at time.Time) {
	if e := h.event(r, "creation", by, at); e != nil {
		e.ChangeFlag = "NEW"
		h.push(*e)
	}
}

func (h *hooks) deleted(r *record, by author, at time.Time) {
	if e := h.event(r, "deletion", by, at); e != nil {
		e.ChangeFlag = "DELETED"
		h.push(*e)
	}
}

func (h *hooks) restored(r *record, by author, at time.Time) {
	if e := h.event(r, "restore", by, at); e != nil {
		h.push(*e)
	}
}

// forgotten comes beside deleted, and has no form for all types of objects.
func (h *hooks) forgotten(r *record, by author, at time.Time) {
	if e := h.event(r, "privacyDeletion", by, at); e != nil {
		e.Type, e.ObjectTypeID, e.ChangeFlag = "contact.privacyDeletion", "", "DELETED"
		h.push(*e)
	}
}

func (h *hooks) changed(r *record, name string, by author, at time.Time) {
	subscribed := h.fake.settings.Webhooks.Properties
	if len(subscribed) == 0 {
		subscribed = []string{"hubspot_owner_id", "lifecyclestage", "hs_lead_status", "email"}
	}
	if e := h.event(r, "propertyChange", by, at); e != nil && slices.Contains(subscribed, name) {
		value := r.values[name]
		e.PropertyName, e.PropertyValue = name, &value
		e.SubscriptionID += int64(slices.Index(subscribed, name))
		h.push(*e)
	}
}

func (h *hooks) merged(result, into, from *record, moved int, by author, at time.Time) {
	if e := h.event(result, "merge", by, at); e != nil {
		e.ObjectID, e.PrimaryID, e.NewID, e.Moved = into.number, into.number, result.number, moved
		e.MergedIDs = []int64{from.number}
		h.push(*e)
	}
}

func (h *hooks) push(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastID++
	e.EventID = h.lastID
	h.queue = append(h.queue, e)
	if h.fake.settings.Webhooks.Duplicate {
		h.queue = append(h.queue, e)
	}
	h.wake()
}

// replay sends everything again that was sent already.
func (h *hooks) replay() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, h.sent...)
	h.wake()
}

// waiting events.
func (h *hooks) waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sending {
		return len(h.queue) + 1
	}
	return len(h.queue)
}

func (h *hooks) wake() {
	if h.sending || len(h.queue) == 0 {
		return
	}
	h.sending = true
	h.busy.Go(h.run)
}

// run sends until nothing is left.
func (h *hooks) run() {
	for {
		h.fake.mu.Lock()
		settings := h.fake.settings.Webhooks
		h.fake.mu.Unlock()
		if !h.pause(settings.DelayMS) {
			return
		}
		h.mu.Lock()
		if len(h.queue) == 0 {
			h.sending = false
			h.mu.Unlock()
			return
		}
		batch := slices.Clone(h.queue[:min(len(h.queue), eventsPerRequest)])
		h.queue = h.queue[len(batch):]
		h.mu.Unlock()
		if settings.Reorder {
			slices.Reverse(batch)
		}
		h.deliver(settings, batch)
	}
}

// deliver a request, up to ten times more when it is not answered well in time.
func (h *hooks) deliver(settings Webhooks, batch []Event) {
	for attempt := range 11 {
		for i := range batch {
			batch[i].Attempt = attempt
		}
		if h.post(settings, batch) {
			h.mu.Lock()
			h.sent = append(h.sent, batch...)
			h.mu.Unlock()
			return
		}
		if !h.pause(cmpOr(settings.RetryMS, 1000)) {
			return
		}
	}
}

func (h *hooks) pause(ms int) bool {
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-h.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func cmpOr(value, or int) int {
	if value == 0 {
		return or
	}
	return value
}

func (h *hooks) post(settings Webhooks, batch []Event) bool {
	body, err := json.Marshal(batch)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(h.ctx, time.Duration(cmpOr(settings.TimeoutMS, 5000))*time.Millisecond)
	defer cancel()
	url := settings.Target
	if settings.Via != "" {
		url = settings.Via
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header = h.fake.Signed(http.MethodPost, settings.Target, body, h.fake.now())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	h.fake.Log.Counted("webhooks", h.fake.now())
	return response.StatusCode/100 == 2
}

// Signed are the headers of a webhook with that body, as HubSpot signs it at that time.
func (f *Fake) Signed(method, url string, body []byte, at time.Time) http.Header {
	old := sha256.Sum256(append([]byte(f.secret), body...))
	ms := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(f.secret))
	_, _ = mac.Write([]byte(method + decoded.Replace(url) + string(body) + ms))
	return http.Header{
		"Content-Type":                {"application/json"},
		"User-Agent":                  {"HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nodes)"},
		"X-Hubspot-Signature":         {hex.EncodeToString(old[:])},
		"X-Hubspot-Signature-Version": {"v1"},
		"X-Hubspot-Signature-V3":      {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
		"X-Hubspot-Request-Timestamp": {ms},
	}
}

// decoded are the characters that the signature has in their plain form.
var decoded = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
)
