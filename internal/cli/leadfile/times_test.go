// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"testing"
	"time"
)

// The short way gives what the layouts give, and takes nothing that they refuse.
func TestParseTime(t *testing.T) {
	for _, text := range []string{
		"2018-02-01", "2018-02-29", "2016-02-29", "2018-13-01", "2018-00-10", "2018-01-00", "2018-04-31", "2018-2-1", "0001-01-01",
		"2018-02-01 10:30:00", "2018-02-01T10:30:00", "2018-02-01T10:30:00Z", "2018-02-01 24:00:00", "2018-02-01 23:60:00",
		"2018-02-01 10:30", "2018-02-01 10:30:00Z", "2018-02-01T10:30:00.123Z", "2018-02-01T10:30:00+02:00", "2018-02-01 10:30:00-05:00",
		"01/02/2018", "1.2.2018", "soon", "", "2018-02-01x10:30:00", "201a-02-01", "2018-02-01 1a:00:00",
	} {
		var want time.Time
		var wantErr error
		for _, layout := range timeLayouts {
			if want, wantErr = time.Parse(layout, text); wantErr == nil {
				break
			}
		}
		got, err := ParseTime(text)
		if (err == nil) != (wantErr == nil) || (err == nil && !got.Equal(want)) {
			t.Errorf("%q: %v, %v; the layouts say %v, %v", text, got, err, want, wantErr)
		}
		if err == nil && got.Location() != time.UTC {
			t.Errorf("%q: in %v, want UTC", text, got.Location())
		}
	}
}
