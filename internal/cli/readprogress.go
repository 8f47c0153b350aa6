// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// readProgress is one changing line on a terminal: rows, their rate, and how long it will take. Elsewhere it is silent: a log has no use for it.
type readProgress struct {
	out   io.Writer
	now   func() time.Time
	start time.Time
	next  time.Time
	shown bool
}

func newReadProgress(out io.Writer, now func() time.Time) *readProgress {
	p := &readProgress{now: now, start: now()}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.out, p.next = out, p.start.Add(500*time.Millisecond)
	}
	return p
}

func (p *readProgress) show(rows, read, size int64) {
	if p.out == nil {
		return
	}
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(200*time.Millisecond), true
	fmt.Fprintf(p.out, "\r\033[K%s", progressLine(rows, read, size, now.Sub(p.start)))
}

func progressLine(rows, read, size int64, passed time.Duration) string {
	text := fmt.Sprintf("%d rows, %.0f a second", rows, float64(rows)/passed.Seconds())
	if size > 0 && read > 0 {
		left := time.Duration(float64(passed) * float64(max(0, size-read)) / float64(read))
		text += fmt.Sprintf(", %d %%, %s to go", min(100, 100*read/size), left.Round(time.Second))
	}
	return text
}

// end takes the line away.
func (p *readProgress) end() {
	if p.shown {
		fmt.Fprint(p.out, "\r\033[K")
	}
}
