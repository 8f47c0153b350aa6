// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// ErrCRMMoved says that another replica has moved the position of the stream: what was read since the old one is to be read again.
var ErrCRMMoved = errors.New("another worker has moved on in the CRM's changes; read again from its position")

// CRMStanding is how the ledger has a lead.
type CRMStanding struct {
	crm.Standing       // Status of the disposition and Enforced are for the pair to say
	JudgedBy     int64 // sequence of that pair; 0 when it is judged by none yet
}

// Hinted is what a webhook said: that a record has changed.
type Hinted struct {
	Event  string // id by which the CRM tells it again
	Record string
}

// CRMHint is one that waits.
type CRMHint struct {
	ID     int64
	Record string
}

// CRMIntake is what was read of the CRM, and what follows from it.
type CRMIntake struct {
	Stream   crm.Stream   // "" when it is about hints or undoing
	From, To crm.Position // of the stream: it moves from one to the other, or nothing is written
	Entries  []Entry      // as Ingest takes them
	Known    []crm.Known  // all of them but Wrote, WroteAt, Restore and SetBacks, which are not its reader's to say
	Hints    []int64      // done
	Undo     []crm.Undo   // what the writer is to set back
	Stopped  []crm.Undo   // what is not set back any more
}

// OutgoingJob is a job that tells of one lead.
type OutgoingJob struct {
	Args CRMArgs
	Job  int64
}

// CRMTold is what became of one job.
type CRMTold struct {
	Args    CRMArgs
	Version int64
	Content []byte            // what was told, by a hash
	Lead    string            //
	Written *crm.Written      // nil where nothing was written
	Wrote   map[string]string // what was, by the names of crm.Known; what is not in it stays
	Owner   *string           // that the CRM took; nil where it was told of none
	Gone    crm.Gone
	Note    string // key of the note that was left; "" for none
	Planned []byte // what would have been written, as JSON; nil where it was written
}

// CRMLease takes the tenant's lease on reading the CRM for a while, or renews it, and says whether it is the holder's.
func (l *Ledger) CRMLease(ctx context.Context, holder string, term time.Duration) (held bool, err error) {
	return false, errors.ErrUnsupported
}

// CRMPosition is how far a stream was read.
func (l *Ledger) CRMPosition(ctx context.Context, stream crm.Stream) (crm.Position, error) {
	return crm.Position{}, errors.ErrUnsupported
}

// CRMKnown is what is known of records, by their ids.
func (l *Ledger) CRMKnown(ctx context.Context, records []string) (map[string]crm.Known, error) {
	return nil, errors.ErrUnsupported
}

// CRMStandings are how the ledger has leads, by their ids. A lead that is not there is left out.
func (l *Ledger) CRMStandings(ctx context.Context, leads []string) (map[string]CRMStanding, error) {
	return nil, errors.ErrUnsupported
}

// CRMHints are the oldest hints that wait.
func (l *Ledger) CRMHints(ctx context.Context, limit int) ([]CRMHint, error) {
	return nil, errors.ErrUnsupported
}

// NoteHints keeps hints, each event once.
func (l *Ledger) NoteHints(ctx context.Context, hints []Hinted) error { return errors.ErrUnsupported }

// CRMDiverged are records that hold, for longer than that, what the agreement does not allow, and that are to be set back.
func (l *Ledger) CRMDiverged(ctx context.Context, after time.Duration, limit int) ([]crm.Known, error) {
	return nil, errors.ErrUnsupported
}

// TakeIn writes what was read in one transaction, and answers with the outcome of each entry. Its error is ErrCRMMoved when another worker was first.
func (l *Ledger) TakeIn(ctx context.Context, in CRMIntake) ([]Outcome, error) {
	return nil, errors.ErrUnsupported
}
