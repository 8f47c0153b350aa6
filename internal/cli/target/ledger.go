// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// dsnKey is the key of the ledger's Secret.
const dsnKey = "dsn"

// LedgerOf is how to reach the ledger of a contract.
type LedgerOf struct {
	DSN    string // a secret
	Tenant string
	Dial   pgconn.DialFunc // nil: directly
	Close  func()
}

// Ledger finds the ledger of an SLAContract with the rights of the user: its Secret has the connection string. A host that is a Service of the
// cluster is reached by a port-forward to a ready pod behind it, any other directly.
func Ledger(ctx context.Context, config *rest.Config, namespace, name string) (*LedgerOf, error) {
	c, contract, err := contractOf(ctx, config, namespace, name)
	if err != nil {
		return nil, err
	}
	return ledgerOf(ctx, config, c, contract)
}

func ledgerOf(ctx context.Context, config *rest.Config, c client.Client, contract *slav1alpha1.SLAContract) (*LedgerOf, error) {
	var secret corev1.Secret
	key := client.ObjectKey{Namespace: contract.Namespace, Name: contract.Spec.Ledger.SecretRef.Name}
	if err := c.Get(ctx, key, &secret); err != nil {
		return nil, fmt.Errorf("the connection string of slacontract %s/%s: %w", contract.Namespace, contract.Name, err)
	}
	dsn := strings.TrimSpace(string(secret.Data[dsnKey]))
	parsed, err := pgconn.ParseConfig(dsn)
	if dsn == "" || err != nil { // the error could show the string
		return nil, fmt.Errorf("secret %s: key %q: %w", key, dsnKey, ledger.ErrDSN)
	}
	out := &LedgerOf{DSN: dsn, Tenant: contract.Spec.Ledger.Tenant, Close: func() {}}
	service, err := serviceOf(ctx, c, parsed.Host, contract.Namespace)
	if err != nil || service == nil {
		return out, err
	}
	tunnel := &Tunnel{config: config, client: c, namespace: service.Namespace, service: service.Name, number: int32(parsed.Port)}
	out.Dial, out.Close = tunnel.DialContext, tunnel.Close
	return out, nil
}

// serviceOf is the Service that a host name means inside the cluster; nil when it means none: db, db.namespace, db.namespace.svc and so on. A
// namespace that the user may not look into may be no namespace at all, as in db.example.
func serviceOf(ctx context.Context, c client.Client, host, namespace string) (*corev1.Service, error) {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if net.ParseIP(host) != nil || strings.HasPrefix(host, "/") || host == "localhost" || len(labels) > 2 && labels[2] != "svc" {
		return nil, nil
	}
	if len(labels) > 1 {
		namespace = labels[1]
	}
	var service corev1.Service
	err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: labels[0]}, &service)
	switch {
	case err != nil && len(labels) < 3 && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the database is at service %s/%s: %w", namespace, labels[0], err)
	case len(service.Spec.Selector) == 0:
		return nil, nil // it stands for something outside
	}
	return &service, nil
}
