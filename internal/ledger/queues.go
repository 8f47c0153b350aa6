// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// QueueState is what waits in one of the queues.
type QueueState struct {
	Name    string
	Waiting int64
	Oldest  time.Duration // age of the oldest; 0 when nothing waits
}

// Queues are all of them, also those in which nothing waits.
func (l *Ledger) Queues(ctx context.Context) ([]QueueState, error) {
	rows, err := l.pool.Query(ctx, `
SELECT name, count(w.id), coalesce(clock_timestamp() - min(w.enqueued_at), '0') FROM unnest($2::text[]) AS name
LEFT JOIN work w ON w.tenant = $1 AND w.queue = name GROUP BY name ORDER BY name`, l.tenant, []string{queueScore, queueRoute})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[QueueState])
}

// Kind of an error, one of a few fixed words, for a metric.
func Kind(err error) string {
	var server *pgconn.PgError
	var network net.Error
	switch {
	case ours(err) != nil:
		return "refused" // by a rule of the ledger: another pair is in force, another schema
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &server):
		return kindOfServer(server.Code)
	case errors.As(err, &network), pgconn.SafeToRetry(err):
		return "connection"
	default:
		return "other"
	}
}

// kindOfServer goes by the class of the SQLSTATE, its first two characters.
func kindOfServer(code string) string {
	switch code[:min(2, len(code))] {
	case "08", "57":
		return "connection"
	case "28", "42":
		return "rights"
	case "40", "55":
		return "conflict" // with another transaction
	case "53":
		return "resources" // disk, memory, connections
	default:
		return "database"
	}
}
