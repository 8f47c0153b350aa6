// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Describe says in words why the database cannot be used, for conditions and logs. It never repeats the connection string
// or any part of it, nor a value from a row.
func Describe(err error) string {
	var (
		server  *pgconn.PgError
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case err == nil:
		return ""
	case ours(err) != nil:
		return ours(err).Error()
	case errors.As(err, &server):
		return describeServer(server)
	case errors.As(err, &dns):
		return "the host of the database is not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the database refuses the connection"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "the database does not answer in time"
	case errors.Is(err, context.Canceled):
		return "the request was given up"
	case errors.As(err, &timeout):
		return "the connection to the database failed"
	case pgconn.SafeToRetry(err):
		return "the connection to the database broke off"
	default:
		return "the database cannot be used (" + kindOf(err) + ")"
	}
}

// ours is the error of this package that err wraps; nil when it is another's.
func ours(err error) error {
	for _, e := range []error{ErrDSN, ErrNothingInForce, ErrMayNotRead} {
		if errors.Is(err, e) {
			return e
		}
	}
	var (
		stale      *StaleError
		mismatch   *MismatchError
		foreign    *ForeignError
		unreadable *UnreadableError
		schema     *SchemaError
		unknown    *UnknownLeadError
		notParked  *NotParkedError
	)
	switch {
	case errors.As(err, &stale):
		return stale
	case errors.As(err, &mismatch):
		return mismatch
	case errors.As(err, &foreign):
		return foreign
	case errors.As(err, &unreadable):
		return unreadable
	case errors.As(err, &schema):
		return schema
	case errors.As(err, &unknown):
		return unknown
	case errors.As(err, &notParked):
		return notParked
	default:
		return nil
	}
}

func describeServer(err *pgconn.PgError) string {
	meaning := map[string]string{
		"28P01": "the database refuses user or password",
		"28000": "the database refuses the user",
		"3D000": "the database of the connection string does not exist",
		"42501": "the user of the connection string may not do what the ledger needs: grant CREATE on the database, or make the schema " +
			Schema + " and give it to the user",
		"53300": "the database has no connection left",
		"57P01": "the database cut the connection",
		"57P03": "the database is starting or stopping",
		"25006": "the database is read-only",
		"53100": "the disk of the database is full",
	}[err.Code]
	if meaning == "" {
		meaning = "the database reports an error"
	}
	return meaning + " (SQLSTATE " + err.Code + ")"
}

// kindOf names the innermost error by its type: its text might hold what must not be shown.
func kindOf(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return typeName(err)
		}
		err = inner
	}
}

func typeName(err error) string { return fmt.Sprintf("%T", err) }

// SchemaMissing says whether the error is that the tables are not there: the database was replaced by an empty one.
func SchemaMissing(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && (server.Code == "42P01" || server.Code == "3F000")
}

// RefusedData says whether the server found something wrong with the values, and not with itself or the way to it.
func RefusedData(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && strings.HasPrefix(server.Code, "22")
}
