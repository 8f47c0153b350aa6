// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/notify"
)

// compose writes a message: ids, clauses and times, and nothing of what the leads are.
func compose(m *ledger.Message, contract string, zone *time.Location) notify.Document {
	d := notify.Document{Ref: fmt.Sprintf("handoff-message-%d", m.ID)}
	switch {
	case m.Step != nil:
		d.Title, d.Text = composeStep(m, contract, zone)
	case m.Report != nil:
		composeReport(&d, m, contract)
	default:
		d.Title, d.Text = composeItems(m, contract, zone)
	}
	return d
}

// composeReport sends the summary, and the page to who can take it.
func composeReport(d *notify.Document, m *ledger.Message, contract string) {
	r := m.Report
	namespace, name, _ := strings.Cut(contract, "/")
	d.Title = fmt.Sprintf("SLA report %s, %s: %s: %s", contract, r.Review, r.Period.Label(), r.Result)
	d.Text = fmt.Sprintf("%s\n\nContract %s. See: kubectl sla report %s -n %s --review %s --period %s\nSeal %s\nRef %d",
		strings.TrimSpace(r.Summary), contract, r.Cadence, namespace, r.Review, r.Period, r.Seal, m.ID)
	d.Name, d.HTML = fmt.Sprintf("%s-%s-%s.html", name, r.Review, r.Period), r.HTML
}

func composeItems(m *ledger.Message, contract string, zone *time.Location) (title, text string) {
	if len(m.Items) == 1 && m.Items[0].Level.Urgent() {
		n := m.Items[0]
		title = fmt.Sprintf("SLA %s: %s", heading[n.Level], cmp.Or(string(n.Clause), "lead "+n.Lead))
		return title, fmt.Sprintf("%s\nContract %s. See: kubectl sla lead %s\nRef %s", sentence(n, zone), contract, n.Lead, reference(m, n))
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s about leads of contract %s:\n", plural(len(m.Items), "item"), contract)
	for _, level := range digestLevels {
		for _, n := range m.Items {
			if n.Level == level {
				fmt.Fprintf(&out, "- %s\n", sentence(n, zone))
			}
		}
	}
	fmt.Fprintf(&out, "See: kubectl sla lead %s\nRef %d", m.Items[0].Lead, m.ID)
	return fmt.Sprintf("SLA digest: %s", plural(len(m.Items), "item")), out.String()
}

var heading = map[ledger.Level]string{
	ledger.AtRisk: "at risk", ledger.Breach: "breach", ledger.Escalation: "breach", ledger.SetBack: "set back", ledger.SetBackStopped: "not set back any more",
}

// digestLevels in the order in which a digest has them: what asks for something first.
var digestLevels = []ledger.Level{ledger.Assigned, ledger.Reassigned, ledger.Released, ledger.Held, ledger.Rejected}

func sentence(n ledger.Notice, zone *time.Location) string {
	lead := "lead " + n.Lead
	switch n.Level {
	case ledger.AtRisk:
		return fmt.Sprintf("At risk: %s of %s is due %s.", clause(n), lead, moment(n.Due, zone))
	case ledger.Breach:
		return fmt.Sprintf("Breach: %s of %s was due %s and is not done.", clause(n), lead, moment(n.Due, zone))
	case ledger.Escalation:
		if n.Rep == "" {
			return fmt.Sprintf("Breach: %s of %s was due %s and is still not done. Nobody owns the lead.", clause(n), lead, moment(n.Due, zone))
		}
		return fmt.Sprintf("Breach: %s of %s was due %s and is still not done by %s.", clause(n), lead, moment(n.Due, zone), n.Rep)
	case ledger.Assigned:
		return fmt.Sprintf("New: %s is yours since %s.", lead, moment(n.At, zone))
	case ledger.Reassigned:
		return fmt.Sprintf("Reassigned: %s is yours since %s. Its clocks go on as they were.", lead, moment(n.At, zone))
	case ledger.Released:
		return fmt.Sprintf("Released: %s is not yours any more since %s.", lead, moment(n.At, zone))
	case ledger.Held:
		return fmt.Sprintf("Returned: %s is held until it has %s.", lead, strings.Join(n.Detail, ", "))
	case ledger.Rejected:
		return fmt.Sprintf("Rejected: %s by sales, %s.", lead, strings.Join(n.Detail, ", "))
	case ledger.SetBack:
		return fmt.Sprintf("Set back: %s in the CRM, since %s. %s", lead, moment(n.At, zone), why(n))
	case ledger.SetBackStopped:
		return fmt.Sprintf("Not set back any more: %s in the CRM, since %s. %s "+
			"Find out what changes it (a workflow, an import, another program, or a person who was not told), and stop that. Then: kubectl sla crm resume %s",
			lead, moment(n.At, zone), why(n), n.Lead)
	default:
		return fmt.Sprintf("%s: %s.", n.Level, lead)
	}
}

// why something was set back, as the note in the CRM has it.
func why(n ledger.Notice) string {
	var sentences []string
	for _, line := range n.Detail {
		if line = strings.TrimSpace(line); line != "" {
			sentences = append(sentences, sentenceOf(line))
		}
	}
	return strings.Join(sentences, " ")
}

func clause(n ledger.Notice) string {
	if n.Tier == "" {
		return string(n.Clause)
	}
	return fmt.Sprintf("%s (%s)", n.Clause, n.Tier)
}

// moment in the zone of the contract.
func moment(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("Mon 2 Jan 2006 15:04 MST")
}

// reference is the same however often the message is sent.
func reference(m *ledger.Message, n ledger.Notice) string {
	if n.Clause == "" {
		return fmt.Sprintf("%d %s/%d/%s", m.ID, n.Lead, n.Cycle, n.Level)
	}
	return fmt.Sprintf("%d %s/%d/%s/%s", m.ID, n.Lead, n.Cycle, n.Clause, n.Level)
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
