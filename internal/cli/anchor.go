// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/replay"
)

// An anchor is the instant that --shift-to-now calls now. It is part of what is sent, so the same file must keep it: a second
// replay with another anchor would send other times under the same identities, and each would be a conflict. It is remembered for
// each pair of content and target in the user's cache folder.

// anchorKey names the content and the target.
func anchorKey(identity string, files ...*replay.File) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", identity)
	for _, f := range files {
		if f != nil {
			fmt.Fprintf(h, "%s %d\n", filepath.Base(f.Name), len(f.Data))
			h.Write(f.Data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// anchor is the one asked for, else the one remembered, else now. again says that it was remembered.
func anchor(folder, key, asked string, now time.Time) (at time.Time, again bool, err error) {
	file := filepath.Join(folder, key)
	switch asked {
	case "":
		text, err := os.ReadFile(file)
		if err == nil {
			if at, err = time.Parse(time.RFC3339, strings.TrimSpace(string(text))); err == nil {
				return at, true, nil
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, false, fmt.Errorf("%s: %w (--anchor says another)", file, err)
		}
		at = now
	case "now":
		at = now
	default:
		if at, err = time.Parse(time.RFC3339, asked); err != nil {
			return time.Time{}, false, fmt.Errorf("--anchor %q: RFC 3339, such as 2027-01-12T14:03:00Z, or now", asked)
		}
	}
	at = at.UTC().Truncate(time.Second)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return time.Time{}, false, err
	}
	return at, false, os.WriteFile(file, []byte(at.Format(time.RFC3339)+"\n"), 0o600)
}
