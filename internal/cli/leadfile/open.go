// SPDX-License-Identifier: Apache-2.0

// Package leadfile reads exports of leads and of what happened to them: CSV and NDJSON, also compressed with gzip, a row at a
// time, so that memory does not grow with the file. What cannot be read is counted and located, never silently dropped, and
// reading goes on after it unless it is asked to be strict.
package leadfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encodings that Options.Encoding may name.
const (
	UTF8        = "utf-8"
	Windows1252 = "windows-1252"
)

// Options of reading.
type Options struct {
	Strict   bool     // the first problem is an error that ends the reading
	Encoding string   // UTF8 when empty; a byte order mark of UTF-16 is followed whatever it says
	Expect   []string // columns that an NDJSON file has whether or not its beginning shows them
}

// Reader of one file. It serves one goroutine, but for Progress.
type Reader struct {
	name    string
	options Options
	source  io.Reader
	closers []io.Closer
	limits  limits
	read    atomic.Int64
	size    int64
	regular bool // a file that lies on a disk
	packed  bool
	layout  layout

	store       []byte // what buf is a part of
	buf         []byte // read, but not yet cut into blocks
	line        int    // of the first byte of buf
	headerLines int    // up to the end of the header
	eof         bool
	problems    Problems

	ahead   []*Block // read to learn the columns, not yet handed out
	current cursor   // of Next
	err     error
}

// layout is what the parts of a file need to know to be read on their own.
type layout struct {
	name    string
	json    bool
	comma   byte
	columns []string
	index   map[string]int // JSON: member -> column
	shown   int            // JSON: how many of the columns are in the beginning of the file
	came    []atomic.Bool  // JSON: whether a line has the others
}

// Open a file; "-" is standard input. The error is about the file as a whole; an empty one is a problem, not an error.
func Open(name string, stdin io.Reader, options Options) (*Reader, error) {
	if name == "-" {
		return New("standard input", stdin, options)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if info.IsDir() {
		return nil, errors.Join(fmt.Errorf("%s: a folder; name a CSV or NDJSON file", name), file.Close())
	}
	r, err := New(name, file, options)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.size, r.regular = info.Size(), info.Mode().IsRegular()
	r.closers = append(r.closers, file)
	return r, nil
}

// New reads from what is open already; name is for messages.
func New(name string, in io.Reader, options Options) (*Reader, error) {
	return newReader(name, in, options, limits{block: blockSize, line: maxLine})
}

func newReader(name string, in io.Reader, options Options, held limits) (*Reader, error) {
	r := &Reader{name: name, options: options, limits: held, line: 1, layout: layout{name: name}}
	if err := r.decode(&counter{in: in, read: &r.read}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	return r, r.strict()
}

// Close the file.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	r.closers = nil
	return errors.Join(errs...)
}

// Name of the file.
func (r *Reader) Name() string { return r.name }

// Columns of the file: the header's, or all members in the beginning of an NDJSON file and what Options.Expect added.
func (r *Reader) Columns() []string { return r.layout.columns }

// Unseen are columns of Options.Expect that no line has had so far.
func (r *Reader) Unseen() []string {
	var names []string
	for i := range r.layout.came {
		if !r.layout.came[i].Load() {
			names = append(names, r.layout.columns[r.layout.shown+i])
		}
	}
	return names
}

// Problems that were found so far by Next and by opening; blocks return their own.
func (r *Reader) Problems() *Problems { return &r.problems }

// Progress is how many bytes of the file were read, and how many it has; 0 when that is not known. It may be called at any time.
func (r *Reader) Progress() (read, size int64) { return r.read.Load(), r.size }

// Size is how much there is to read in bytes; false where that is known only at the end: in what is compressed or comes through a pipe.
func (r *Reader) Size() (int64, bool) { return r.size, r.regular && !r.packed }

type counter struct {
	in   io.Reader
	read *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// decode finds out how the bytes are packed: gzip, then the encoding.
func (r *Reader) decode(in io.Reader) error {
	head := make([]byte, 2)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	r.source = io.MultiReader(bytes.NewReader(head[:n]), in)
	if n == 2 && head[0] == 0x1f && head[1] == 0x8b {
		unpacked, err := gzip.NewReader(r.source)
		if err != nil {
			return err
		}
		r.source, r.packed = unpacked, true
		r.closers = append(r.closers, unpacked)
		if n, err = io.ReadFull(r.source, head); err != nil && n == 0 && !errors.Is(err, io.EOF) {
			return err
		}
		r.source = io.MultiReader(bytes.NewReader(head[:n]), r.source)
	}
	return r.translate([2]byte(head))
}

// translate to UTF-8 what begins with the two bytes given.
func (r *Reader) translate(head [2]byte) error {
	utf16 := head == [2]byte{0xff, 0xfe} || head == [2]byte{0xfe, 0xff}
	switch strings.ToLower(r.options.Encoding) {
	case "", UTF8, "utf8":
		if utf16 {
			r.source = transform.NewReader(r.source, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
		}
	case Windows1252, "cp1252", "latin1", "iso-8859-1":
		r.source = transform.NewReader(r.source, unicode.BOMOverride(charmap.Windows1252.NewDecoder()))
	default:
		return fmt.Errorf("encoding %q is unknown; known: %s, %s", r.options.Encoding, UTF8, Windows1252)
	}
	return nil
}
