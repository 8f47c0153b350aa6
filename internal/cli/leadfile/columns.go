// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"fmt"
	"slices"
	"strings"
)

// tolerated is the share of values, in percent, that may be empty or unreadable in a column that is detected. Such rows
// are reported later; one bad row must not hide the column from all others.
const tolerated = 10

// delimiters that are told apart, the likelier first.
var delimiters = []byte{',', ';', '\t', '|'}

// Delimiter is the one that the header line has most of outside quotes.
func Delimiter(header string) byte {
	counts := map[byte]int{}
	quoted := false
	for i := range len(header) {
		switch c := header[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && slices.Contains(delimiters, c):
			counts[c]++
		}
	}
	best := delimiters[0]
	for _, c := range delimiters {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// Column is the place of a named column.
func Column(file string, columns []string, name string) (int, error) {
	if i := slices.Index(columns, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%s: no column %q%s; columns are %s", file, name, sameButForCase(columns, name), strings.Join(columns, ", "))
}

// sameButForCase hints at a column that has the name in other letters; empty when there is none.
func sameButForCase(columns []string, name string) string {
	i := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %q", columns[i])
}

// IDColumn is the first column named id or *_id whose values are unique in the rows.
func IDColumn(file string, columns []string, rows []Row) (int, error) {
	return detect(file, columns, rows, "--id-column", "unique ids named id, lead_id or *_id", unique)
}

// TimeColumn is the first column of dates.
func TimeColumn(file string, columns []string, rows []Row) (int, error) {
	return detect(file, columns, rows, "--time-column", "dates", dates)
}

func detect(file string, columns []string, rows []Row, flag, kind string, is func([]string, []Row, int) bool) (int, error) {
	for i := range columns {
		if is(columns, rows, i) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s: no column with %s; name one with %s (columns are %s)", file, kind, flag, strings.Join(columns, ", "))
}

// IsIDName says whether a column of this name may hold ids.
func IsIDName(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || strings.HasSuffix(name, "_id")
}

func unique(columns []string, rows []Row, column int) bool {
	if !IsIDName(columns[column]) {
		return false
	}
	seen, empty := make(map[string]bool, len(rows)), 0
	for _, row := range rows {
		value := row.Cells[column]
		if value == "" {
			empty++
			continue
		}
		if seen[value] {
			return false
		}
		seen[value] = true
	}
	return len(seen) > 0 && empty*100 <= tolerated*len(rows)
}

func dates(_ []string, rows []Row, column int) bool {
	read, bad := 0, 0
	for _, row := range rows {
		if row.Cells[column] == "" {
			continue
		}
		if _, err := ParseTime(row.Cells[column]); err != nil {
			bad++
			continue
		}
		read++
	}
	return read > 0 && bad*100 <= tolerated*(read+bad)
}
