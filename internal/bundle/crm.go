// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"

	"github.com/handoff-sla/handoff/internal/crm"
)

// CRMFile lies beside RosterFile where the contract's leads live in a CRM: crm.Settings. They change without a signature and without a roll-out.
const CRMFile = "crm.json"

// EncodeCRM writes the settings for their ConfigMap.
func EncodeCRM(s crm.Settings) ([]byte, error) { return encode(s) }

// DecodeCRM reads settings. As with a standing, nobody signed them, and a newer manager may say more in them than this version knows. A type that it does
// not know is an error: nothing can be read of such a CRM, nor written into it.
func DecodeCRM(data []byte) (crm.Settings, error) {
	s, err := decodeKnown[crm.Settings](CRMFile, data)
	if err == nil && s.Type != crm.TypeHubSpot && s.Type != crm.TypeSalesforce {
		err = fmt.Errorf("%s: type %q should be %s or %s; a newer version of Handoff may know it", CRMFile, s.Type, crm.TypeHubSpot, crm.TypeSalesforce)
	}
	if err != nil {
		return crm.Settings{}, err
	}
	return s, nil
}
