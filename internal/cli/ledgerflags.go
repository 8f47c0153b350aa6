// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/handoff-sla/handoff/internal/cli/target"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// ledgerHelp is said by every verb that speaks to a ledger.
const ledgerHelp = `The ledger is that of a contract (--contract NAME, -n NAMESPACE): its connection string
is read from the Secret that the contract names, with your own rights, and where its
host is a Service of the cluster the connection goes through a port-forward to a ready
pod behind it. Without a cluster: --ledger-env names an environment variable with the
connection string, or --ledger-file a file, and --tenant is the contract's
spec.ledger.tenant. The string is never an argument: others would see it.`

// ledgerFlags say which ledger.
type ledgerFlags struct {
	clusterFlags

	contract, env, file, tenant string
}

func (f *ledgerFlags) add(flags *pflag.FlagSet) {
	f.clusterFlags.add(flags)
	flags.StringVar(&f.contract, "contract", "", "SLAContract whose ledger it is")
	flags.StringVar(&f.env, "ledger-env", "", "environment variable that holds the connection string, instead of a contract")
	flags.StringVar(&f.file, "ledger-file", "", "file that holds the connection string, instead of a contract")
	flags.StringVar(&f.tenant, "tenant", "", "tenant of the ledger, with --ledger-env or --ledger-file")
}

// opened is a ledger of a tenant, until it is closed.
type opened struct {
	*ledger.Ledger
	tenant string
	close  func()
}

func (f *ledgerFlags) open(ctx context.Context) (*opened, error) {
	direct := f.env != "" || f.file != ""
	switch {
	case f.contract == "" && !direct:
		return nil, errors.New("no ledger: --contract NAME (and -n NAMESPACE), or --ledger-env NAME with --tenant")
	case f.contract != "" && direct:
		return nil, errors.New("--contract and --ledger-env or --ledger-file: give one of them")
	case f.contract != "" && f.tenant != "":
		return nil, errors.New("--tenant goes with --ledger-env or --ledger-file: a contract has its own")
	case direct && f.tenant == "":
		return nil, errors.New("no tenant: --tenant, the contract's spec.ledger.tenant")
	}
	of := &target.LedgerOf{Tenant: f.tenant, Close: func() {}}
	var err error
	if direct {
		of.DSN, err = connectionString(f.env, f.file)
	} else {
		of, err = f.ofContract(ctx)
	}
	if err != nil {
		return nil, err
	}
	l, err := ledger.OpenThrough(ctx, of.DSN, of.Tenant, of.Dial)
	if err != nil {
		of.Close()
		return nil, ledgerError(err)
	}
	return &opened{Ledger: l, tenant: of.Tenant, close: func() { l.Close(); of.Close() }}, nil
}

func (f *ledgerFlags) ofContract(ctx context.Context) (*target.LedgerOf, error) {
	config, namespace, err := f.config()
	if err != nil {
		return nil, err
	}
	return target.Ledger(ctx, config, namespace, f.contract)
}

// ledgerError is for people and never has any part of the connection string.
func ledgerError(err error) error {
	if err == nil {
		return nil
	}
	var tunnel *target.TunnelError
	if errors.As(err, &tunnel) {
		return fmt.Errorf("ledger: %w", tunnel)
	}
	return errors.New("ledger: " + ledger.Describe(err)) // not wrapped: what is wrapped could show the string
}

// connectionString of the ledger. An error never shows it, nor what was written in place of the variable's name: that may be the string.
func connectionString(env, file string) (string, error) {
	if env != "" && file != "" {
		return "", errors.New("--ledger-env and --ledger-file: give one of them")
	}
	if env != "" {
		if strings.ContainsAny(env, ":/@= ") {
			return "", errors.New("--ledger-env takes the name of an environment variable, not the connection string: it would show on the command line")
		}
		text := strings.TrimSpace(os.Getenv(env))
		if text == "" {
			return "", fmt.Errorf("--ledger-env %s: the environment variable is not set, or empty; it holds postgres://user:password@host:5432/database", env)
		}
		return text, nil
	}
	text, err := os.ReadFile(file)
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return "", fmt.Errorf("--ledger-file: the file cannot be read: %w", path.Err)
	case err != nil:
		return "", errors.New("--ledger-file: the file cannot be read")
	case strings.TrimSpace(string(text)) == "":
		return "", errors.New("--ledger-file: the file is empty; it holds postgres://user:password@host:5432/database")
	}
	return strings.TrimSpace(string(text)), nil
}
