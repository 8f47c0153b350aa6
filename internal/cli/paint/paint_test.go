// SPDX-License-Identifier: Apache-2.0

package paint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cases := map[string]struct {
		mode  string
		env   map[string]string
		want  bool
		fails bool
	}{
		"asked for":                   {mode: "always", want: true},
		"asked for, whatever is set":  {mode: "always", env: map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, want: true},
		"not wanted":                  {mode: "never"},
		"a file is no terminal":       {mode: "auto"},
		"a mode that does not exist":  {mode: "sometimes", fails: true},
		"no mode is no way of saying": {mode: "", fails: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := For(tc.mode, file, func(key string) string { return tc.env[key] })
			if (err != nil) != tc.fails || got.on != tc.want {
				t.Errorf("%t, %v", got.on, err)
			}
			if tc.fails && !strings.Contains(err.Error(), "auto, always or never") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// With and without colour the words stand at the same places.
func TestTable(t *testing.T) {
	rows := [][]Cell{
		{{"■ red", Red}, {"firstContact", Plain}, {}, {"81%", Plain}},
		{{"● green", Green}, {"volume", Bold}, {}, {}},
		{{}, {}, {}, {"é", Plain}},
	}
	head := []string{"", "CLAUSE", "TIMES", "ACTUAL"}
	var plain, coloured bytes.Buffer
	Palette{}.Table(&plain, "  ", head, rows)
	Colours.Table(&coloured, "  ", head, rows)
	want := "" +
		"           CLAUSE        ACTUAL\n" +
		"  ■ red    firstContact  81%\n" +
		"  ● green  volume\n" +
		"                         é\n"
	if diff := cmp.Diff(want, plain.String()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(coloured.String(), "\x1b[31m■ red\x1b[0m    firstContact") {
		t.Errorf("not painted: %q", coloured.String())
	}
	stripped := coloured.String()
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"} {
		stripped = strings.ReplaceAll(stripped, code, "")
	}
	if stripped != plain.String() {
		t.Errorf("colour moves words:\n%s", cmp.Diff(plain.String(), stripped))
	}
}

func TestTableWithoutAHead(t *testing.T) {
	var out bytes.Buffer
	Palette{}.Table(&out, "", []string{"", ""}, [][]Cell{Cells("a", "b"), Cells("long", "c")})
	if want := "a     b\nlong  c\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestSafe(t *testing.T) {
	var out bytes.Buffer
	w := Safe(&out)
	text := Colours.Paint(Red, "■ red") + " a title\x1b]0;mine\x07, a line\x1b[2Kgone\r, \u009b2J and\ta\nnew one\x1b"
	if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatal(n, err)
	}
	want := "\x1b[31m■ red\x1b[0m a title]0;mine, a line[2Kgone, 2J and\ta\nnew one"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
