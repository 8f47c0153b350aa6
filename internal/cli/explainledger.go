// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/cli/explain/fromledger"
)

func (f *explainFlags) fromLedger(cmd *cobra.Command, id string, now func() time.Time) (x explain.Explanation, err error) {
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
	if source.DSN, err = connectionString(f.ledgerEnv, f.ledgerFile); err != nil {
		return x, err
	}
	if f.definition != "" {
		rules, _, err := f.rules(cmd, false, now())
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
