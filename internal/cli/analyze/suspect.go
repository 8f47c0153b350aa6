// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

// Why a column is left out.
const (
	WhyOutcome  = "outcome"   // the outcome is made of it
	WhyLeak     = "leak"      // known only after the outcome
	WhyID       = "id"        // each lead has its own
	WhyFreeText = "free text" // nobody can list its values
	WhyDate     = "date"      // a rule on a date says nothing of later leads
	WhyConstant = "constant"  // the same for all leads
	WhyEmpty    = "empty"     // no lead has it
	WhyExcluded = "excluded"  // by --exclude
)

// Bounds of what is suspicious.
const (
	leakAUC      = 0.95 // a single field that tells the outcome this well was filled in after it
	leakRate     = 0.99 // share of the leads that have the value and the same outcome
	leakByChance = 1e-6 // probability below which that is no accident
	idShare      = 0.9  // different values per lead
	textShare    = 0.5
	textWords    = 4 // per value, on average
)

// LeftOut is a column that is not used, and why.
type LeftOut struct {
	Property string `json:"property"`
	File     string `json:"file,omitempty"`
	Why      string `json:"why"`
	Reason   string `json:"reason"`
}

// suspicion of a column before its values are looked at; Why is empty when there is none.
func (s *Sample) suspicion(column int, v *variable) (why, reason string) {
	c := s.Columns[column]
	switch {
	case c.Truth:
		return WhyOutcome, "the outcome is made of it"
	case c.ID:
		return WhyID, "it identifies the lead"
	case v == nil || v.present == 0:
		return WhyEmpty, "no lead has a value"
	}
	if reason := s.fileLeaks(c.File); reason != "" {
		return WhyLeak, reason
	}
	if reason := s.presenceLeaks(func(r row) bool { return r.cells[column] != "" }); reason != "" {
		return WhyLeak, "it is known for " + reason
	}
	return v.shape(s.texts(column), c.Property)
}

// fileLeaks says whether a joined file has rows for one outcome only: all its columns were then known only after it.
func (s *Sample) fileLeaks(file string) string {
	if file == "" {
		return ""
	}
	var columns []int
	for i, c := range s.Columns {
		if c.File == file && !c.ID {
			columns = append(columns, i)
		}
	}
	reason := s.presenceLeaks(func(r row) bool {
		return slices.ContainsFunc(columns, func(i int) bool { return r.cells[i] != "" })
	})
	if reason == "" {
		return ""
	}
	return file + " has rows for " + reason
}

// presenceLeaks says whether the leads that have something all have the same outcome, when that is no accident.
func (s *Sample) presenceLeaks(has func(row) bool) string {
	with, all := cellOf(s.kept, has), s.cell()
	n := float64(with.Total())
	if with.Total() == 0 || with.Total() == all.Total() || all.Yes == 0 || all.No == 0 {
		return ""
	}
	switch rate := with.Rate(); {
	case rate >= leakRate && n*math.Log(all.Rate()) < math.Log(leakByChance):
		return fmt.Sprintf("%s, of which %s converted (of all leads %s did)", leads(with.Total()), allOr(with), percent(all.Rate()))
	case 1-rate >= leakRate && n*math.Log(1-all.Rate()) < math.Log(leakByChance) && with.Yes == 0:
		return fmt.Sprintf("%s, none of which converted (of all leads %s did)", leads(with.Total()), percent(all.Rate()))
	}
	return ""
}

func allOr(c stats.Cell) string {
	if c.No == 0 {
		return "all"
	}
	return thousands(c.Yes)
}

// shape of the values: those that no rule can be made of.
func (v *variable) shape(texts []string, property string) (why, reason string) {
	share := float64(v.distinct) / float64(v.present)
	enough := v.present >= 2*leastRows
	switch {
	case v.kind == lead.Timestamp:
		return WhyDate, "a date: a rule on it says nothing of later leads"
	case v.distinct == 1 && v.present == len(texts):
		return WhyConstant, "the same for all leads"
	case v.kind == lead.StringList || v.kind == lead.Boolean || v.kind == lead.Number || !enough:
		return "", ""
	case v.kind == lead.Integer:
		if share > idShare && leadfile.IsIDName(property) {
			return WhyID, idReason(v)
		}
		return "", ""
	case share > textShare && words(texts) >= textWords*float64(v.present):
		return WhyFreeText, fmt.Sprintf("free text: %s texts of %.0f words on average", thousands(v.distinct), words(texts)/float64(v.present))
	case share > idShare:
		return WhyID, idReason(v)
	}
	return "", ""
}

func idReason(v *variable) string {
	return fmt.Sprintf("id-like: %s different values in %s", thousands(v.distinct), leads(v.present))
}

func words(texts []string) float64 {
	n := 0
	for _, text := range texts {
		n += len(strings.Fields(text))
	}
	return float64(n)
}

// alone is how well a variable alone tells the outcome, on leads that its classes were not made from; NaN when that cannot be said.
func alone(v *variable, outcomes []bool) float64 {
	validation, err := stats.CrossValidate(outcomes, folds, func(train []int) (func(int) float64, error) {
		c := newClassing(v, train, outcomes)
		weights := stats.WeightsOfEvidence(c.cells())
		return func(i int) float64 { return weights[c.of(i)] }, nil
	})
	if err != nil {
		return math.NaN()
	}
	return validation.AUC
}
