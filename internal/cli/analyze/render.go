// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// maxShown are the values of a field that people read; JSON has all.
const maxShown = 12

// JSON writes the report as one object.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// Text writes the report for a terminal.
func (r *Report) Text(out io.Writer) error { return (&writer{out: out}).report(r) }

// Markdown writes the report for a pull request.
func (r *Report) Markdown(out io.Writer) error { return (&writer{out: out, markdown: true}).report(r) }

// writer of a report in either form.
type writer struct {
	out      io.Writer
	markdown bool
}

func (w *writer) report(r *Report) error {
	w.line("%s; outcome %s", r.about(), w.code(r.Outcome))
	if len(r.Fields) > 0 {
		w.title("Fields, the most informative first")
		w.table(fieldRows(r.Fields))
	}
	for _, f := range r.Fields {
		w.title(f.title())
		w.table(valueRows(f))
		if more := len(f.Values) - maxShown; more > 0 {
			w.line("%d more values; -o json has all", more)
		}
	}
	if len(r.LeftOut) > 0 {
		w.title("Columns that are not used")
		w.table(leftOutRows(r.LeftOut))
	}
	w.title("Draft of a score")
	if r.Draft == nil {
		w.line("None: %s.", r.NoDraft)
		return nil
	}
	w.draft(r.Draft)
	return nil
}

func (w *writer) draft(d *Draft) {
	rows := [][]string{{"POINTS", "RULE", "LEADS", "RATE", "LIFT", "WHEN"}}
	for _, rule := range d.Rules {
		rows = append(rows, []string{
			signed(rule.Points), rule.Name, thousands(rule.Leads), percent(rule.Rate.Share), lift(rule.Lift), w.code(w.short(rule.When)),
		})
	}
	w.table(rows)
	w.title("Thresholds")
	rows = [][]string{{"THRESHOLD", "MQLS", "CONVERTED", "PRECISION", "95% INTERVAL", "RECALL", ""}}
	for _, c := range d.Cuts {
		note := ""
		if c.Threshold == d.Threshold {
			note = "suggested"
		}
		rows = append(rows, []string{
			strconv.Itoa(c.Threshold), thousands(c.Qualified), thousands(c.Converted), percent(c.Precision.Share), c.Precision.interval(),
			percent(c.Recall.Share), note,
		})
	}
	w.table(rows)
	w.line("")
	w.line("%s", d.worth())
	for _, warning := range d.Warnings {
		w.line("")
		w.line("%s: %s.", w.strong("Warning"), warning)
	}
	w.line("")
	w.line("-o yaml writes it as a LeadDefinition to argue over; kubectl sla backtest replays leads against that.")
}

// worth of the draft in a sentence.
func (d *Draft) worth() string {
	return fmt.Sprintf("AUC %.3f on leads not fitted on (%d-fold cross-validation, standard error %.3f); %.3f on those fitted on.",
		d.AUC, len(d.Folds), d.AUCError, d.SeenAUC)
}

// leftOutRows has one row for all columns of the same reason.
func leftOutRows(all []LeftOut) [][]string {
	rows := [][]string{{"WHY", "REASON", "COLUMNS"}}
	for _, l := range all {
		at := slices.IndexFunc(rows, func(row []string) bool { return row[0] == l.Why && row[1] == l.Reason })
		if at < 0 {
			rows = append(rows, []string{l.Why, l.Reason, l.Property})
			continue
		}
		rows[at][2] += ", " + l.Property
	}
	return rows
}

func fieldRows(fields []Field) [][]string {
	rows := [][]string{{"FIELD", "TYPE", "PRESENT", "VALUES", "INFORMATION", "STRENGTH", "AUC ALONE"}}
	for _, f := range fields {
		auc := "-"
		if f.AUC != nil {
			auc = fmt.Sprintf("%.2f", *f.AUC)
		}
		rows = append(rows, []string{
			f.name(), f.Type, percent(f.Present), thousands(f.Distinct), fmt.Sprintf("%.3f", f.Information), f.Strength, auc,
		})
	}
	return rows
}

func (f Field) name() string {
	if f.Entry != "" {
		return fmt.Sprintf("%s has %q", f.Name, f.Entry)
	}
	return f.Name
}

func (f Field) title() string {
	title := fmt.Sprintf("%s (column %s): information value %.3f, %s", f.name(), f.Property, f.Information, f.Strength)
	if f.Misfits > 0 {
		title += fmt.Sprintf("; %s of another type read as absent", thousands(f.Misfits))
	}
	return title
}

func valueRows(f Field) [][]string {
	rows := [][]string{{"VALUE", "LEADS", "CONVERTED", "RATE", "95% INTERVAL", "LIFT"}}
	for _, v := range f.Values[:min(len(f.Values), maxShown)] {
		rows = append(rows, []string{
			oneLine(v.Label), thousands(v.Leads), thousands(v.Converted), percent(v.Rate.Share), v.Rate.interval(), lift(v.Lift),
		})
	}
	return rows
}

func (r Rate) interval() string { return fmt.Sprintf("%.1f to %.1f%%", 100*r.Low, 100*r.High) }

func lift(x float64) string { return fmt.Sprintf("%.2f", x) }

func signed(points int) string { return fmt.Sprintf("%+d", points) }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

func (w *writer) title(text string) {
	if w.markdown {
		w.line("\n### %s\n", text)
		return
	}
	w.line("\n%s\n", text)
}

func (w *writer) code(text string) string {
	if w.markdown {
		return "`" + strings.ReplaceAll(text, "`", "'") + "`"
	}
	return text
}

func (w *writer) strong(text string) string {
	if w.markdown {
		return "**" + text + "**"
	}
	return text
}

// short cuts an expression that no line of a terminal holds.
func (w *writer) short(text string) string {
	const most = 80
	runes := []rune(text)
	if w.markdown || len(runes) <= most {
		return text
	}
	return string(runes[:most-3]) + "..."
}

// table writes rows of which the first is the header.
func (w *writer) table(rows [][]string) {
	if w.markdown {
		for i, row := range rows {
			for n, cell := range row {
				row[n] = strings.ReplaceAll(cell, "|", `\|`)
			}
			w.line("| %s |", strings.Join(row, " | "))
			if i == 0 {
				w.line("|%s", strings.Repeat(" --- |", len(row)))
			}
		}
		return
	}
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(t, "  %s\n", strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	_ = t.Flush() // a CLI that cannot print has nobody to tell
}
