// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

// Run a backtest.
func Run(ctx context.Context, in Input) (*Report, error) {
	in.Workers = max(1, in.Workers)
	in.enforce()
	if len(in.files()) == 0 {
		return nil, errors.New("nothing to read: --leads FILE.csv, or --events FILE.ndjson")
	}
	if n := slices.Index(in.files(), "-"); n >= 0 && slices.Index(in.files()[n+1:], "-") >= 0 {
		return nil, errors.New("standard input can be read once only")
	}
	t, err := in.judge(ctx, len(in.files()) > 1 || len(in.Leads) == 0 || in.byAccount())
	if errors.Is(err, errRepeated) {
		if in.files()[0] != "-" {
			t, err = in.judge(ctx, true)
		} else {
			err = errors.New("standard input has several rows of a lead, which have to be joined; give a file instead")
		}
	}
	if err != nil {
		return nil, err
	}
	if t.leads > 0 && t.outcomes.leads >= t.leads {
		return nil, fmt.Errorf("--outcome %q: %s", in.Outcome, strings.Join(t.outcomes.notes(t.leads), "; "))
	}
	return build(&in, t), nil
}

// judge all leads; together says that several rows may tell of a lead.
func (in *Input) judge(ctx context.Context, together bool) (*tally, error) {
	all, err := in.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = closeAll(all) }() // they were only read
	if len(in.Events) == 0 {
		if err := nothing(all); err != nil {
			return nil, err
		}
	}
	total := newTally(in.Examples)
	columns := in.columns(all)
	var o *outcome
	if len(columns) > 0 { // no outcome can be checked against files that are all empty
		if o, err = newOutcome(in.Outcome, in.New.Definition.Fields, columns); err != nil {
			return nil, err
		}
	}
	for _, s := range all {
		in.absent(s, all)
		if found := s.reader.Problems(); in.Options.Strict && found.Count > 0 {
			return nil, found.First[0]
		}
	}
	readable := slices.DeleteFunc(slices.Clone(all), (*source).empty)
	switch {
	case together:
		err = join(ctx, in, all, columns, o, total)
	case len(readable) == 1:
		err = stream(ctx, in, readable[0], o, total)
	}
	for _, s := range all {
		total.problems.Merge(s.reader.Problems())
	}
	if err == nil {
		err = in.unseen(all, columns)
	}
	lost := int64(total.problems.Lost) // rows of which nothing could be read
	total.rows, total.skipped = total.rows+lost, total.skipped+lost
	return total, err
}

// nothing to read: all files of leads are empty.
func nothing(all []*source) error {
	var names []string
	for _, s := range all {
		if s.role > joined {
			continue
		}
		if !s.empty() {
			return nil
		}
		names = append(names, s.reader.Name())
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%s: the file is empty; leads are needed, with a header line", strings.Join(names, ", "))
}

// columns of all files of leads; of events, the properties that the definition reads.
func (in *Input) columns(all []*source) []string {
	var columns []string
	add := func(name string) {
		if !slices.Contains(columns, name) && name != "" {
			columns = append(columns, name)
		}
	}
	for _, s := range all {
		if s.role == base || s.role == joined {
			for _, name := range s.columns {
				add(name)
			}
		}
	}
	if len(in.Events) > 0 {
		for _, f := range in.New.Definition.Fields {
			add(f.SourceProperty())
		}
	}
	return columns
}

// otherCase asks for a column that has the name in other capitals.
func otherCase(name string, columns []string) string {
	i := slices.IndexFunc(columns, func(c string) bool { return c != name && strings.EqualFold(c, name) })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean the column %q?", columns[i])
}

// absent tells of fields that no file has a column for.
func (in *Input) absent(s *source, all []*source) {
	if s.role != base || s.empty() || len(in.Events) > 0 || s.number > 0 {
		return
	}
	var missing []string
	for _, f := range in.New.Definition.Fields {
		has := func(other *source) bool {
			return other.role <= joined && slices.Contains(other.columns, f.SourceProperty())
		}
		if !slices.ContainsFunc(all, has) {
			missing = append(missing, fmt.Sprintf("%s (field %s%s)", f.SourceProperty(), f.Name, otherCase(f.SourceProperty(), in.columns(all))))
		}
	}
	if len(missing) > 0 {
		s.reader.Problems().Add(s.problem(1, leadfile.KindColumn, "columns that the definition reads are not there: %s", strings.Join(missing, ", ")))
	}
}
