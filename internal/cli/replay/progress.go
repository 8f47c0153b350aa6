// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Progress shows how far a replay is: one changing line on a terminal, else a line at each tenth.
type Progress struct {
	out      io.Writer
	total    int
	terminal bool
	tenth    int
	shown    bool
}

// NewProgress of so many events.
func NewProgress(out io.Writer, total int) *Progress {
	file, ok := out.(*os.File)
	return &Progress{out: out, total: total, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

// Show is called after each batch.
func (p *Progress) Show(s Summary) {
	if p.total == 0 {
		return
	}
	if p.terminal {
		fmt.Fprintf(p.out, "\r%d of %d events sent", s.Done(), p.total)
		p.shown = true
		return
	}
	if tenth := s.Done() * 10 / p.total; tenth > p.tenth {
		p.tenth = tenth
		fmt.Fprintf(p.out, "%d of %d events sent\n", s.Done(), p.total)
	}
}

// End ends the changing line.
func (p *Progress) End() {
	if p.shown {
		fmt.Fprintln(p.out)
	}
}

// Report says what became of a replay.
func (p *Plan) Report(out io.Writer, s Summary) {
	fmt.Fprintf(out, "%d events of %d leads: %d accepted, %d duplicates (accepted before), %d rejected\n",
		len(p.Records), p.LeadCount(), s.Accepted, s.Duplicates, s.Rejected)
	for _, r := range s.Reasons {
		fmt.Fprintf(out, "  %s\n", r)
	}
	if more := s.Rejected - len(s.Reasons); more > 0 {
		fmt.Fprintf(out, "  and %d more\n", more)
	}
	if s.Conflicts > 0 {
		fmt.Fprintf(out, "%d were accepted before with other content; with --shift-to-now, --anchor repeats the times of the first run\n", s.Conflicts)
	}
	if len(p.Malformed) > 0 {
		fmt.Fprintf(out, "%d malformed, not sent:\n", len(p.Malformed))
	}
	for i, m := range p.Malformed {
		if i == maxReasons {
			fmt.Fprintf(out, "  and %d more\n", len(p.Malformed)-i)
			break
		}
		fmt.Fprintf(out, "  %s\n", m)
	}
}
