// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"strings"
)

// bulk is a column of a table that one statement writes for many rows: the values of all rows travel as one array, so that the statement is planned
// and answered once, whatever their number. What is to be written of T has one of these in a list.
type bulk[T any] struct {
	name string
	kind string             // type of the array's elements. An array of arrays cannot differ in length: those go as text, see arrayText
	set  string             // what the column is set to; empty: u.name
	of   func(rows []T) any // the array
}

// each row's value, as unnest takes them.
func eachOf[T, V any](of func(T) V) func([]T) any {
	return func(rows []T) any {
		values := make([]V, len(rows))
		for i, row := range rows {
			values[i] = of(row)
		}
		return values
	}
}

// unnest is the table of the values, u, whose arrays are the parameters from $2 on; $1 is the tenant. They stand in the list of what is selected,
// where all step together: as one function with many arguments in FROM, each array would be kept as a table of its own first.
func unnest[T any](keys, columns []bulk[T]) string {
	var arrays []string
	for i, c := range append(append([]bulk[T]{}, keys...), columns...) {
		arrays = append(arrays, fmt.Sprintf("unnest($%d::%s[]) AS %s", i+2, c.kind, quoted(c.name)))
	}
	return "(SELECT " + strings.Join(arrays, ", ") + ") AS u"
}

// updateAll is the statement that writes the columns of rows which are there; its rows are l and u.
func updateAll[T any](table string, keys, columns []bulk[T]) string {
	var sets, same []string
	for _, c := range columns {
		value := c.set
		if value == "" {
			value = "u." + quoted(c.name)
		}
		sets = append(sets, quoted(c.name)+" = "+value)
	}
	for _, c := range keys {
		same = append(same, "l."+quoted(c.name)+" = u."+quoted(c.name))
	}
	return "UPDATE " + table + " AS l SET " + strings.Join(sets, ", ") + "\nFROM " + unnest(keys, columns) +
		"\nWHERE l.tenant = $1 AND " + strings.Join(same, " AND ")
}

// arguments of a statement over the columns.
func arguments[T any](tenant string, rows []T, columns ...[]bulk[T]) []any {
	args := []any{tenant}
	for _, list := range columns {
		for _, c := range list {
			args = append(args, c.of(rows))
		}
	}
	return args
}

// arrayText is the text of an array of texts, NULL for nil.
func arrayText(items []string) *string {
	if items == nil {
		return nil
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for j := range len(item) {
			if item[j] == '"' || item[j] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(item[j])
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	text := b.String()
	return &text
}
