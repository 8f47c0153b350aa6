// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Write a report: text, json, junit, github or gitlab.
func Write(w io.Writer, format string, r Report, failOn Severity) error {
	switch format {
	case "text":
		return writeText(w, r)
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	case "junit":
		return writeJUnit(w, r, failOn)
	case "github":
		return writeGitHub(w, r)
	case "gitlab":
		return writeGitLab(w, r)
	default:
		return CheckFormat(format)
	}
}

// Formats that Write knows.
const Formats = "text|json|junit|github|gitlab"

// CheckFormat says what is wrong with a format, before any work is done.
func CheckFormat(format string) error {
	if !slices.Contains(strings.Split(Formats, "|"), format) {
		return fmt.Errorf("--output %q: one of %s", format, Formats)
	}
	return nil
}

func writeText(w io.Writer, r Report) error {
	file := ""
	for _, f := range r.Findings {
		if f.Suppressed {
			continue
		}
		if f.File != file {
			if file != "" {
				fmt.Fprintln(w)
			}
			file = f.File
			fmt.Fprintln(w, file)
		}
		object := strings.TrimSpace(f.Object() + " " + f.Path)
		fmt.Fprintf(w, "  %d:%d  %s  %s\n", f.Line, f.Column, f.Severity, printable(f.Message))
		fmt.Fprintf(w, "    %s\n", strings.TrimSpace(object+"  ["+f.Rule+"]"))
		fmt.Fprintf(w, "    cure: %s\n", f.Cure)
	}
	if file != "" {
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintln(w, r.Summary)
	return err
}

// printable keeps what a file holds from steering the terminal.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", "\n"))
	return strings.ReplaceAll(text, "\n", "\n    ")
}

// String is the summary in one line.
func (s Summary) String() string {
	text := fmt.Sprintf("%s in %s: %s, %s, %d advice", count(s.Objects, "object"), count(s.Files, "file"),
		count(s.Errors, "error"), count(s.Warnings, "warning"), s.Advice)
	if s.Suppressed > 0 {
		text += fmt.Sprintf(" (%d suppressed)", s.Suppressed)
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
