// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/cli/target"
)

// inputSpecs: bad input at the real ingest address.
func inputSpecs() {
	var to *target.Target

	BeforeAll(func(ctx SpecContext) {
		var err error
		to, err = target.Contract(ctx, env.Config, setup.SampleNamespace, setup.SampleContract)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { to.Close() })
	})

	once := func(ctx SpecContext, token, contentType string, body []byte) (int, string) {
		GinkgoHelper()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
		Expect(err).NotTo(HaveOccurred())
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := to.Client.Do(req)
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		Expect(err).NotTo(HaveOccurred())
		return resp.StatusCode, string(text)
	}
	// post sends again as long as the answer is "try again": a worker may not have noticed yet that the database, which died a moment
	// ago, is back.
	post := func(ctx SpecContext, token, contentType string, body []byte) (code int, text string) {
		GinkgoHelper()
		Eventually(ctx, func() int {
			code, text = once(ctx, token, contentType, body)
			return code
		}).ShouldNot(Equal(http.StatusServiceUnavailable), "%s", text)
		return code, text
	}
	const (
		single = "application/cloudevents+json"
		batch  = "application/cloudevents-batch+json"
		events = "SELECT count(*) FROM events WHERE tenant = 'mid-market'"
	)
	unique := fmt.Sprint(time.Now().UnixNano()) // a run against a kept cluster needs other identities
	good := func(lead string) sample.Event {
		return event(lead+"-"+unique, "captured", time.Now().Add(-time.Minute), 1, map[string]any{"properties": properties(lead)})
	}
	with := func(e sample.Event, change func(*sample.Event)) sample.Event { change(&e); return e }

	It("refuses what is wrong, names the field and writes nothing", func(ctx SpecContext) {
		before := number(ctx, events)
		future := with(good("bad"), func(e *sample.Event) { e.Time = time.Now().Add(time.Hour) })
		for name, c := range map[string]struct {
			token, contentType string
			body               []byte
			code               int
			says               string
		}{
			"a wrong token":      {"guess", single, toJSON(good("bad")), 401, ""},
			"an oversized body":  {to.Token, single, bytes.Repeat([]byte(" "), 4<<20+1), 413, "4 MiB"},
			"another type":       {to.Token, "text/plain", toJSON(good("bad")), 415, ""},
			"not JSON":           {to.Token, single, []byte("{"), 400, ""},
			"an unknown type":    {to.Token, single, toJSON(with(good("bad"), func(e *sample.Event) { e.Type = "dev.handoff.lead.gone" })), 400, "type"},
			"an impossible time": {to.Token, single, toJSON(future), 400, "time"},
			"an impossible value": {to.Token, single, toJSON(with(good("bad"), func(e *sample.Event) {
				e.Data = map[string]any{"properties": map[string]any{"numberofemployees": "many"}}
			})), 400, "numberofemployees"},
			"a lead without id": {to.Token, single, toJSON(with(good("bad"), func(e *sample.Event) { e.Subject = "" })), 400, "subject"},
		} {
			code, text := post(ctx, c.token, c.contentType, c.body)
			Expect(code).To(Equal(c.code), "%s: %s", name, text)
			Expect(text).To(ContainSubstring(c.says), name)
		}
		Expect(number(ctx, events)).To(Equal(before))
	})

	It("keeps the good events of a batch", func(ctx SpecContext) {
		before := number(ctx, events)
		bad := with(good("half"), func(e *sample.Event) { e.ID, e.Type = "other", "nonsense" })
		uncoded := event("half-"+unique, "disposition", time.Now().Add(-time.Minute), 1, map[string]any{"outcome": "Recycled"})
		code, text := post(ctx, to.Token, batch, toJSON([]sample.Event{good("half"), bad, uncoded}))
		Expect(code).To(Equal(207), text)
		var answer struct {
			Accepted, Rejected int
			Results            []struct{ ID, Status, Field, Message string }
		}
		Expect(json.Unmarshal([]byte(text), &answer)).To(Succeed())
		Expect([]int{answer.Accepted, answer.Rejected}).To(Equal([]int{1, 2}))
		Expect(answer.Results[0].Status).To(Equal("Accepted"))
		Expect(answer.Results[1].Status).To(Equal("Invalid"))
		Expect(answer.Results[1].Field).To(Equal("type"))
		Expect([]string{answer.Results[2].Status, answer.Results[2].Field}).To(Equal([]string{"Invalid", "data.reason"}))
		Expect(answer.Results[2].Message).To(ContainSubstring("BadTiming"), "the codes that would do")
		Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM refusals WHERE lead_id = 'half-%s'", unique))).To(BeEquivalentTo(1))
		Expect(number(ctx, events)).To(Equal(before + 1))
	})

	It("is found by kubectl sla replay through the contract", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		GinkgoT().Setenv("XDG_CACHE_HOME", dir)
		file := filepath.Join(dir, "export-"+unique+".csv")
		rows := "lead_id,created,company,numberofemployees,shoe_size\n" +
			"replay-1-" + unique + ",2026-01-05 10:00:00,Example Testing,100,44\n" +
			"replay-2-" + unique + ",2026-01-06 10:00:00,Example Testing,many,44\n" +
			"replay-3-" + unique + ",2026-01-07\n"
		Expect(os.WriteFile(file, []byte(rows), 0o600)).To(Succeed())
		replayFile := func() (string, error) {
			var out strings.Builder
			root := cli.Root(time.Now)
			root.SetOut(&out)
			root.SetErr(&out)
			root.SetArgs([]string{
				"replay", setup.SampleContract, "-n", setup.SampleNamespace, "--kubeconfig", env.Kubeconfig, "--leads", file, "--shift-to-now",
			})
			err := root.ExecuteContext(ctx)
			return out.String(), err
		}
		before := number(ctx, events)
		text, err := replayFile()
		Expect(err).To(MatchError(ContainSubstring("2 of what was given was malformed or refused")))
		Expect(text).To(And(ContainSubstring("1 accepted, 0 duplicates (accepted before), 1 rejected"),
			ContainSubstring(file+":3: Invalid: data.properties.numberofemployees"), ContainSubstring(file+":4: 2 fields instead of 5"),
			ContainSubstring("not sent  column \"shoe_size\"")))
		text, err = replayFile()
		Expect(err).To(HaveOccurred())
		Expect(text).To(ContainSubstring("0 accepted, 1 duplicates (accepted before), 1 rejected"))
		Expect(number(ctx, events)).To(Equal(before + 1))
	})

	It("takes an event once, and refuses its identity with other content", func(ctx SpecContext) {
		e := good("once")
		for i, want := range []string{"Accepted", "Duplicate"} {
			code, text := post(ctx, to.Token, single, toJSON(e))
			Expect(code).To(Equal(202), text)
			Expect(text).To(ContainSubstring(want), "time %d", i+1)
		}
		e.Data = map[string]any{"properties": map[string]any{"company": "Another"}}
		code, text := post(ctx, to.Token, single, toJSON(e))
		Expect(code).To(Equal(409), text)
		Expect(strings.Count(text, "Conflict")).To(Equal(1))
	})
}
