// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"strings"
	"testing"
)

// These are golden: a digest that someone signed stands on each of them. A change of what is written here is a new
// version of the digest.
func TestCanonicalExpressionGolden(t *testing.T) {
	cases := map[string]string{
		`lead.employees >= 50`:         `(call "_>=_" (. $lead "employees") 50)`,
		`a && b`:                       `(call "_&&_" $a $b)`,
		`a && b && c && d && e`:        `(call "_&&_" $a $b $c $d $e)`,
		`a || b && c || d`:             `(call "_||_" $a (call "_&&_" $b $c) $d)`,
		`!a`:                           `(call "!_" $a)`,
		`a ? b : c`:                    `(call "_?_:_" $a $b $c)`,
		`a == b`:                       `(call "_==_" $a $b)`,
		`a != b`:                       `(call "_!=_" $a $b)`,
		`a < b`:                        `(call "_<_" $a $b)`,
		`a <= b`:                       `(call "_<=_" $a $b)`,
		`a > b`:                        `(call "_>_" $a $b)`,
		`a in [1, 2]`:                  `(call "@in" $a (list 1 2))`,
		`a + b - c`:                    `(call "_-_" (call "_+_" $a $b) $c)`,
		`a * b / c % d`:                `(call "_%_" (call "_/_" (call "_*_" $a $b) $c) $d)`,
		`-a`:                           `(call "-_" $a)`,
		`a[0]`:                         `(call "_[_]" $a 0)`,
		`size(a)`:                      `(call "size" $a)`,
		`a.size()`:                     `(on $a "size")`,
		`a.startsWith("x", 1)`:         `(on $a "startsWith" "x" 1)`,
		`has(lead.x)`:                  `(call "has" (. $lead "x"))`,
		`lead.l.exists(x, x > 1)`:      `(on (. $lead "l") "exists" $x (call "_>_" $x 1))`,
		`l.all(x, l.map(y, y) > x)`:    `(on $l "all" $x (call "_>_" (on $l "map" $y $y) $x))`,
		`[]`:                           `(list)`,
		`{}`:                           `(map)`,
		`{"a": 1, b: [2]}`:             `(map ("a" 1) ($b (list 2)))`,
		`a.B{c: 1, d: "x"}`:            `(new "a.B" ("c" 1) ("d" "x"))`,
		`a.B{}`:                        `(new "a.B")`,
		`.a.b`:                         `(. $.a "b")`,
		"a.`b-c`":                      `(. $a "b-c")`,
		`-5`:                           `-5`,
		`5u`:                           `5u`,
		`0x1F`:                         `31`,
		`9223372036854775807`:          `9223372036854775807`,
		`-9223372036854775808`:         `-9223372036854775808`,
		`5.0`:                          `5d`,
		`0.1`:                          `0.1d`,
		`1e30`:                         `1e+30d`,
		`-(0.0)`:                       `-0d`,
		`true`:                         `true`,
		`false`:                        `false`,
		`null`:                         `null`,
		`"a\"b\n"`:                     `"a\"b\n"`,
		`'single'`:                     `"single"`,
		`r"\d"`:                        `"\\d"`,
		`"ä€😀"`:                        `"\u00e4\u20ac\U0001f600"`,
		`signals.v.within("90d") >= 1`: `(call "_>=_" (on (. $signals "v") "within" "90d") 1)`,
		`b"\xff\x00a"`:                 `0xff0061`,
	}

	for source, want := range cases {
		t.Run(source, func(t *testing.T) {
			got, err := CanonicalExpression(source)
			if err != nil || got != want {
				t.Errorf("got  %s, %v\nwant %s", got, err, want)
			}
		})
	}
}

func TestCanonicalExpressionsThatMeanTheSame(t *testing.T) {
	cases := map[string][2]string{
		"white space":                   {`a&&b`, "  a \n && \t b "},
		"comments":                      {`a && b`, "a // the first\n && b // the second"},
		"parentheses around all":        {`a && b`, `((a) && ((b)))`},
		"parentheses in a chain":        {`a && b && c`, `a && (b && c)`},
		"parentheses in a longer chain": {`a || b || c || d`, `((a || b) || c) || d`},
		"quotes":                        {`a == "x"`, `a == 'x'`},
		"escapes":                       {`"A"`, `"\u0041"`},
		"number systems":                {`255`, `0xff`},
		"ways to write a fraction":      {`1500.0`, `1.5e3`},
		"negative number":               {`-5`, `-(5)`},
		"negative fraction":             {`-5.5`, `- (5.5)`},
		"not not":                       {`!!a`, `!(!a)`},
		"minus minus":                   {`--a`, `-(-a)`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			one, two := mustCanonical(t, tc[0]), mustCanonical(t, tc[1])
			if one != two {
				t.Errorf("%s\n%s", one, two)
			}
		})
	}
}

func TestCanonicalExpressionsThatDiffer(t *testing.T) {
	cases := map[string][2]string{
		"threshold":              {`a > 50`, `a > 51`},
		"operator":               {`a > 50`, `a >= 50`},
		"order":                  {`a && b`, `b && a`},
		"grouping that matters":  {`a && (b || c)`, `a && b || c`},
		"grouping of arithmetic": {`a - (b - c)`, `a - b - c`},
		"int and fraction":       {`5`, `5.0`},
		"int and uint":           {`5`, `5u`},
		"text and bytes":         {`"a"`, `b"a"`},
		"text and name":          {`"a"`, `a`},
		"text and number":        {`"5"`, `5`},
		"call and member call":   {`size(a)`, `a.size()`},
		"selection and index":    {`a.b`, `a["b"]`},
		"text with parentheses":  {`"(a)"`, `"a"`},
		"text with white space":  {`"a b"`, `"a  b"`},
		"list and its element":   {`[a]`, `a`},
		"negated":                {`!a`, `a`},
		"global and local name":  {`.a`, `a`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if one, two := mustCanonical(t, tc[0]), mustCanonical(t, tc[1]); one == two {
				t.Errorf("%s and %s are both %s", tc[0], tc[1], one)
			}
		})
	}
}

func mustCanonical(t *testing.T, source string) string {
	t.Helper()
	canonical, err := CanonicalExpression(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return canonical
}

func TestCanonicalExpressionOfNone(t *testing.T) {
	cases := map[string]string{"": "1:1: ", "a &&": "1:5: ", "a\n  && )": "2:6: "}
	for source, want := range cases {
		if got, err := CanonicalExpression(source); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %q, %v; want an error at %s", source, got, err, want)
		}
	}
}

func FuzzCanonicalExpression(f *testing.F) {
	for _, seed := range []string{
		`lead.employees >= 50 && lead.employees <= 500`, `a || b || (c || d)`, `-(5)`, `!(!a)`, `a ? b : c ? d : e`, `{"a": [1u, 2.5, b"x"]}`,
		`has(lead.x) // comment`, `x.exists(y, y in z)`, `a.B{c: null}`, `- - 5`, `"` + "\u00e4" + `"`, `-9223372036854775808`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		canonical, err := CanonicalExpression(source)
		if err != nil {
			return
		}
		for _, same := range []string{" " + source + "\n", "(" + source + "\n)", "\t( (\n" + source + "\n ) )"} {
			again, err := CanonicalExpression(same)
			if err != nil && strings.Contains(err.Error(), "limit") {
				continue // nested deeper, or longer, than the parser allows
			}
			if err != nil || again != canonical {
				t.Errorf("%q is\n%s, but %q is\n%s, %v", source, canonical, same, again, err)
			}
		}
	})
}
