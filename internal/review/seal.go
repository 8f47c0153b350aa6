// SPDX-License-Identifier: Apache-2.0

package review

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Version of the form of report.json and of its seal.
const Version = "v1"

// published is report.json.
type published struct {
	Version string          `json:"version"`
	Seal    string          `json:"seal"`
	Title   string          `json:"title"`
	Inputs  json.RawMessage `json:"inputs"`
	Results Results         `json:"results"`
}

// Seal is the digest of the facts, such as v1:sha256:9f2c...
func (d *Document) Seal() (string, error) {
	inputs, err := json.Marshal(d.facts)
	if err != nil {
		return "", err
	}
	return sealOf(inputs)
}

// JSON is report.json. Its schema is docs/reports/report.schema.json.
func (d *Document) JSON() ([]byte, error) {
	inputs, err := json.Marshal(d.facts)
	if err != nil {
		return nil, err
	}
	seal, err := sealOf(inputs)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(published{Version: Version, Seal: seal, Title: d.Title(), Inputs: inputs, Results: d.results})
	return b.Bytes(), err
}

// ErrSeal is given for a report whose inputs are not those that were sealed.
var ErrSeal = errors.New("the seal does not fit the inputs")

// Open reads a report.json, checks that its seal is that of its inputs, and makes the report anew from them.
func Open(text []byte) (*Document, error) {
	var p published
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("report.json: %w", err)
	}
	if p.Version != Version {
		return nil, fmt.Errorf("report.json has the version %q; this program reads %s", p.Version, Version)
	}
	seal, err := sealOf(p.Inputs)
	if err != nil {
		return nil, err
	}
	if seal != p.Seal {
		return nil, fmt.Errorf("%w: %s is written, their digest is %s", ErrSeal, p.Seal, seal)
	}
	var facts Facts
	if err := json.Unmarshal(p.Inputs, &facts); err != nil {
		return nil, fmt.Errorf("report.json: inputs: %w", err)
	}
	return New(facts)
}

// sealOf inputs: SHA-256 over their canonical form.
func sealOf(inputs []byte) (string, error) {
	canonical, err := Canonical(inputs)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return Version + ":sha256:" + hex.EncodeToString(sum[:]), nil
}

// Canonical form of a JSON text, as RFC 8785 has it: no white space, members sorted by the UTF-16 units of their names, texts with as few escapes
// as JSON allows. Numbers are whole ones, as all inputs are.
func Canonical(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON value")
	}
	var b bytes.Buffer
	err := canonical(&b, value)
	return b.Bytes(), err
}

func canonical(b *bytes.Buffer, value any) error {
	switch v := value.(type) {
	case map[string]any:
		return members(b, v)
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := canonical(b, element); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case string:
		return quoted(b, v)
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return fmt.Errorf("%s is no whole number", v)
		}
		b.WriteString(strconv.FormatInt(n, 10))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	default:
		b.WriteString("null")
	}
	return nil
}

func members(b *bytes.Buffer, object map[string]any) error {
	b.WriteByte('{')
	for i, name := range slices.SortedFunc(maps.Keys(object), byUnits) {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := quoted(b, name); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := canonical(b, object[name]); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func byUnits(a, b string) int {
	return cmp.Or(slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))), cmp.Compare(a, b))
}

// quoted writes a text: only the quotation mark, the backslash and control characters are escaped.
func quoted(b *bytes.Buffer, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q is not UTF-8", text)
	}
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	b.WriteByte('"')
	for _, r := range text {
		switch escaped, ok := short[r]; {
		case ok:
			b.WriteString(escaped)
		case r < 0x20:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return nil
}
