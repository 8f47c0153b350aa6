// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// maxQuery is how long a query may be in a URL: Salesforce takes 16,384 bytes of URL and headers.
const maxQuery = 12 << 10

// Prefixes of ids, which tell objects apart.
const (
	leadPrefix = "00Q"
	userPrefix = "005"
)

var (
	idForm    = regexp.MustCompile(`^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$`)
	fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	codeForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)
)

func isID(text, prefix string) bool {
	return idForm.MatchString(text) && strings.HasPrefix(text, prefix)
}
func isCode(text string) bool { return codeForm.MatchString(text) }
func isLead(text string) bool { return len(text) == 18 && isID(text, leadPrefix) }

// long is an id with the three characters behind it that make it safe where case does not count: a bit for each capital.
func long(id string) string {
	if len(id) != 15 {
		return id
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	out := []byte(id)
	for chunk := range 3 {
		bits := 0
		for i := range 5 {
			if c := id[chunk*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		out = append(out, digits[bits])
	}
	return string(out)
}

var quoter = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// quote a text for a query.
func quote(text string) string { return "'" + quoter.Replace(text) + "'" }

// timeForm of queries and of values.
const timeForm = "2006-01-02T15:04:05.000Z"

func literal(at time.Time) string { return at.UTC().Format(timeForm) }

// since is the condition that a row comes after the position, by a time and by the id; "" at the beginning of time.
func since(field string, from crm.Position) (string, error) {
	switch {
	case from.Time.IsZero():
		return "", nil
	case from.ID == "":
		return fmt.Sprintf("%s >= %s", field, literal(from.Time)), nil
	case !isID(from.ID, ""):
		return "", &crm.UnavailableError{Cause: "cannot be read on: the position is at no id of a record"}
	}
	at := literal(from.Time)
	return fmt.Sprintf("(%s > %s OR (%s = %s AND Id > %s))", field, at, field, at, quote(from.ID)), nil
}

// selectFrom makes a query of fields and conditions; those that are "" are left out.
func selectFrom(object string, fields []string, order string, conditions ...string) string {
	conditions = slices.DeleteFunc(conditions, func(c string) bool { return c == "" })
	text := "SELECT " + strings.Join(fields, ", ") + " FROM " + object
	if len(conditions) > 0 {
		text += " WHERE " + strings.Join(conditions, " AND ")
	}
	if order != "" {
		text += " ORDER BY " + order
	}
	return text
}

// pageOf a stream: the next rows after a position, in the order of positions.
func pageOf(object string, fields []string, from crm.Position, conditions ...string) (string, error) {
	after, err := since(modstamp, from)
	if err != nil {
		return "", err
	}
	return selectFrom(object, fields, modstamp+", Id", append(conditions, after)...) + fmt.Sprintf(" LIMIT %d", maxRows), nil
}

const modstamp = "SystemModstamp"

// lists cuts values into conditions `field IN (...)`, each short enough for a URL, with at most so many values.
func lists(field string, quoted []string, most int) []string {
	const room = maxQuery - 2<<10 // the rest is for the fields
	var out, part []string
	size := 0
	flush := func() {
		if len(part) > 0 {
			out = append(out, field+" IN ("+strings.Join(part, ",")+")")
		}
		part, size = nil, 0
	}
	for _, text := range quoted {
		long := len(url.QueryEscape(text)) + len("%2C")
		if len(part) == most || size+long > room && len(part) > 0 {
			flush()
		}
		part, size = append(part, text), size+long
	}
	flush()
	return out
}

// ids as conditions.
func ids(field string, list []string, most int) []string {
	quoted := make([]string, 0, len(list))
	for _, id := range list {
		if isID(id, "") {
			quoted = append(quoted, quote(id))
		}
	}
	return lists(field, quoted, most)
}

// split fields into groups that each fit into a query. The id is in all.
func split(fields []string) [][]string {
	var out [][]string
	part, size := []string{"Id"}, 0
	for _, field := range fields {
		if size+len(field)+len("%2C+") > maxQuery/2 && len(part) > 1 {
			out, part, size = append(out, part), []string{"Id"}, 0
		}
		part, size = append(part, field), size+len(field)+len("%2C+")
	}
	return append(out, part)
}
