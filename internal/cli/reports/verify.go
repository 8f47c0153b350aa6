// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"errors"
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
)

// Standing of a report.
type Standing string

// The standings.
const (
	Verified Standing = "Verified" // as it was made
	Tampered Standing = "Tampered" // changed since, or never made like this
	Restated Standing = "Restated" // as it was made, and what it counted came to count differently since
	Sealed   Standing = "Sealed"   // its seal fits; whoever changed it could have sealed it anew, which only the ledger's copy tells
)

// Verdict on a report.
type Verdict struct {
	Report

	Standing Standing `json:"standing"`
	Proofs   []string `json:"proofs"`  // what was checked and holds
	Flaws    []string `json:"flaws"`   // what does not
	Changes  []Change `json:"changes"` // of the counts since it was made
}

// Change of a count of a closed period.
type Change struct {
	Clause string `json:"clause"`
	Tier   string `json:"tier,omitempty"`
	Period string `json:"period"`
	Was    string `json:"was"`
	Is     string `json:"is"`
}

func (c Change) String() string {
	name := c.Clause
	if c.Tier != "" {
		name += ", " + c.Tier
	}
	return fmt.Sprintf("%s in %s: was %s, is %s", name, c.Period, c.Was, c.Is)
}

// Check the seal of a report, and that its texts say what was sealed. of is where it is kept; kept is the ledger's own copy, nil where it has
// none, and asked whether the ledger was asked.
func Check(of Report, kept *ledger.Report, asked bool) Verdict {
	v := Verdict{Report: of, Proofs: []string{}, Flaws: []string{}, Changes: []Change{}}
	document, err := review.Open([]byte(of.JSON))
	switch {
	case of.JSON == "":
		v.Flaws = append(v.Flaws, "it has no report.json, and so no seal: an earlier version of the program made it, or somebody else")
	case errors.Is(err, review.ErrSeal):
		v.Flaws = append(v.Flaws, "its inputs were changed: "+err.Error())
	case err != nil:
		v.Flaws = append(v.Flaws, "it cannot be read: "+err.Error())
	default:
		v.sealed(document)
	}
	worded := document == nil || v.worded(document)
	switch {
	case kept != nil:
		v.compare(kept, worded)
	case asked:
		v.Flaws = append(v.Flaws, "the ledger has no such report")
	case !worded:
		v.Flaws = append(v.Flaws, "its text is not what its inputs give: it was changed, or another version of the program made it; the ledger's copy tells which")
	}
	v.stand(kept != nil)
	return v
}

// sealed compares what is written around a report with what is sealed in it.
func (v *Verdict) sealed(document *review.Document) {
	facts := document.Facts()
	seal, err := document.Seal()
	if err != nil {
		v.Flaws = append(v.Flaws, err.Error())
		return
	}
	for _, said := range [][3]string{
		{"the seal", v.Seal, seal},
		{"the period", v.Period, string(facts.Period)},
		{"the review", v.Review, facts.Review},
		{"the cadence", v.Cadence, facts.Cadence},
		{"the result", v.Result, document.Result()},
	} {
		if said[1] != "" && said[1] != said[2] {
			v.Flaws = append(v.Flaws, fmt.Sprintf("%s beside it is %q, in it %q", said[0], said[1], said[2]))
		}
	}
	if v.Namespace != "" && !strings.HasPrefix(facts.Contract, v.Namespace+"/") {
		v.Flaws = append(v.Flaws, fmt.Sprintf("it is in namespace %s, and about %s", v.Namespace, facts.Contract))
	}
	v.Seal, v.Period, v.Review, v.Cadence, v.Result = seal, string(facts.Period), facts.Review, facts.Cadence, document.Result()
	if len(v.Flaws) == 0 {
		v.Proofs = append(v.Proofs, "the seal "+seal+" is that of its inputs")
	}
}

// worded says whether the texts are what the inputs give.
func (v *Verdict) worded(document *review.Document) bool {
	text, err := document.JSON()
	same := err == nil && string(text) == v.JSON
	if v.Markdown != "" {
		same = same && document.Markdown() == v.Markdown
	}
	if same {
		v.Proofs = append(v.Proofs, "its text is what its inputs give")
	}
	return same
}

// compare with the ledger's copy.
func (v *Verdict) compare(kept *ledger.Report, worded bool) {
	var differ []string
	for _, form := range [][3]string{{"report.json", v.JSON, kept.JSON}, {"report.md", v.Markdown, kept.Markdown}, {"report.html", v.HTML, kept.HTML}} {
		if form[1] != "" && form[1] != form[2] {
			differ = append(differ, form[0])
		}
	}
	if v.Seal != kept.Seal {
		differ = append(differ, "the seal")
	}
	at := kept.MadeAt.Format("2006-01-02 15:04 MST")
	switch {
	case len(differ) > 0:
		v.Flaws = append(v.Flaws, fmt.Sprintf("it is not the ledger's copy of %s: other are %s", at, strings.Join(differ, ", ")))
	case worded:
		v.Proofs = append(v.Proofs, "it is the ledger's copy, made on "+at)
	default:
		v.Proofs = append(v.Proofs, "it is the ledger's copy, made on "+at+" by another version of the program, which words it otherwise")
	}
}

func (v *Verdict) stand(compared bool) {
	switch {
	case len(v.Flaws) > 0:
		v.Standing = Tampered
	case compared:
		v.Standing = Verified
	default:
		v.Standing = Sealed
	}
}

// Recount adds what came to count differently since.
func (v *Verdict) Recount(changes []Change) {
	v.Changes = append(v.Changes, changes...)
	if len(changes) == 0 {
		v.Proofs = append(v.Proofs, "its numbers are what the ledger counts today")
	} else if v.Standing == Verified {
		v.Standing = Restated
	}
}
