// SPDX-License-Identifier: Apache-2.0

// Package paint writes tables for terminals. Colour is never alone in saying something: it goes with a shape and a word, and is
// left out where it would only be noise.
package paint

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Style of a piece of text.
type Style string

// The styles. The colours are those of the terminal's own scheme, so that they can be read on light and dark.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Faint  Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Palette paints, or leaves texts as they are.
type Palette struct{ on bool }

// Colours is the Palette that paints; the zero one does not.
var Colours = Palette{on: true}

// Modes of colour, for the help of a flag.
const Modes = "auto (on a terminal, unless NO_COLOR is set), always or never"

// For the output that is written to. NO_COLOR (no-color.org) and a dumb terminal count unless colour was asked for.
func For(mode string, out io.Writer, getenv func(string) string) (Palette, error) {
	switch mode {
	case "always":
		return Colours, nil
	case "never":
		return Palette{}, nil
	case "auto":
		return Palette{on: Terminal(out) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}, nil
	default:
		return Palette{}, fmt.Errorf("--color %q: auto, always or never", mode)
	}
}

// Terminal says whether a person is looking at the output.
func Terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Paint a text.
func (p Palette) Paint(style Style, text string) string {
	if !p.on || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
