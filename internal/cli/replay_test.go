// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ingest accepts an event once, and refuses the same identity with other content.
func ingest(t *testing.T) *httptest.Server {
	t.Helper()
	seen := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var events []json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&events); err != nil || r.URL.Path != "/v1/events" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var results []map[string]string
		for _, e := range events {
			var head struct{ Source, ID string }
			if err := json.Unmarshal(e, &head); err != nil {
				t.Error(err)
			}
			status := "Accepted"
			if before, ok := seen[head.Source+head.ID]; ok && before == string(e) {
				status = "Duplicate"
			} else if ok {
				status = "Conflict"
			}
			seen[head.Source+head.ID] = string(e)
			results = append(results, map[string]string{"id": head.ID, "status": status})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
	}))
	t.Cleanup(server.Close)
	return server
}

func TestReplayTwiceGivesDuplicates(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	csv, token := filepath.Join(dir, "leads.csv"), filepath.Join(dir, "token")
	write(t, csv, "lead_id,when,origin\na,2018-02-01,social\nb,2018-02-03,paid\n")
	write(t, token, "secret\n")
	args := []string{
		"replay", "--to", ingest(t).URL, "--token-file", token, "--definition", "../../config/samples/leaddefinition.yaml",
		"--leads", csv, "--shift-to-now",
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	run := func(at time.Time, more ...string) (string, error) {
		var out strings.Builder
		root := Root(func() time.Time { return at })
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(append(args[:len(args):len(args)], more...))
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	steps := []struct {
		more    []string
		want    string
		wantErr bool
	}{
		{nil, "2 accepted, 0 duplicates (accepted before), 0 rejected", false},
		{nil, "0 accepted, 2 duplicates (accepted before), 0 rejected", false},
		{[]string{"--anchor", "2026-11-21T12:00:00Z"}, "0 accepted, 2 duplicates (accepted before), 0 rejected", false},
		{[]string{"--anchor", "now"}, "0 accepted, 0 duplicates (accepted before), 2 rejected", true},
		{[]string{"--anchor", "2026-11-21T12:00:00Z", "--allow-rejected"}, "2 rejected", false},
	}
	for i, step := range steps {
		out, err := run(now.Add(time.Duration(i)*time.Hour), step.more...)
		if (err != nil) != step.wantErr || !strings.Contains(out, step.want) {
			t.Fatalf("run %d: error %v, output lacks %q:\n%s", i+1, err, step.want, out)
		}
		if !strings.Contains(out, "field     source from column \"origin\"") {
			t.Fatalf("run %d does not say how columns were mapped:\n%s", i+1, out)
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"nothing to send":      {[]string{"mid-market"}, "nothing to send"},
		"no target":            {[]string{"--events", "x"}, "either a CONTRACT or an address"},
		"two targets":          {[]string{"mid-market", "--to", "http://x", "--events", "x"}, "either a CONTRACT or an address"},
		"no token":             {[]string{"--to", "http://x", "--events", "x"}, "--token-file"},
		"no definition":        {[]string{"--to", "http://x", "--token-file", "x", "--leads", "x"}, "--definition"},
		"an anchor for what":   {[]string{"mid-market", "--events", "x", "--anchor", "now"}, "--shift-to-now"},
		"too many in flight":   {[]string{"mid-market", "--events", "x", "--in-flight", "65"}, "1 to 64"},
		"an address of no use": {[]string{"--to", "localhost:8080", "--token-file", "replay_test.go", "--events", "x"}, "no address"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := runCLI(t, append([]string{"replay"}, tc.args...)...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}
