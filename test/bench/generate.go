// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

const header = "lead_id,created,company,numberofemployees,annualrevenue,industry,country,jobtitle,seniority,department,email,phone,origin," +
	"web_technologies,num_visits,num_page_views,num_form_submissions,emails_opened,opted_out,budget,won\n"

var (
	industries   = []string{"saas", "finance", "insurance", "healthcare", "retail", "manufacturing", "logistics", "education", ""}
	countries    = []string{"US", "US", "US", "CA", "GB", "DE", "FR", "BR", "IN", "AU", "NL", "AQ", ""}
	seniorities  = []string{"intern", "individual", "individual", "manager", "manager", "director", "vp", "cxo", ""}
	departments  = []string{"marketing", "sales", "operations", "finance", "engineering", ""}
	titles       = []string{"Account Executive", "Marketing Manager", "Head of Operations", "VP of Sales", "Student Assistant", "Engineer", ""}
	origins      = []string{"organic search", "paid search", "social", "referral", "event", "email", "direct traffic"}
	technologies = []string{"salesforce", "hubspot", "kubernetes", "postgresql", "wordpress", "shopify", "snowflake", "react"}
)

// generate writes so many invented leads; the same number gives the same file.
func generate(name string, leads int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	if _, err := out.WriteString(header); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var row []byte
	for i := range leads {
		row = lead(row[:0], r, i, start.Add(time.Duration(float64(i)/float64(leads)*float64(365*24*time.Hour)).Truncate(time.Second)))
		if _, err := out.Write(row); err != nil {
			return err
		}
	}
	return out.Flush()
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func lead(row []byte, r *rand.Rand, i int, created time.Time) []byte {
	text := func(s string) { row = append(append(row, s...), ',') }
	number := func(n int, present float64) {
		if r.Float64() < present {
			row = strconv.AppendInt(row, int64(n), 10)
		}
		row = append(row, ',')
	}
	row = fmt.Appendf(row, "lead-%07d,%s,", i, created.Format("2006-01-02 15:04:05"))
	employees := int(1 + 3*expo(r)*expo(r)*20)
	seniority, forms := pick(r, seniorities), r.IntN(8)/6
	text(fmt.Sprintf("Example Company %d", r.IntN(200_000)))
	number(employees, 0.97)
	number(employees*(50_000+r.IntN(150_000)), 0.6)
	text(pick(r, industries))
	text(pick(r, countries))
	text(pick(r, titles))
	text(seniority)
	text(pick(r, departments))
	text(email(r, i))
	if r.Float64() < 0.7 {
		row = fmt.Appendf(row, "+1 555 %04d", r.IntN(10_000))
	}
	row = append(row, ',')
	text(pick(r, origins))
	for k := range r.IntN(4) {
		if k > 0 {
			row = append(row, ';')
		}
		row = append(row, pick(r, technologies)...)
	}
	row = append(row, ',')
	visits := int(4 * expo(r))
	number(visits, 0.95)
	number(visits*(1+r.IntN(6)), 0.95)
	number(forms, 0.95)
	number(r.IntN(12), 0.8)
	text([]string{"false", "false", "false", "false", "true"}[r.IntN(5)])
	number(1000*r.IntN(80), 0.2)
	chance := 0.02 + 0.15*float64(forms)
	if seniority == "vp" || seniority == "cxo" || seniority == "director" {
		chance += 0.08
	}
	return append(strconv.AppendBool(row, r.Float64() < chance), '\n')
}

func expo(r *rand.Rand) float64 { return r.ExpFloat64() }

func email(r *rand.Rand, i int) string {
	switch r.IntN(10) {
	case 0:
		return fmt.Sprintf("lead%d@gmail.com", i)
	case 1:
		return fmt.Sprintf("lead%d@yahoo.com", i)
	default:
		return fmt.Sprintf("lead%d@company%d.example", i, r.IntN(200_000))
	}
}
