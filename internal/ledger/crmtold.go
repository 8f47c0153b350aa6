// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// OutgoingMany is Outgoing of many jobs, in their order, with what the CRM is known to hold.
func (l *Ledger) OutgoingMany(ctx context.Context, jobs []OutgoingJob) ([]*Standing, error) {
	return nil, errors.ErrUnsupported
}

// FinishMany is FinishOutgoing of many jobs, in one transaction.
func (l *Ledger) FinishMany(ctx context.Context, done []CRMTold, complete func(context.Context, pgx.Tx) error) error {
	return errors.ErrUnsupported
}
