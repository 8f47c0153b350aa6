// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// JSON writes one object.
func (f Funnel) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(f)
}

// Text writes the chain in words, and the table of other rates.
func (f Funnel) Text(out io.Writer) error {
	opportunities, mqls := short(f.Opportunities), money(json.Number(strconv.Itoa(f.MQLs)))
	if f.forwards {
		fmt.Fprintf(out, "%s a month %s worth %s in bookings a month:\n", of(money(f.Exact), "MQL"), are(f.Exact), money(f.Bookings))
		fmt.Fprintf(out, "  %s%% of them become opportunities: %s\n", f.ToOpportunity, opportunities)
		fmt.Fprintf(out, "  %s%% of these are won: %s\n", f.CloseRate, of(short(f.Deals), "deal"))
		fmt.Fprintf(out, "  a deal is worth %s: %s\n", money(json.Number(fmt.Sprint(f.DealSize))), money(f.Bookings))
	} else {
		fmt.Fprintf(out, "%s in bookings a month take %s a month:\n", money(f.Bookings), of(mqls, "MQL"))
		fmt.Fprintf(out, "  a deal is worth %s: %s\n", money(json.Number(fmt.Sprint(f.DealSize))), of(short(f.Deals), "deal"))
		fmt.Fprintf(out, "  %s%% of opportunities are won: %s\n", f.CloseRate, of(opportunities, "opportunity"))
		fmt.Fprintf(out, "  %s%% of MQLs become opportunities: %s, rounded %s\n", f.ToOpportunity, of(short(f.Exact), "MQL"), mqls)
	}
	fmt.Fprintf(out, "\n%s when a rate is %d points off:\n\n", map[bool]string{false: "MQLs", true: "Bookings"}[f.forwards], sway)
	return f.table(out)
}

// table has a row for each close rate and a column for each MQL-to-opportunity rate.
func (f Funnel) table(out io.Writer) error {
	var rows, columns []json.Number
	cells := map[[2]json.Number]string{}
	for _, c := range f.Sensitivity {
		if !slices.Contains(rows, c.CloseRate) {
			rows = append(rows, c.CloseRate)
		}
		if !slices.Contains(columns, c.ToOpportunity) {
			columns = append(columns, c.ToOpportunity)
		}
		cells[[2]json.Number{c.CloseRate, c.ToOpportunity}] = c.value()
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "close rate \\ MQL to opportunity\t")
	for _, column := range columns {
		fmt.Fprintf(w, "%s%%\t", column)
	}
	for _, row := range rows {
		fmt.Fprintf(w, "\n%s%%\t", row)
		for _, column := range columns {
			cell, known := cells[[2]json.Number{row, column}]
			if !known {
				cell = "-"
			}
			fmt.Fprintf(w, "%s\t", cell)
		}
	}
	fmt.Fprintln(w)
	return w.Flush()
}

func (c Case) value() string {
	if c.Bookings != "" {
		return money(c.Bookings)
	}
	return money(json.Number(fmt.Sprint(c.MQLs)))
}

// of is a number of things.
func of(n, thing string) string {
	if n == "1" {
		return n + " " + thing
	}
	if stem, ends := strings.CutSuffix(thing, "y"); ends {
		return n + " " + stem + "ies"
	}
	return n + " " + thing + "s"
}

func are(n json.Number) string {
	if n == "1" {
		return "is"
	}
	return "are"
}

// short says when a number was cut.
func short(n json.Number) string {
	_, fraction, _ := strings.Cut(n.String(), ".")
	if len(fraction) == decimals {
		return "about " + money(n)
	}
	return money(n)
}

// money groups the whole part by thousands.
func money(n json.Number) string {
	whole, fraction, dotted := strings.Cut(n.String(), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		return whole + "." + fraction
	}
	return whole
}
