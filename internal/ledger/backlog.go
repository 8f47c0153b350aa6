// SPDX-License-Identifier: Apache-2.0

package ledger

import "context"

// Behind says whether more than so many causes wait to be scored. It costs two looks into an index while the queue is short, and never
// counts further than the limit.
func (l *Ledger) Behind(ctx context.Context, limit int64) (behind bool, err error) {
	err = l.pool.QueryRow(ctx, `
SELECT CASE WHEN coalesce(
    (SELECT id FROM work WHERE tenant = $1 AND queue = $2 ORDER BY id DESC LIMIT 1) -
    (SELECT id FROM work WHERE tenant = $1 AND queue = $2 ORDER BY id LIMIT 1), 0) < $3 THEN false
ELSE (SELECT count(*) > $3 FROM (SELECT FROM work WHERE tenant = $1 AND queue = $2 LIMIT $3 + 1) AS waiting) END`,
		l.tenant, queueScore, limit).Scan(&behind)
	return behind, err
}
