// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limits of the account, and what was used of them.
type limits struct {
	recent, searches []time.Time
	day              string
	today            int
}

const (
	limitGeneral = "general"
	limitSearch  = "search"
)

// admit a request: the rate, then who makes it, then what it may do.
func (f *Fake) admit(c *call) error {
	if err := f.limit(c); err != nil {
		return err
	}
	header := c.r.Header.Get("Authorization")
	token, bearer := strings.CutPrefix(header, "Bearer ")
	if !bearer || token != f.token || f.settings.Expired {
		return unauthenticated()
	}
	c.by = author{kind: "INTEGRATION", id: ourApp, label: "Handoff", log: "token"}
	needed := scopes(c)
	if len(needed) == 0 || f.settings.Scopes == nil {
		return nil
	}
	for _, scope := range needed {
		if slices.Contains(f.settings.Scopes, scope) {
			return nil
		}
	}
	return apiError{
		status: http.StatusForbidden, Category: "MISSING_SCOPES",
		Message: "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
		Details: []detail{{Message: "One or more of the following scopes are required.", Context: map[string][]string{"requiredGranularScopes": needed}}},
		Links:   map[string]string{"scopes": "https://developers.hubspot.com/scopes"},
	}
}

func unauthenticated() apiError {
	return apiError{
		status: http.StatusUnauthorized, Category: "INVALID_AUTHENTICATION",
		Message: "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at " +
			"https://developers.hubspot.com/docs/methods/auth/oauth-overview",
	}
}

// scopes of which one is needed. Activities are read and written with those of contacts.
func scopes(c *call) []string {
	path := c.r.URL.Path
	write := c.r.Method != http.MethodGet && !strings.HasSuffix(path, "/search") && !strings.HasSuffix(path, "/batch/read")
	access := ".read"
	if write {
		access = ".write"
	}
	switch {
	case strings.Contains(path, "/account-info/"):
		return nil
	case strings.Contains(path, "/owners"):
		return []string{"crm.objects.owners.read"}
	case strings.Contains(path, "/properties/"):
		if !write {
			return []string{"crm.schemas." + plural(first(c.parts)) + ".read", "crm.objects." + plural(first(c.parts)) + ".read"}
		}
		return []string{"crm.schemas." + plural(first(c.parts)) + ".write"}
	case strings.Contains(path, "/pipelines/"), plural(first(c.parts)) == "deals":
		return []string{"crm.objects.deals" + access}
	}
	return []string{"crm.objects.contacts" + access}
}

func first(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return parts[0]
}

// limit counts the request, and says what is left, as HubSpot does: not for searches.
func (f *Fake) limit(c *call) error {
	search := strings.HasSuffix(c.r.URL.Path, "/search")
	name, most, window, used := limitGeneral, cmp.Or(f.settings.Burst, 190), cmp.Or(f.settings.WindowMS, 10_000), &f.limits.recent
	if search {
		name, most, window, used = limitSearch, cmp.Or(f.settings.SearchBurst, 5), 1000, &f.limits.searches
	}
	length := time.Duration(window) * time.Millisecond
	*used = slices.DeleteFunc(*used, func(at time.Time) bool { return !at.After(c.at.Add(-length)) })
	if day := c.at.Format(time.DateOnly); day != f.limits.day {
		f.limits.day, f.limits.today = day, 0
	}
	daily := cmp.Or(f.settings.Daily, 650_000)
	over := !f.settings.Unlimited && len(*used) >= most
	spent := !f.settings.Unlimited && f.limits.today >= daily
	if !over && !spent {
		*used = append(*used, c.at)
		f.limits.today++
		f.Log.Counted(name, c.at)
	}
	if !search {
		for header, value := range map[string]int{
			"Max": most, "Remaining": max(0, most-len(*used)), "Interval-Milliseconds": window, "Daily": daily, "Daily-Remaining": max(0, daily-f.limits.today),
		} {
			c.w.Header().Set("X-HubSpot-RateLimit-"+header, strconv.Itoa(value))
		}
	}
	switch {
	case spent:
		return apiError{status: http.StatusTooManyRequests, Message: "You have reached your daily limit.", Policy: "DAILY"}
	case over && search:
		return apiError{status: http.StatusTooManyRequests, Message: "You have reached your secondly limit.", Policy: "SECONDLY"}
	case over:
		return apiError{status: http.StatusTooManyRequests, Message: "You have reached your ten_secondly_rolling limit.", Policy: "TEN_SECONDLY_ROLLING"}
	}
	return nil
}
