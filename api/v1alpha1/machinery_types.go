// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Ingest is where events come in.
type Ingest struct {
	// tokenSecretRef names the Secret whose key `token` holds the bearer token that senders of events must show.
	// +required
	TokenSecretRef ObjectReference `json:"tokenSecretRef,omitzero"`
}

// Ledger is the PostgreSQL database that holds the leads.
type Ledger struct {
	// secretRef names the Secret whose key `dsn` holds the connection string: postgres://user:password@host:5432/database.
	// +required
	SecretRef ObjectReference `json:"secretRef,omitzero"`

	// tenant separates the leads of contracts that share a database. It cannot change: the history hangs on it. A contract
	// that takes over the tenant of a renamed one is refused until the ledger is told; the condition LedgerAvailable has the statement.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the tenant is immutable: the history of the leads hangs on it"
	Tenant string `json:"tenant,omitempty"`
}

// Worker is how one of the two workers runs.
// +kubebuilder:validation:XValidation:rule="!has(self.resources) || !has(self.resources.claims)",message="the workers use no resource claims"
type Worker struct {
	// replicas wanted. When absent, one at first and an autoscaler may own the number.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// resources of the worker's container: requests and limits. Requests of 50m CPU and 64Mi memory when absent.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`
}

// Workers are the two deployments that enforce the contract.
type Workers struct {
	// scoring takes events in, scores and qualifies.
	// +optional
	Scoring *Worker `json:"scoring,omitempty"`

	// routing picks owners, runs the clocks and counts.
	// +optional
	Routing *Worker `json:"routing,omitempty"`

	// tracing of leads with OpenTelemetry. Off when absent.
	// +optional
	Tracing *Tracing `json:"tracing,omitempty"`
}
