// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// riverVersion is River's schema that this version of Handoff works with. A new version of the library that brings another one is taken
// up here, on purpose.
const riverVersion = 8

// Attempts until an effect is given up: with waits that double from five seconds up to an hour, a notice is tried for three hours, and a report and
// what the CRM is told for sixteen.
const (
	noticeAttempts = 12
	reportAttempts = 25
	crmAttempts    = 25
)

// NoticeArgs are what River keeps of a message to be sent: no lead and no address.
type NoticeArgs struct {
	Tenant  string `json:"tenant"`
	Message int64  `json:"message"`
}

// Kind of the job.
func (NoticeArgs) Kind() string { return "notice" }

// ReportArgs are what River keeps of a report to be sent.
type ReportArgs struct {
	Tenant  string `json:"tenant"`
	Message int64  `json:"message"`
}

// Kind of the job.
func (ReportArgs) Kind() string { return "report" }

// MessageArgs are those of jobs that send a message.
type MessageArgs interface {
	river.JobArgs
	Carries() (tenant string, message int64)
}

// Carries says which message the job sends.
func (a NoticeArgs) Carries() (tenant string, message int64) { return a.Tenant, a.Message }

// Carries says which message the job sends.
func (a ReportArgs) Carries() (tenant string, message int64) { return a.Tenant, a.Message }

// CRMArgs are what River keeps of a write to the CRM.
type CRMArgs struct {
	Tenant string `json:"tenant"`
	Outbox int64  `json:"outbox"`
	Token  int64  `json:"token"` // version at which it was inserted: a job is obsolete when another one is on its way for the lead
}

// Kind of the job.
func (CRMArgs) Kind() string { return "crm" }

// kinds of effects.
var kinds = []string{NoticeArgs{}.Kind(), ReportArgs{}.Kind(), CRMArgs{}.Kind()}

// queueName is what River calls valid.
var queueName = regexp.MustCompile(`^[a-z0-9]+([_|-]?[a-z0-9]+)*$`)

// Queue of a tenant for a kind of job. Each has its own, so that a worker takes only what is its tenant's, and messages do not wait behind a
// CRM that is slow. A tenant whose name River would not take as part of one goes by its hash.
func Queue(kind, tenant string) string {
	if name := kind + "-" + tenant; len(name) <= 64 && queueName.MatchString(name) {
		return name
	}
	hash := sha256.Sum256([]byte(tenant))
	return kind + "-h-" + hex.EncodeToString(hash[:16])
}

// queues of the tenant.
func (l *Ledger) queues() []string {
	var queues []string
	for _, kind := range kinds {
		queues = append(queues, queuesOf(kind, l.tenant)...)
	}
	return queues
}

// queuesOf the jobs of a kind.
func queuesOf(kind, tenant string) []string {
	if kind == (NoticeArgs{}).Kind() {
		return []string{Queue(kind, tenant), StepQueue(tenant)}
	}
	return []string{Queue(kind, tenant)}
}

// StepQueue has the notices of escalations. Workers from before there were any do not know of it: during a roll-out they would find no items in
// such a message, and drop it.
func StepQueue(tenant string) string { return Queue("escalation", tenant) }

// migrateRiver brings River's tables to the version of this binary.
func (l *Ledger) migrateRiver(ctx context.Context) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(l.pool), &rivermigrate.Config{Schema: Schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	existing, err := migrator.ExistingVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the version of River's tables in schema %s: %w", Schema, err)
	}
	for _, m := range existing {
		if m.Version >= riverVersion {
			return nil
		}
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: riverVersion}); err != nil {
		return fmt.Errorf("migrating River's tables in schema %s: %w", Schema, err)
	}
	return nil
}

// River makes a client on the connections of the ledger. Without queues it inserts, retries and deletes only. It polls: a connection of each
// worker that does nothing but listen is more than a database that many share can spare.
func (l *Ledger) River(config river.Config) (*river.Client[pgx.Tx], error) {
	config.Schema = Schema
	config.PollOnly = true
	// Given-up jobs stay until somebody has decided about them.
	config.DiscardedJobRetentionPeriod, config.CancelledJobRetentionPeriod = -1, -1
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return river.NewClient(riverpgxv5.New(l.pool), &config)
}

// insertJobs has jobs inserted by the transaction of their cause.
func (l *Ledger) insertJobs(ctx context.Context, tx pgx.Tx, jobs []river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	l.inserting.Do(func() { l.inserter, l.inserterErr = l.River(river.Config{}) })
	if l.inserterErr != nil {
		return l.inserterErr
	}
	_, err := l.inserter.InsertManyFastTx(ctx, tx, jobs)
	return err
}

func (l *Ledger) noticeJob(message int64, at time.Time, priority int) river.InsertManyParams {
	args := NoticeArgs{Tenant: l.tenant, Message: message}
	return river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{
		Queue: Queue(args.Kind(), l.tenant), MaxAttempts: noticeAttempts, Priority: priority, ScheduledAt: at,
	}}
}

func (l *Ledger) stepJob(message int64) river.InsertManyParams {
	job := l.noticeJob(message, time.Time{}, 1)
	job.InsertOpts.Queue = StepQueue(l.tenant)
	return job
}

func (l *Ledger) reportJob(message int64) river.InsertManyParams {
	args := ReportArgs{Tenant: l.tenant, Message: message}
	return river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{Queue: Queue(args.Kind(), l.tenant), MaxAttempts: reportAttempts}}
}

func (l *Ledger) crmJob(outbox, token int64) river.InsertManyParams {
	args := CRMArgs{Tenant: l.tenant, Outbox: outbox, Token: token}
	return river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{
		Queue: Queue(args.Kind(), l.tenant), MaxAttempts: crmAttempts, Priority: 2,
	}}
}

// deleteJob deletes a job that is not running.
func (l *Ledger) deleteJob(ctx context.Context, tx pgx.Tx, id int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM river_job WHERE id = $1 AND queue = ANY($2) AND state <> $3`, id, l.queues(), rivertype.JobStateRunning)
	return err
}
