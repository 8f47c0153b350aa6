// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
)

// tokenKey is the key of the ingest Secret.
const tokenKey = "token"

// Target is where events go.
type Target struct {
	URL      string
	Token    string
	Client   *http.Client
	Fields   []lead.Field // of the definition in force; nil when the target is a bare address
	Identity string       // differs for every contract that ever was
	Close    func()
}

// Plain is an address without a cluster.
func Plain(address, token string) (*Target, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is no address such as http://localhost:8080/v1/events", address)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/events"
	}
	return &Target{URL: u.String(), Token: token, Client: &http.Client{Timeout: requestTimeout}, Identity: u.String(), Close: func() {}}, nil
}

// requestTimeout is well above what a batch takes; an answer that never comes is asked for again.
const requestTimeout = time.Minute

// Scheme knows the kinds that are read here.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return scheme, slav1alpha1.AddToScheme(scheme)
}

// contractOf reads an SLAContract, with a client of the user's rights.
func contractOf(ctx context.Context, config *rest.Config, namespace, name string) (client.Client, *slav1alpha1.SLAContract, error) {
	scheme, err := Scheme()
	if err != nil {
		return nil, nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, nil, err
	}
	var contract slav1alpha1.SLAContract
	return c, &contract, c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &contract)
}

// Contract is the ingest address of an SLAContract: its pair in force and token are read from the cluster.
func Contract(ctx context.Context, config *rest.Config, namespace, name string) (*Target, error) {
	c, contract, err := contractOf(ctx, config, namespace, name)
	if err != nil {
		return nil, err
	}
	if contract.Status.IngestAddress == "" {
		return nil, fmt.Errorf("slacontract %s/%s has no ingest address yet: `kubectl describe slacontract -n %s %s` says what it waits for",
			namespace, name, namespace, name)
	}
	fields, err := fields(ctx, c, contract)
	if err != nil {
		return nil, err
	}
	token, err := token(ctx, c, contract)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(contract.Status.IngestAddress)
	if err != nil {
		return nil, fmt.Errorf("slacontract %s/%s: status.ingestAddress: %w", namespace, name, err)
	}
	service, _, _ := strings.Cut(address.Hostname(), ".")
	t := &Tunnel{config: config, client: c, namespace: namespace, service: service}
	transport := &http.Transport{DialContext: t.DialContext, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second}
	return &Target{
		URL: contract.Status.IngestAddress, Token: token, Fields: fields, Identity: string(contract.UID),
		Client: &http.Client{Transport: transport, Timeout: requestTimeout},
		Close:  func() { transport.CloseIdleConnections(); t.Close() },
	}, nil
}

// fields that the workers read: those of the pair in force, which may differ from the definition as it is written now.
func fields(ctx context.Context, c client.Client, contract *slav1alpha1.SLAContract) ([]lead.Field, error) {
	if contract.Status.InForce == nil {
		return nil, fmt.Errorf("slacontract %s/%s has no pair of terms and definition in force yet: `kubectl describe slacontract -n %s %s` says what is missing",
			contract.Namespace, contract.Name, contract.Namespace, contract.Name)
	}
	key := client.ObjectKey{Namespace: contract.Namespace, Name: contract.Status.InForce.Bundle}
	var object corev1.ConfigMap
	if err := c.Get(ctx, key, &object); err != nil {
		return nil, fmt.Errorf("the pair in force of slacontract %s/%s: %w", contract.Namespace, contract.Name, err)
	}
	pair, err := bundle.DecodeBundle([]byte(object.Data[bundle.BundleFile]))
	if err != nil {
		return nil, fmt.Errorf("configmap %s: %w", key, err)
	}
	return pair.Lead.Fields, nil
}

func token(ctx context.Context, c client.Client, contract *slav1alpha1.SLAContract) (string, error) {
	var secret corev1.Secret
	name := contract.Spec.Ingest.TokenSecretRef.Name
	if err := c.Get(ctx, client.ObjectKey{Namespace: contract.Namespace, Name: name}, &secret); err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(secret.Data[tokenKey]))
	if value == "" {
		return "", fmt.Errorf("secret %s/%s has no key %q", contract.Namespace, name, tokenKey)
	}
	return value, nil
}
