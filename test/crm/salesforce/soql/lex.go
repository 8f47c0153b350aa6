// SPDX-License-Identifier: Apache-2.0

package soql

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
	tokenNumber
	tokenDate
	tokenDateTime
	tokenSign
)

type token struct {
	kind tokenKind
	text string // as written; of a string: without escapes
	like string
	at   int
}

// is says whether the token is that keyword or sign.
func (t token) is(text string) bool {
	return (t.kind == tokenWord || t.kind == tokenSign) && strings.EqualFold(t.text, text)
}

var (
	wordForm     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*`)
	dateTimeForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:?\d{2})`)
	dateForm     = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	numberForm   = regexp.MustCompile(`^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`)
	signForm     = regexp.MustCompile(`^(?:<=|>=|<>|!=|[=<>(),:])`)
)

func lex(query string) ([]token, error) {
	var out []token
	for at := 0; at < len(query); {
		rest := query[at:]
		if strings.ContainsRune(" \t\r\n", rune(rest[0])) {
			at++
			continue
		}
		t, length, err := next(query, at)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		at += length
	}
	return append(out, token{kind: tokenEnd, text: "<EOF>", at: len(query)}), nil
}

func next(query string, at int) (t token, length int, err error) {
	rest := query[at:]
	if rest[0] == '\'' {
		return quoted(query, at)
	}
	for _, form := range []struct {
		kind tokenKind
		of   *regexp.Regexp
	}{{tokenWord, wordForm}, {tokenDateTime, dateTimeForm}, {tokenDate, dateForm}, {tokenNumber, numberForm}, {tokenSign, signForm}} {
		if text := form.of.FindString(rest); text != "" {
			return token{kind: form.kind, text: text, at: at}, len(text), nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, 0, At(query, at, Malformed, "line 1:%d no viable alternative at character '%c'", at, r)
}

var escapes = map[byte]string{
	'n': "\n", 'N': "\n", 'r': "\r", 'R': "\r", 't': "\t", 'T': "\t", 'b': "\b", 'B': "\b", 'f': "\f", 'F': "\f", '"': `"`, '\'': "'", '\\': `\`,
	'_': "_", '%': "%",
}

// quoted reads a string.
func quoted(query string, at int) (t token, length int, err error) {
	var text, like strings.Builder
	for i := at + 1; i < len(query); i++ {
		switch c := query[i]; c {
		case '\'':
			return token{kind: tokenString, text: text.String(), like: like.String(), at: at}, i + 1 - at, nil
		case '\\':
			said, more, ok := escape(query[i+1:])
			if !ok {
				return token{}, 0, At(query, i, Malformed, "Invalid string literal. Illegal character sequence in string literal.")
			}
			text.WriteString(said)
			if said == "_" || said == "%" || said == `\` {
				like.WriteByte('\\')
			}
			like.WriteString(said)
			i += more
		default:
			text.WriteByte(c)
			like.WriteByte(c)
		}
	}
	return token{}, 0, At(query, at, Malformed, "unterminated string literal")
}

// escape is what follows a backslash: what it says, and how long it is.
func escape(rest string) (said string, length int, ok bool) {
	if rest == "" {
		return "", 0, false
	}
	if rest[0] == 'u' && len(rest) >= 5 {
		code, err := strconv.ParseUint(rest[1:5], 16, 16)
		return string(rune(code)), 5, err == nil
	}
	said, ok = escapes[rest[0]]
	return said, 1, ok
}
