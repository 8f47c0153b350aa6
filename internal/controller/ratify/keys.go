// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Signers finds the keys that the parties sign with: a ConfigMap in the operator's namespace, so that whoever may edit a contract
// need not be able to change whose signature counts on it. A nil Signers has no keys: everybody signs by name.
type Signers struct {
	Reader client.Reader
	// Key is the ConfigMap's namespace and name.
	Key client.ObjectKey
}

// Keyring of a namespace. No ConfigMap means no keys; one that cannot be read is an error, and nothing is ratified.
func (s *Signers) Keyring(ctx context.Context, namespace string) (sla.Keyring, error) {
	if s == nil {
		return sla.Keyring{}, nil
	}
	name := "ConfigMap " + s.Key.String()
	object := &corev1.ConfigMap{}
	if err := s.Reader.Get(ctx, s.Key, object); err != nil {
		if apierrors.IsNotFound(err) {
			return sla.Keyring{}, nil
		}
		return sla.Keyring{}, fmt.Errorf("the parties' keys in %s: %w", name, err)
	}
	return sla.ReadKeyring(name, object.Data, namespace), nil
}

// SignersCache watches the one ConfigMap with the keys. The manager's own cache holds only what carries the operator's label.
type SignersCache struct{ cache.Cache }

// GetCache makes the manager fill it before the controllers start.
func (c SignersCache) GetCache() cache.Cache { return c.Cache }

// NewSignersCache makes the cache of the ConfigMap.
func NewSignersCache(config *rest.Config, options cache.Options, key client.ObjectKey) (SignersCache, error) {
	options.DefaultNamespaces = nil
	options.ByObject = map[client.Object]cache.ByObject{
		&corev1.ConfigMap{}: {Namespaces: map[string]cache.Config{
			key.Namespace: {FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, key.Name)},
		}},
	}
	c, err := cache.New(config, options)
	return SignersCache{c}, err
}

// Source asks for a reconciliation of all that map gives whenever the keys change.
func (c SignersCache) Source(all handler.MapFunc) source.Source {
	typed := func(ctx context.Context, object *corev1.ConfigMap) []reconcile.Request { return all(ctx, object) }
	return source.Kind(c.Cache, &corev1.ConfigMap{}, handler.TypedEnqueueRequestsFromMapFunc(typed))
}
