// SPDX-License-Identifier: Apache-2.0

package ledger

// RoutingSQL are the queries of routing over all leads, and the index that each is to go by: of leads_open_of_owner and _picked either will do.
func RoutingSQL() map[string]string {
	return map[string]string{
		unroutedSQL: "leads_to_route", leaversSQL: "leads_open_of_picked", ownedSQL: "leads_open_of_", holdingsSQL: "leads_owned_of_account",
	}
}
