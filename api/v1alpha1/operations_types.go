// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Retention says how long the ledger keeps what happened.
type Retention struct {
	// events is how many days the events and the row of a lead are kept after the last that happened to it, such as 400d; 90 days at
	// least. What it counted stays: the counts of its periods are sealed before, so that old scorecards can be proved. A lead about
	// which something arrives later begins anew. When absent, everything is kept.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:Pattern=`^(9[0-9]|[1-9][0-9]{2,3})d$`
	Events string `json:"events,omitempty"`
}

// Tracing says where the workers send the traces of leads: one from the request that brought an event in, over scoring and routing, to the
// effects. Spans carry ids of leads, never what is known of them.
type Tracing struct {
	// endpoint of an OpenTelemetry collector that takes OTLP over HTTP, without a path: http://collector.observability:4318. It
	// carries no user and password: whoever may read the contract reads them.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^https?://[^/?#@\s]+/?$`
	Endpoint string `json:"endpoint,omitempty"`

	// samplePercent of the requests that are traced, where the sender does not decide it by its own trace. 100 when absent.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	SamplePercent *int32 `json:"samplePercent,omitempty"`
}
