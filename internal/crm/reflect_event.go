// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Bounds of what the ledger takes, see docs/events.md.
const (
	ahead    = 5 * time.Minute // that a clock elsewhere may be ahead
	maxText  = 32 << 10        // bytes of one text
	maxExact = 1 << 53         // from here on a JSON number loses digits
)

var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Keys of Known.Hashes for what is no field of the definition. No CRM has a field whose name begins so.
const (
	hashQualification = "~qualification."
	hashActivity      = "~activity."
	hashMerged        = "~merged."   // with the time at which it was noticed, or longGone
	hashConverted     = "~converted" // with the time of the conversion
)

// longGone stands for a record that had been taken in before anybody looked.
const longGone = "before"

// told is an event. Its id has a digest of what it says: another reading of one moment, as after a loss of what was known, is another event.
func (r *Reflector) told(about string, kind lead.Kind, of string, at time.Time, data map[string]any, now time.Time) Told {
	id := fmt.Sprintf("%s/%s@%d/%s", about, kind, at.UnixMilli(), digest(about, string(kind), data))
	return Told{Source: r.source, ID: id, Kind: kind, Lead: of, Time: within(at, now), Data: data}
}

// within bounds a time of another clock to what the ledger takes.
func within(at, now time.Time) time.Time {
	switch {
	case at.Before(earliest):
		return earliest
	case at.After(now.Add(ahead)):
		return now.UTC()
	default:
		return at.UTC()
	}
}

// digest of a value of one record. It is of the record, so that equal values of two people do not look equal.
func digest(record, key string, value any) string {
	text, err := json.Marshal(value)
	if err != nil { // a value that JSON cannot carry is refused by whoever checks the event
		text = fmt.Appendf(nil, "%T", value)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", record, key, text))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// plain is a value as an event carries it: nil for an empty one, a text for a time.
func plain(value any) any {
	switch v := value.(type) {
	case string:
		if strings.TrimSpace(v) == "" {
			return nil
		}
		return v
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return stamp(v)
	case int:
		return float64(v)
	case int64:
		return float64(v)
	default:
		return v
	}
}

// unkept says why an event cannot carry a value; empty when it can.
func unkept(value any) string {
	switch v := value.(type) {
	case nil, bool:
		return ""
	case string:
		switch {
		case len(v) > maxText:
			return fmt.Sprintf("holds more than %d bytes of text", maxText)
		case !utf8.ValidString(v) || strings.ContainsRune(v, 0):
			return "holds a text that is not valid UTF-8, or has a NUL character"
		}
		return ""
	case float64:
		if math.IsNaN(v) || math.Abs(v) >= maxExact {
			return "holds a number of 2^53 or more, or none"
		}
		return ""
	default:
		return "holds a value of a kind that no field has"
	}
}

// stamp is a time as events and Known have it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
