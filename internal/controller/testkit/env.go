// SPDX-License-Identifier: Apache-2.0

// Package testkit is what the tests of the reconcilers share: a real API server with the CRDs, objects that are
// valid and signed, a client that counts writes, and a check that kstatus can read every status.
package testkit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

var (
	// Config of the running API server.
	Config *rest.Config
	// Client of it, with all rights and without a cache.
	Client client.WithWatch

	namespaces atomic.Int32
)

// Run the tests of a package with an API server.
func Run(m *testing.M) int {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		fmt.Fprintln(os.Stderr, "no API server for the tests: run them with `make test`, or\n"+
			"  export KUBEBUILDER_ASSETS=$(go run ./hack/cluster assets)   # from the top of the repository")
		return 1
	}
	log.SetLogger(logr.Discard())
	environment := &envtest.Environment{CRDDirectoryPaths: []string{crds()}, ErrorIfCRDPathMissing: true}
	// Nothing here needs the service account controller, and admission by it would wait for one.
	environment.ControlPlane.GetAPIServer().Configure().Append("disable-admission-plugins", "ServiceAccount")
	config, err := environment.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the API server:", err)
		return 1
	}
	defer func() { _ = environment.Stop() }()
	if err := slav1alpha1.AddToScheme(scheme.Scheme); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	config.QPS, config.Burst = 500, 500
	Config = config
	if Client, err = client.NewWithWatch(config, client.Options{Scheme: scheme.Scheme}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func crds() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "config", "crd", "bases")
}

// Namespace makes a namespace for one test.
func Namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", namespaces.Add(1))
	if err := Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		t.Fatal(err)
	}
	return name
}

// Now is the time of the tests: Thursday, 14 January 2027, 15:00 in UTC.
func Now() time.Time { return time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC) }

// Writes counts what a client writes.
type Writes struct{ All []string }

// Counting is a client that notes every write.
func Counting(c client.WithWatch) (client.Client, *Writes) {
	w := &Writes{}
	note := func(verb string, object any) { w.All = append(w.All, fmt.Sprintf("%s %T", verb, object)) }
	return interceptor.NewClient(c, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			note("create", o)
			return c.Create(ctx, o, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			note("update", o)
			return c.Update(ctx, o, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			note("patch", o)
			return c.Patch(ctx, o, p, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			note("delete", o)
			return c.Delete(ctx, o, opts...)
		},
		Apply: func(ctx context.Context, c client.WithWatch, ac apiruntime.ApplyConfiguration, opts ...client.ApplyOption) error {
			if kind, ok := ac.(interface{ GetKind() string }); ok {
				w.All = append(w.All, "apply "+kind.GetKind())
			} else {
				note("apply", ac)
			}
			return c.Apply(ctx, ac, opts...)
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			note("update "+sub, o)
			return c.SubResource(sub).Update(ctx, o, opts...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			note("patch "+sub, o)
			return c.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	}), w
}
