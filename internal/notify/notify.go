// SPDX-License-Identifier: Apache-2.0

// Package notify sends texts to chats, mailboxes and pagers. Where they go is a URL of shoutrrr, which holds a secret: no error of this package
// repeats any part of it.
package notify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/handoff-sla/handoff/internal/outage"
)

// maxText is what the services take: the shortest limit that any of them documents is Discord's 2,000 characters, and shoutrrr splits there.
const maxText = 60_000

// atMost is how many messages may be on their way by one service. The library's mail client has no deadline once it is connected, and no way to give
// it one: a server that hangs keeps a conversation until it ends it. It must not keep ever more of them.
const atMost = 64

// onTheirWay counts the messages that were handed to the library and are not done with, by service.
var onTheirWay = struct {
	sync.Mutex

	by map[string]int
}{by: map[string]int{}}

// untitled are the services that refuse a message with a title; the others show it, or leave it out.
var untitled = []string{"pagerduty", "signal", "wecom"}

// RepPlaceholder in a URL is filled with the id of a rep.
const RepPlaceholder = "{rep}"

// repID is an id of a rep that may become part of an address. Ids come with events too; one that could name a second address is none.
var repID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,252}$`)

// Addresses are the URLs of one recipient, a line each. Empty lines and lines that begin with # are left out. The placeholder of the rep is
// filled with its id, escaped; without an id that may be part of an address, lines with it are left out too.
func Addresses(text, rep string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.Contains(line, RepPlaceholder) {
			if !repID.MatchString(rep) {
				continue
			}
			line = strings.ReplaceAll(line, RepPlaceholder, url.QueryEscape(rep))
		}
		out = append(out, line)
	}
	return out
}

// SendError says that a text was not sent: by which service, and what kind of fault it was. What the service's library said is left out, because it
// may hold the URL.
type SendError struct {
	Service string // scheme of the URL; empty when there is none that is known
	Cause   string
}

func (e *SendError) Error() string {
	if e.Service == "" {
		return e.Cause
	}
	return fmt.Sprintf("service %s: %s", e.Service, e.Cause)
}

// Send sends a text to an address and waits until the service has taken it, or the context ends. A service whose library does not heed the
// context may still take it after that.
func Send(ctx context.Context, address, title, text string) error {
	service, err := locate(address)
	if err != nil {
		return err
	}
	text = shortened(text)
	params := types.Params{types.TitleKey: title}
	if slices.Contains(untitled, service.GetID()) {
		params = types.Params{}
	}
	if !enter(service.GetID()) {
		return &SendError{Service: service.GetID(), Cause: fmt.Sprintf("%d messages to it hang: it takes connections and does not answer", atMost)}
	}
	done := make(chan error, 1)
	go func() {
		err := service.Send(text, &params)
		leave(service.GetID())
		done <- err
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	return &SendError{Service: service.GetID(), Cause: cause(err)}
}

// shortened is as much of a text as is sent, in whole characters.
func shortened(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func enter(service string) bool {
	onTheirWay.Lock()
	defer onTheirWay.Unlock()
	if onTheirWay.by[service] >= atMost {
		return false
	}
	onTheirWay.by[service]++
	return true
}

func leave(service string) {
	onTheirWay.Lock()
	defer onTheirWay.Unlock()
	onTheirWay.by[service]--
}

func locate(address string) (types.Service, error) {
	scheme, _, found := strings.Cut(address, "://")
	name, _, _ := strings.Cut(scheme, "+")
	var sr router.ServiceRouter
	if !found || !slices.Contains(sr.ListServices(), strings.ToLower(name)) {
		return nil, &SendError{Cause: "the address is no URL of a service that shoutrrr knows, such as slack://, teams:// or smtp://"}
	}
	service, err := sr.Locate(address)
	if err != nil {
		return nil, &SendError{Service: name, Cause: "the address is not one that this service understands; see docs/notifications.md for its form"}
	}
	return service, nil
}

// cause names what went wrong in words of our own.
func cause(err error) string {
	if why := outage.Cause(err); why != "" {
		return why
	}
	if status := statusIn(err.Error()); status != "" {
		return "answered with status " + status
	}
	return "did not take the message"
}

// statusIn finds the HTTP status that most services put into the text of their error.
func statusIn(text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' }) {
		if status, err := strconv.Atoi(word); err == nil && status >= 300 && http.StatusText(status) != "" {
			return word
		}
	}
	return ""
}
