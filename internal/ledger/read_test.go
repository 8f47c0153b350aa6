// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func read(t *testing.T, l *ledger.Ledger, look func(*ledger.Reading) error) error {
	t.Helper()
	return l.Read(t.Context(), look)
}

func TestReadALead(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	since := registered(t, l, pair(1))
	ingest(t, l, captured("1", "lead-1", map[string]any{"a": "x"}), captured("2", "lead-2", nil))
	judge := func(one *ledger.Lead) error {
		one.Account = "acme"
		one.Score.Clamped = 40
		return reach(one)
	}
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, judge) })
	err := read(t, l, func(r *ledger.Reading) error {
		one, err := r.Lead(t.Context(), "lead-1")
		if err != nil {
			return err
		}
		if one.ID != "lead-1" || one.Stage != ledger.StageMQL || one.JudgedBy != 1 || len(one.Events) != 1 || one.Events[0].ScoredBy != 1 {
			t.Errorf("%+v", one)
		}
		contacts, err := r.Contacts(t.Context(), "acme")
		if err != nil {
			return err
		}
		if len(contacts) != 2 || contacts[1].ID != "lead-2" || contacts[1].Score.Clamped != 40 || len(contacts[1].Events) != 1 {
			t.Errorf("contacts: %+v", contacts)
		}
		if none, err := r.Contacts(t.Context(), "other"); err != nil || len(none) != 0 {
			t.Errorf("contacts of another account: %v, %v", none, err)
		}
		b, at, err := r.InForce(t.Context())
		if err != nil {
			return err
		}
		if b.Sequence != 1 || !at.Equal(since) {
			t.Errorf("pair %d in force since %s, want 1 since %s", b.Sequence, at, since)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ tenant, want string }{
		"another lead":   {tenant, `no lead "lead-9" in ledger tenant "acme"`},
		"another tenant": {"amce", "knows no such tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			err := read(t, ledgertest.Open(t, dsn, tc.tenant), func(r *ledger.Reading) error {
				_, err := r.Lead(t.Context(), "lead-9")
				return err
			})
			if got := ledger.Describe(err); !strings.Contains(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestReadOfNothingInForce(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	err := read(t, l, func(r *ledger.Reading) error {
		_, _, err := r.InForce(t.Context())
		return err
	})
	if !errors.Is(err, ledger.ErrNothingInForce) {
		t.Errorf("error %v", err)
	}
}

var errWrote = errors.New("tried to write")

// What reads cannot write, and sees one instant: what is committed meanwhile is not seen by half.
func TestReadOnlyReads(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, captured("1", "lead-1", nil))
	err := read(t, l, func(r *ledger.Reading) error {
		if err := ledger.TryToWrite(t.Context(), r); err == nil {
			t.Error("it wrote")
		} else if server := (*pgconn.PgError)(nil); !errors.As(err, &server) || server.Code != "25006" {
			t.Errorf("error %v, want that the transaction is read-only", err)
		}
		return errWrote
	})
	if !errors.Is(err, errWrote) {
		t.Errorf("error %v, want the one of the look", err)
	}
	err = read(t, l, func(r *ledger.Reading) error {
		if _, err := r.Lead(t.Context(), "lead-1"); err != nil {
			return err
		}
		later := captured("2", "lead-1", nil)
		later.Kind = lead.KindUpdated
		ingest(t, l, later)
		one, err := r.Lead(t.Context(), "lead-1")
		if err == nil && len(one.Events) != 1 {
			t.Errorf("%d events, one of them came after the reading began", len(one.Events))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReadOfAnotherSchema(t *testing.T) {
	cases := map[string]struct {
		statements []string
		migrate    bool
		want       string
	}{
		"none":  {want: "the database has no ledger in its schema handoff"},
		"empty": {statements: []string{"CREATE SCHEMA handoff"}, want: "the database has no ledger"},
		"older": {
			migrate: true, statements: []string{"DELETE FROM handoff.goose_db_version WHERE version_id > 1"},
			want: "has version 1, this program reads version",
		},
		"newer": {
			migrate: true, statements: []string{"INSERT INTO handoff.goose_db_version (version_id, is_applied) VALUES (9000, true)"},
			want: "has version 9000, this program knows up to version",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dsn := ledgertest.DSN(t)
			l := ledgertest.Open(t, dsn, tenant)
			if tc.migrate {
				if err := l.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			ledgertest.Exec(t, dsn, tc.statements...)
			err := read(t, l, func(*ledger.Reading) error {
				t.Error("it was read")
				return nil
			})
			if got := ledger.Describe(err); !strings.Contains(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// A user with SELECT is enough; one without is told what is missing.
func TestReadAsAnotherUser(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, captured("1", "lead-1", nil))
	looker := "looker_" + ledgertest.Value[string](t, dsn, "SELECT current_database()") // users are the server's, which a test that runs again has seen before
	ledgertest.Exec(t, dsn, "CREATE USER "+looker)
	look := func() error {
		return read(t, ledgertest.Open(t, ledgertest.As(dsn, looker), tenant), func(r *ledger.Reading) error {
			_, err := r.Lead(t.Context(), "lead-1")
			return err
		})
	}
	if err := look(); !errors.Is(err, ledger.ErrMayNotRead) {
		t.Errorf("without rights: %v", err)
	}
	ledgertest.Exec(t, dsn, "GRANT USAGE ON SCHEMA handoff TO "+looker, "GRANT SELECT ON ALL TABLES IN SCHEMA handoff TO "+looker)
	if err := look(); err != nil {
		t.Error(err)
	}
}
