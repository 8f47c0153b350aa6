// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	client "github.com/k-capehart/go-salesforce/v3"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

const userAgent = "handoff"

// session is the transport of one call: it stops with the call's context, and sends nothing but to the org whose token it has.
type session struct {
	ctx    context.Context //nolint:containedctx // the library's requests have none; a session lives as long as the call
	system *System
}

// RoundTrip implements http.RoundTripper. An answer that is no success is an error. A session that is over is begun again, once.
func (s session) RoundTrip(request *http.Request) (*http.Response, error) {
	for again := false; ; again = true {
		t, err := s.system.auth.current(s.ctx)
		if err != nil {
			return nil, err
		}
		out, err := s.prepare(request, t)
		if err != nil {
			return nil, err
		}
		response, err := s.system.wire.RoundTrip(out)
		if err != nil {
			return nil, wire.Failure(err)
		}
		s.system.heard(response.Header)
		if response.StatusCode/100 == 2 {
			return response, nil
		}
		failure := s.system.failed(response)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized || again {
			return nil, failure
		}
		s.system.auth.expired(t)
	}
}

func (s session) prepare(request *http.Request, t *token) (*http.Request, error) {
	org, err := url.Parse(t.instance)
	if err != nil {
		return nil, &crm.UnavailableError{Cause: "names no URL as the org's"}
	}
	out := request.Clone(s.ctx)
	if request.GetBody != nil {
		if out.Body, err = request.GetBody(); err != nil {
			return nil, fmt.Errorf("read a request again: %w", err)
		}
	}
	out.URL.Scheme, out.URL.Host, out.Host = org.Scheme, org.Host, org.Host
	out.Header.Set("Authorization", "Bearer "+t.access)
	out.Header.Set("User-Agent", userAgent)
	maps.Copy(out.Header, s.headers(request))
	return out, nil
}

// headers of writes. Without the first, Salesforce would run its assignment rules on each, and give the lead to somebody else. The second lets an
// update of a lead pass which a rule for duplicates would only have warned a person of; a rule that blocks still does, and so do rules for new leads.
func (session) headers(request *http.Request) http.Header {
	out := http.Header{}
	if request.Method == http.MethodGet {
		return out
	}
	out.Set("Sforce-Auto-Assign", "FALSE")
	if request.Method == http.MethodPatch && strings.HasSuffix(strings.TrimRight(request.URL.Path, "/"), "/composite/sobjects") {
		out.Set("Sforce-Duplicate-Rule-Header", "allowSave=true")
	}
	return out
}

// closing is a session for the library, which reads bodies and closes none: each would keep its request's time limit, and a broken one its connection.
type closing session

// RoundTrip implements http.RoundTripper.
func (c closing) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := session(c).RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, wire.Failure(err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// patience of the library. It counts the wait for the budget, too, and what is answered after its time it forgets: a request has its limit below.
const patience = 24 * time.Hour

// library is the client of collections, for one call.
func (s *System) library(ctx context.Context) (*client.Salesforce, error) {
	t, err := s.auth.current(ctx)
	if err != nil {
		return nil, err
	}
	return client.Init(client.Creds{Domain: t.instance, AccessToken: t.access},
		client.WithAPIVersion(s.access.Settings.Version), client.WithValidateAuthentication(false), client.WithBatchSizeMax(maxWrites),
		client.WithRoundTripper(closing{ctx: ctx, system: s}), client.WithHTTPTimeout(patience))
}

// get reads what is at a path below the version of the API, or, beginning with a slash, at a whole one.
func (s *System) get(ctx context.Context, path string, into any) error {
	if !strings.HasPrefix(path, "/") {
		path = s.base() + path
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://org"+path, nil) // the session puts the org's own host there
	if err != nil {
		return &crm.UnavailableError{Cause: "cannot be asked: spec.crm.salesforce.version is none"}
	}
	request.Header.Set("Accept", "application/json")
	response, err := session{ctx: ctx, system: s}.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return wire.Failure(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &crm.UnavailableError{Cause: "answered with something else than JSON"}
	}
	return nil
}

func (s *System) base() string { return "/services/data/" + s.access.Settings.Version + "/" }

// rows of an answer to a query.
type rows struct {
	Done    bool   `json:"done"`
	Next    string `json:"nextRecordsUrl"`
	Records []row  `json:"records"`
}

// query asks once, and gives what came at once: there may be more. Deleted ones are among them with queryAll.
func (s *System) query(ctx context.Context, resource, soql string) (rows, error) {
	var out rows
	err := s.get(ctx, s.base()+resource+"?q="+url.QueryEscape(soql), &out)
	return out, err
}

// Resources of queries.
const (
	live = "query"
	all  = "queryAll"
)

// whole reads all rows of a query, page after page. The rest of a result is kept for a while only, and for the session that asked; when it is gone, the
// query is made again.
func (s *System) whole(ctx context.Context, resource, soql string) ([]row, error) {
	for again := false; ; again = true {
		out, gone, err := s.pages(ctx, resource, soql)
		if err == nil || again || !gone {
			return out, err
		}
	}
}

func (s *System) pages(ctx context.Context, resource, soql string) (out []row, gone bool, err error) {
	page, err := s.query(ctx, resource, soql)
	out = page.Records
	for err == nil && !page.Done {
		next := page.Next
		if !strings.HasPrefix(next, "/services/data/") {
			return nil, false, &crm.UnavailableError{Cause: "broke off a result without saying where it goes on"}
		}
		page = rows{}
		err = s.get(ctx, next, &page)
		out = append(out, page.Records...)
		gone = slices.Contains([]string{"INVALID_QUERY_LOCATOR", "INVALID_SESSION_ID"}, codeOf(err))
	}
	return out, gone, err
}

// wholeOf reads the rows of one query for each of several conditions, of which one row fulfils one.
func (s *System) wholeOf(ctx context.Context, resource string, conditions []string, query func(condition string) string) ([]row, error) {
	var out []row
	for _, condition := range conditions {
		some, err := s.whole(ctx, resource, query(condition))
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// optional is wholeOf, of an object that not every org has, or shows: then there are no rows, and it is not asked for again until the org is described
// anew.
func (s *System) optional(ctx context.Context, object string, conditions []string, query func(condition string) string) ([]row, error) {
	s.mu.Lock()
	absent := s.absent[object]
	s.mu.Unlock()
	if absent {
		return nil, nil
	}
	out, err := s.wholeOf(ctx, live, conditions, query)
	if !denied(err) {
		return out, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.absent[object] = true
	return nil, nil
}

// codeOf an error, as Salesforce has it; "" when it is none of Salesforce's.
func codeOf(err error) string {
	var f *failure
	if errors.As(err, &f) && len(f.codes) > 0 {
		return f.codes[0]
	}
	return ""
}
