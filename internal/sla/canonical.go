// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// canonical writes the form of a text that is digested. A value is written as key=length:bytes; and a group as key{...}. Since every
// value carries its length and every key and brace is ours, two texts of different meaning cannot be written alike. What is absent is not
// written, so that a field that is added to the API later, and not set, leaves every old digest as it was.
//
// The form is version 1 for ever: whatever changes a digest belongs into a version 2 beside it.
type canonical struct {
	out strings.Builder
	err error // the first one; writing goes on, the digest is void
}

const digestVersion = "v1"

// digest names what was written.
func (c *canonical) digest() (string, error) {
	if c.err != nil {
		return "", c.err
	}
	sum := sha256.Sum256([]byte(c.out.String()))
	return digestVersion + ":sha256:" + hex.EncodeToString(sum[:]), nil
}

// always writes a value even when it is empty.
func (c *canonical) always(key, value string) {
	c.out.WriteString(key + "=" + strconv.Itoa(len(value)) + ":" + value + ";")
}

// text writes a value when there is one.
func (c *canonical) text(key, value string) {
	if value != "" {
		c.always(key, value)
	}
}

func (c *canonical) number(key string, n int64) { c.always(key, strconv.FormatInt(n, 10)) }

// some writes a number when there is one.
func (c *canonical) some(key string, n int) {
	if n != 0 {
		c.number(key, int64(n))
	}
}

func (c *canonical) optional(key string, n *int) {
	if n != nil {
		c.number(key, int64(*n))
	}
}

func (c *canonical) flag(key string, set bool) {
	if set {
		c.always(key, "true")
	}
}

// window writes a length of time in seconds, with nanoseconds only where there are any.
func (c *canonical) window(key string, d time.Duration) {
	if d == 0 {
		return
	}
	seconds := strconv.FormatInt(int64(d/time.Second), 10)
	if rest := d % time.Second; rest != 0 {
		seconds += "+" + strconv.FormatInt(int64(rest), 10) + "ns"
	}
	c.always(key, seconds)
}

// instant writes a time as a clock in UTC shows it, in seconds.
func (c *canonical) instant(key string, at time.Time) {
	if !at.IsZero() {
		c.always(key, at.UTC().Format(time.RFC3339))
	}
}

func (c *canonical) group(key string, write func()) {
	c.out.WriteString(key + "{")
	write()
	c.out.WriteString("}")
}

// keyed writes a list whose order means nothing, by key.
func keyed[T any](c *canonical, name string, list []T, key func(T) string, write func(T)) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	ordered(c, name, sorted, write)
}

// ordered writes a list whose order means something.
func ordered[T any](c *canonical, name string, list []T, write func(T)) {
	for _, entry := range list {
		c.group(name, func() { write(entry) })
	}
}

// bag writes a list without keys whose order means nothing, by what its entries are written as.
func bag[T any](c *canonical, name string, list []T, write func(*canonical, T)) {
	texts := make([]string, 0, len(list))
	for _, entry := range list {
		var inner canonical
		write(&inner, entry)
		texts = append(texts, inner.out.String())
	}
	slices.Sort(texts)
	for _, text := range texts {
		c.group(name, func() { c.out.WriteString(text) })
	}
}
