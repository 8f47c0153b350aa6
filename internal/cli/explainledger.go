// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/cli/explain/fromledger"
)

func (f *explainFlags) fromLedger(cmd *cobra.Command, id string, _ func() time.Time) (x explain.Explanation, err error) {
	switch {
	case len(f.files()) > 0:
		return x, errors.New("a lead is explained from files (--leads, --events) or from the ledger (--ledger-env), not from both")
	case f.ledgerEnv != "" && f.ledgerFile != "":
		return x, errors.New("--ledger-env and --ledger-file: give one of them")
	case f.ledgerEnv == "" && f.ledgerFile == "":
		return x, errors.New("no ledger: --ledger-env NAME, the environment variable that holds the connection string, or --ledger-file FILE")
	case f.tenant == "":
		return x, errors.New("no tenant: --tenant, the contract's spec.ledger.tenant")
	}
	source := fromledger.Source{Tenant: f.tenant, Lead: id}
	if source.DSN, err = f.connection(); err != nil {
		return x, err
	}
	if f.definition != "" {
		rules, err := f.rules(cmd)
		if err != nil {
			return x, err
		}
		source.Draft = &fromledger.Draft{Name: rules.Name, Definition: rules.Definition}
	}
	if f.at != "" {
		if source.Until, err = f.until(); err != nil {
			return x, err
		}
	}
	return fromledger.Explain(cmd.Context(), source)
}

// connection string of the ledger. An error never shows it, nor what was written in place of the variable's name: that may be the string.
func (f *explainFlags) connection() (string, error) {
	if f.ledgerEnv != "" {
		if strings.ContainsAny(f.ledgerEnv, ":/@= ") {
			return "", errors.New("--ledger-env takes the name of an environment variable, not the connection string: it would show on the command line")
		}
		text := strings.TrimSpace(os.Getenv(f.ledgerEnv))
		if text == "" {
			return "", fmt.Errorf("--ledger-env %s: the environment variable is not set, or empty; it holds postgres://user:password@host:5432/database", f.ledgerEnv)
		}
		return text, nil
	}
	text, err := os.ReadFile(f.ledgerFile)
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
