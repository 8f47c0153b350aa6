// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Example of a lead that two definitions judge differently.
type Example struct {
	ID        string   `json:"id"`
	Place     string   `json:"place"` // file:line
	Score     int      `json:"score"`
	OldScore  int      `json:"oldScore"`
	Converted *bool    `json:"converted"`
	Why       []string `json:"why"`

	order int64 // in the files; those that stand first are shown
}

// examples keep the first leads of the files that changed each way.
type examples struct {
	most         int
	gained, lost []Example
}

// wanted says whether an example of this order would be kept.
func (e *examples) wanted(l judged, order int64) bool {
	list := e.list(l)
	return list != nil && e.most > 0 && (len(*list) < e.most || order < (*list)[len(*list)-1].order)
}

func (e *examples) list(l judged) *[]Example {
	switch {
	case !l.compared || l.now.mql == l.was.mql:
		return nil
	case l.now.mql:
		return &e.gained
	default:
		return &e.lost
	}
}

func (e *examples) insert(list *[]Example, x Example) {
	at, _ := slices.BinarySearchFunc(*list, x.order, func(a Example, order int64) int {
		if a.order <= order {
			return -1
		}
		return 1
	})
	*list = slices.Insert(*list, at, x)
	*list = (*list)[:min(len(*list), e.most)]
}

func (e *examples) merge(o *examples) {
	e.most = max(e.most, o.most)
	for _, x := range o.gained {
		e.insert(&e.gained, x)
	}
	for _, x := range o.lost {
		e.insert(&e.lost, x)
	}
}

// differ says why two definitions judge leads differently; it serves one goroutine.
type differ struct{ now, was *explain.Explainer }

func newDiffer(in *Input) (*differ, error) {
	if in.Old == nil {
		return nil, nil
	}
	now, err := explain.New(in.New.Name, in.New.Definition)
	if err != nil {
		return nil, err
	}
	was, err := explain.New(in.Old.Name, in.Old.Definition)
	return &differ{now: now, was: was}, err
}

// why lists the rules that give other points and what the paths of the definition that refuses the lead lack, when the other one hands it
// off.
func (d *differ) why(l judged, history []lead.Event) (score, old int, why []string) {
	gained, at := l.now.mql, l.was.at
	if gained {
		at = l.now.at
	}
	history = slices.DeleteFunc(slices.Clone(history), func(e lead.Event) bool { return e.Time.After(at) })
	now, was := d.now.Lead(l.id, history), d.was.Lead(l.id, history)
	why = pointsThatDiffer(&was, &now)
	refuses, of := &now, "now"
	if gained {
		refuses, of = &was, "before"
	}
	for _, p := range refuses.Paths {
		if !p.Holds {
			why = append(why, fmt.Sprintf("%s, path %s: %s", of, p.Name, lacks(p)))
		}
	}
	if len(refuses.Missing) > 0 {
		why = append(why, fmt.Sprintf("%s, no value for %s", of, strings.Join(refuses.Missing, ", ")))
	}
	return now.Score.Clamped, was.Score.Clamped, why
}

// lacks is what a path lacks. Of the account it is known here, other than where one lead is asked about.
func lacks(p explain.Path) string {
	if p.Account != nil && len(p.Criteria) == 0 {
		return p.Account.Asks() + ", at none of its events"
	}
	return strings.Join(p.Lacks(), "; ")
}

func pointsThatDiffer(was, now *explain.Explanation) []string {
	before := map[string]float64{}
	for _, g := range was.Groups {
		for _, r := range g.Rules {
			before[r.Name] = r.Points
		}
	}
	var texts []string
	for _, g := range now.Groups {
		for _, r := range g.Rules {
			if old := before[r.Name]; old != r.Points {
				texts = append(texts, fmt.Sprintf("%s %s -> %s", r.Name, points(old), points(r.Points)))
			}
			delete(before, r.Name)
		}
	}
	for _, g := range was.Groups {
		for _, r := range g.Rules {
			if old := before[r.Name]; old != 0 {
				texts = append(texts, fmt.Sprintf("%s %s -> no such rule", r.Name, points(old)))
			}
		}
	}
	return texts
}
