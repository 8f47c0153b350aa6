// SPDX-License-Identifier: Apache-2.0

package soql

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueriesThatAreRead(t *testing.T) {
	for name, tc := range map[string]struct{ query, want string }{
		"count":           {"select count() from Lead", "SELECT COUNT() FROM Lead"},
		"relationship":    {"SELECT Id,Owner.Email FROM Lead", "SELECT Id, Owner.Email FROM Lead"},
		"and":             {"SELECT Id FROM Lead WHERE A=1 and B != null AND C<>true", "SELECT Id FROM Lead WHERE (A = 1 AND B != NULL AND C != TRUE)"},
		"nested":          {"SELECT Id FROM Lead WHERE A=1 AND (B=2 OR (C=3 AND D=4))", "SELECT Id FROM Lead WHERE (A = 1 AND (B = 2 OR (C = 3 AND D = 4)))"},
		"not at first":    {"SELECT Id FROM Lead WHERE NOT A=1 AND B=2", "SELECT Id FROM Lead WHERE (NOT (A = 1) AND B = 2)"},
		"not in brackets": {"SELECT Id FROM Lead WHERE A=1 AND (NOT B=2)", "SELECT Id FROM Lead WHERE (A = 1 AND (NOT (B = 2)))"},
		"times": {
			"SELECT Id FROM Lead WHERE A>=2026-11-22T10:00:00.000+01:00 AND B<2026-11-22T10:00:00Z AND C=2026-11-22",
			"SELECT Id FROM Lead WHERE (A >= 2026-11-22T10:00:00.000+01:00 AND B < 2026-11-22T10:00:00Z AND C = 2026-11-22)",
		},
		"strings":   {`SELECT Id FROM Lead WHERE A = 'O\'Brien \\ \"x\" \u00e4\n'`, "SELECT Id FROM Lead WHERE A = 'O\\'Brien \\\\ \"x\" ä\\n'"},
		"like":      {`SELECT Id FROM Lead WHERE A LIKE '50\%_%'`, `SELECT Id FROM Lead WHERE A LIKE '50\%_%'`},
		"in":        {"SELECT Id FROM Lead WHERE A IN ('x', 'y') AND B NOT IN (1, -2.5)", "SELECT Id FROM Lead WHERE (A IN ('x', 'y') AND B NOT IN (1, -2.5))"},
		"semi-join": {"SELECT Id FROM Lead WHERE Id IN (SELECT WhoId FROM Task WHERE IsClosed = true)", "SELECT Id FROM Lead WHERE Id IN (SELECT WhoId FROM Task WHERE IsClosed = TRUE)"},
		"order":     {"SELECT Id FROM Lead ORDER BY A ASC NULLS LAST, B desc, C LIMIT 5 OFFSET 2", "SELECT Id FROM Lead ORDER BY A NULLS LAST, B DESC, C LIMIT 5 OFFSET 2"},
		"lines":     {"SELECT Id\n\tFROM Lead\r\n WHERE A = 1", "SELECT Id FROM Lead WHERE A = 1"},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := Parse(tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, write(q)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	for query, want := range map[string]string{
		"":                                    "unexpected token: '<EOF>'",
		"SELECT FROM Lead":                    "unexpected token: 'FROM'",
		"SELECT Id Lead":                      "unexpected token: 'Lead'",
		"SELECT Id, FROM Lead":                "unexpected token: 'FROM'",
		"SELECT * FROM Lead":                  "no viable alternative at character '*'",
		"SELECT Id FROM Lead WHERE":           "unexpected token: '<EOF>'",
		"SELECT Id FROM Lead WHERE A = 1 AND": "unexpected token: '<EOF>'",
		"SELECT Id FROM Lead WHERE A=1 AND B=2 OR C=3": "unexpected token: 'OR'",
		"SELECT Id FROM Lead WHERE A=1 AND NOT B=2":    "unexpected token: 'NOT'",
		"SELECT Id FROM Lead WHERE A == 1":             "unexpected token: '='",
		"SELECT Id FROM Lead WHERE A = x":              "unexpected token: 'x'",
		"SELECT Id FROM Lead WHERE A = 'x":             "unterminated string literal",
		`SELECT Id FROM Lead WHERE A = 'x\q'`:          "Invalid string literal",
		"SELECT Id FROM Lead WHERE A = 'O'Brien'":      "unterminated string literal",
		"SELECT Id FROM Lead WHERE A IN ()":            "unexpected token: ')'",
		"SELECT Id FROM Lead WHERE (A = 1":             "unexpected token: '<EOF>'",
		"SELECT Id FROM Lead WHERE A = 2026-13-01":     "unexpected token: '2026-13-01'",
		"SELECT Id FROM Lead LIMIT 5 ORDER BY A":       "unexpected token: 'ORDER'",
		"SELECT Id FROM Lead OFFSET 5 LIMIT 5":         "unexpected token: 'LIMIT'",
		"SELECT Id FROM Lead LIMIT -1":                 "unexpected token: '-1'",
		"SELECT Id FROM Lead LIMIT x":                  "unexpected token: 'x'",
		"SELECT Id FROM Lead;":                         "no viable alternative at character ';'",
		"DELETE FROM Lead":                             "unexpected token: 'DELETE'",
	} {
		var refused *Error
		if _, err := Parse(query); !errors.As(err, &refused) || refused.Code != Malformed || !strings.Contains(refused.Message, want) {
			t.Errorf("%s: %v, want %s with %q", query, err, Malformed, want)
		}
	}
}

func TestWhatIsValidAndNotReadIsSaid(t *testing.T) {
	for _, query := range []string{
		"SELECT Status FROM Lead GROUP BY Status", "SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "SELECT FIELDS(ALL) FROM Lead",
		"SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:3", "SELECT Id FROM Lead FOR VIEW",
	} {
		var refused *Error
		if _, err := Parse(query); !errors.As(err, &refused) || refused.Code != Unsupported {
			t.Errorf("%s: %v, want %s", query, err, Unsupported)
		}
	}
}

func TestErrorsShowThePlace(t *testing.T) {
	_, err := Parse("SELECT Id\nFROM Lead WHERE A = 1 AND B = 2 OR C = 3")
	want := "MALFORMED_QUERY: \nFROM Lead WHERE A = 1 AND B = 2 OR C = 3\n                                ^\nERROR at Row:2:Column:33\nunexpected token: 'OR'"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDeepAndLongQueriesEnd(t *testing.T) {
	deep := "SELECT Id FROM Lead WHERE " + strings.Repeat("(", 5000) + "A=1" + strings.Repeat(")", 5000)
	long := "SELECT Id FROM Lead WHERE A = '" + strings.Repeat("x", Longest) + "'"
	subs := "SELECT Id FROM Lead" + strings.Repeat(" WHERE Id IN (SELECT Id FROM Lead", 200) + strings.Repeat(")", 200)
	for name, query := range map[string]string{"deep": deep, "long": long, "subs": subs} {
		if _, err := Parse(query); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}

// FuzzParse: whatever comes, there is a query that says the same when it is written and read again, or an error of Salesforce's kind.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"SELECT Id, Owner.Email FROM Lead WHERE SystemModstamp >= 2026-11-22T10:00:00Z ORDER BY SystemModstamp, Id LIMIT 2000",
		`SELECT Id FROM Lead WHERE NOT (A = 'O\'Brien' OR B LIKE '%\%_') AND C NOT IN (1, 2)`, "SELECT COUNT() FROM Task WHERE WhoId IN (SELECT Id FROM Lead)",
		"SELECT Id FROM Lead WHERE A = '\\u0041\\", "SELECT Id FROM Lead WHERE A = 2026-01-01T00:00:00+01:00 OFFSET 3",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := Parse(query)
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || refused.Message == "" {
				t.Fatalf("%q: %v is no error of Salesforce's kind", query, err)
			}
			return
		}
		once := write(q)
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("%q was read, but not %q: %v", query, once, err)
		}
		if twice := write(again); once != twice {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}

func write(q *Query) string {
	fields := make([]string, 0, len(q.Fields))
	for _, f := range q.Fields {
		fields = append(fields, f.Text)
	}
	text := "SELECT " + strings.Join(fields, ", ")
	if q.Count {
		text = "SELECT COUNT()"
	}
	text += " FROM " + q.From.Text
	if q.Where != nil {
		text += " WHERE " + condition(q.Where)
	}
	for i, o := range q.Order {
		text += map[bool]string{true: " ORDER BY ", false: ", "}[i == 0] + o.Field.Text
		if o.Desc {
			text += " DESC"
		}
		if o.NullsLast {
			text += " NULLS LAST"
		}
	}
	if q.Limit >= 0 {
		text += fmt.Sprint(" LIMIT ", q.Limit)
	}
	if q.Offset > 0 {
		text += fmt.Sprint(" OFFSET ", q.Offset)
	}
	return text
}

func condition(e Expr) string {
	switch e := e.(type) {
	case And:
		return joined(e, " AND ")
	case Or:
		return joined(e, " OR ")
	case Not:
		inner := condition(e.Of)
		if _, simple := e.Of.(Compare); simple {
			return "NOT (" + inner + ")"
		}
		if strings.HasPrefix(inner, "NOT ") {
			return "NOT (" + inner + ")"
		}
		return "NOT " + inner
	case Compare:
		if e.Sub != nil {
			return fmt.Sprintf("%s %s (%s)", e.Field.Text, e.Op, write(e.Sub))
		}
		values := make([]string, 0, len(e.Values))
		for _, v := range e.Values {
			values = append(values, literal(v))
		}
		if e.Op == In || e.Op == NotIn {
			return fmt.Sprintf("%s %s (%s)", e.Field.Text, e.Op, strings.Join(values, ", "))
		}
		return fmt.Sprintf("%s %s %s", e.Field.Text, e.Op, values[0])
	}
	panic(fmt.Sprintf("%T", e))
}

// joined puts a NOT that is not the first into brackets, as it has to be.
func joined(all []Expr, by string) string {
	texts := make([]string, 0, len(all))
	for i, e := range all {
		text := condition(e)
		if _, not := e.(Not); not && i > 0 {
			text = "(" + text + ")"
		}
		texts = append(texts, text)
	}
	return "(" + strings.Join(texts, by) + ")"
}

func literal(v Value) string {
	switch v.Kind {
	case String:
		return "'" + strings.NewReplacer("\n", `\n`, "'", `\'`).Replace(v.Like) + "'"
	case Null, Boolean:
		return strings.ToUpper(v.Text)
	default:
		return v.Text
	}
}
