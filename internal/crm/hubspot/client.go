// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// call makes a request with a JSON body, if there is one to send, and reads the answer's into out. An error is one of the port's or an *answerError.
func (s *System) call(ctx context.Context, method, path string, in, out any) error {
	token, err := s.access.Secret("token")
	if err != nil {
		return &crm.CredentialError{Cause: "cannot be asked: " + err.Error()}
	}
	if token = strings.TrimSpace(token); token == "" {
		return &crm.CredentialError{Cause: `cannot be asked: key "token" of its Secret is empty; it should hold a Service Key`}
	}
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("HubSpot: body of %s: %w", path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, s.access.Settings.URL+path, bytes.NewReader(body))
	if err != nil {
		return &crm.UnavailableError{Cause: "cannot be asked: spec.crm.hubSpot.url is no URL"}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := s.http.Do(request)
	if err != nil {
		return wire.Failure(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return s.failed(response)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		if isUnreadable(err) {
			return &crm.UnavailableError{Cause: fmt.Sprintf("answered with status %d and no JSON that is understood: is spec.crm.hubSpot.url HubSpot's?",
				response.StatusCode)}
		}
		return wire.Failure(err)
	}
	return nil
}

func isUnreadable(err error) bool {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	var mistimed *time.ParseError
	return errors.As(err, &syntax) || errors.As(err, &mistyped) || errors.As(err, &mistimed)
}

// failed reads an answer that is no success.
func (s *System) failed(response *http.Response) error {
	answer := &answerError{status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(&answer.body); err != nil {
		answer.body = problem{} // the status says enough
	}
	answer.after = wire.RetryAfter(response.Header, s.access.Now())
	if answer.after == 0 && response.StatusCode == http.StatusTooManyRequests {
		answer.after = blocked(answer.body, response.Header)
	}
	return answer
}

// kindOf a request, for the budget.
func kindOf(r *http.Request) string {
	if strings.HasSuffix(r.URL.Path, "/search") {
		return searchKind
	}
	return ""
}

// allowance that an answer tells of. Answers to searches have no headers of theirs.
func allowance(r *http.Request, status int, header http.Header, body []byte) crm.Allowance {
	var said crm.Allowance
	if kindOf(r) == "" {
		said.Limit, said.Remaining = number(header, "Max"), number(header, "Remaining")
		said.Window = time.Duration(number(header, "Interval-Milliseconds")) * time.Millisecond
		if said.Limit == 0 || said.Window == 0 {
			said.Limit, said.Remaining, said.Window = 0, 0, 0
		}
	}
	said.DayLimit, said.DayRemaining = number(header, "Daily"), number(header, "Daily-Remaining")
	if status == http.StatusTooManyRequests && header.Get("Retry-After") == "" {
		var why problem
		if err := json.Unmarshal(body, &why); err != nil {
			why = problem{}
		}
		said.Blocked = blocked(why, header)
	}
	return said
}

func number(header http.Header, name string) int {
	n, err := strconv.Atoi(header.Get("X-HubSpot-RateLimit-" + name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// blocked is how long nothing is to be asked after a 429 that does not say. The day of the daily limit ends at midnight in the account's time zone:
// it is looked for four times an hour.
func blocked(why problem, header http.Header) time.Duration {
	policy := strings.ToUpper(why.PolicyName)
	switch {
	case strings.Contains(policy, "DAILY"):
		return 15 * time.Minute
	case policy == "SECONDLY", strings.Contains(why.Message, "secondly limit") && !strings.Contains(why.Message, "ten_secondly"):
		return time.Second
	case header.Get("X-HubSpot-RateLimit-Interval-Milliseconds") != "":
		return min(max(time.Duration(number(header, "Interval-Milliseconds"))*time.Millisecond, time.Second), time.Minute)
	default:
		return 10 * time.Second
	}
}
