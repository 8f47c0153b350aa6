// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/handoff-sla/handoff/internal/cli/export"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const exportHelp = `Writes what the ledger keeps to standard output, an object a line (NDJSON), as of one
instant and in little memory, however much there is:

  events       CloudEvents as they were sent, in the order in which they came;
               "kubectl sla replay --events" takes them
  leads        the stages, scores and stamps of each lead
  obligations  each lead under each clause: start, deadline, stop, state
  counts       met, missed, open and excused of each clause and period, who was contacted,
               and how long leads waited; also of leads whose history is no longer kept
  seals        the sealed counts with their digests; see kubectl sla verify-counts
  refusals     rejections without a reason code, which were not taken, as CloudEvents:
               with the events they tell "kubectl sla backtest --events" all that was tried

PERSONAL DATA are in the events, as they were sent, and ids and accounts of leads may
be personal too. Keep the file as you keep the ledger.

--lead ID alone writes all that is kept of one lead as one object: for a person who
asks what is known of him. With --what it takes the lines of that lead only.

` + ledgerHelp + `

Nothing is written to the ledger; a database user with SELECT is enough.`

func exportCommand(now func() time.Time) *cobra.Command {
	var f ledgerFlags
	var what, lead string
	cmd := &cobra.Command{
		Use:   "export --contract CONTRACT [--what events|leads|obligations|counts|seals|refusals] [--lead ID]",
		Short: "write events, leads, obligations or counts as NDJSON; or all of one lead",
		Long:  exportHelp,
		Example: `  kubectl sla export --contract mid-market -n revenue --what events > events.ndjson
  kubectl sla export --contract mid-market -n revenue --lead lead-1 > lead-1.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if what == "" && lead == "" {
				what = string(export.Events)
			}
			if what != "" && !slices.Contains(export.Kinds(), export.What(what)) {
				return fmt.Errorf("--what %q: events, leads, obligations, counts, seals or refusals", what)
			}
			if lead != "" && (what == string(export.Counts) || what == string(export.Seals)) {
				return fmt.Errorf("--what %s is about no single lead: leave --lead out", what)
			}
			l, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer l.close()
			if what == "" {
				return exportSubject(cmd, l, lead)
			}
			return exportAll(cmd, l, export.Options{What: export.What(what), Lead: lead}, now)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&what, "what", "", "events (default), leads, obligations, counts, seals or refusals")
	cmd.Flags().StringVar(&lead, "lead", "", "only this lead")
	return cmd
}

func exportSubject(cmd *cobra.Command, l *opened, lead string) error {
	var subject export.Subject
	err := l.Read(cmd.Context(), func(r *ledger.Reading) (err error) {
		subject, err = export.Of(cmd.Context(), r, l.tenant, lead)
		return err
	})
	if err != nil {
		return ledgerError(err)
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(subject)
}

// outError is about the output, not about the ledger.
type outError struct {
	io.Writer
	err error
}

func (w *outError) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

func exportAll(cmd *cobra.Command, l *opened, o export.Options, now func() time.Time) error {
	progress := newExportProgress(cmd.ErrOrStderr(), now)
	o.Progress = progress.show
	out := &outError{Writer: cmd.OutOrStdout()}
	var written int64
	err := l.Read(cmd.Context(), func(r *ledger.Reading) (err error) {
		written, err = export.Write(cmd.Context(), r, out, o)
		return err
	})
	progress.end()
	switch {
	case out.err != nil:
		return fmt.Errorf("standard output: %w", out.err)
	case err != nil:
		return ledgerError(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d %s written\n", written, strings.TrimSuffix(string(o.What), "s")+map[bool]string{true: "", false: "s"}[written == 1])
	return nil
}

// exportProgress is one changing line on a terminal, and nothing elsewhere.
type exportProgress struct {
	out         io.Writer
	now         func() time.Time
	start, next time.Time
	shown       bool
}

func newExportProgress(out io.Writer, now func() time.Time) *exportProgress {
	p := &exportProgress{now: now, start: now()}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.out, p.next = out, p.start.Add(500*time.Millisecond)
	}
	return p
}

func (p *exportProgress) show(done, about int64) {
	if p.out == nil || done%1000 != 0 {
		return
	}
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(200*time.Millisecond), true
	text := fmt.Sprintf("%d written, %.0f a second", done, float64(done)/now.Sub(p.start).Seconds())
	if about > done {
		text += fmt.Sprintf(", about %d %%", 100*done/about)
	}
	fmt.Fprintf(p.out, "\r\033[K%s", text)
}

func (p *exportProgress) end() {
	if p.shown {
		fmt.Fprint(p.out, "\r\033[K")
	}
}
