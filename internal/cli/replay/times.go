// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"time"
)

var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
}

// ParseTime reads RFC 3339, `YYYY-MM-DD hh:mm[:ss]` or `YYYY-MM-DD`; a time without a zone is in UTC.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date: RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD", text)
}
