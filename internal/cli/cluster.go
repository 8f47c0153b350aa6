// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// clusterFlags say which cluster and namespace, as kubectl's do.
type clusterFlags struct{ namespace, kubeconfig, context string }

func (f *clusterFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace of objects that name none (the current context's when absent)")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file (KUBECONFIG or ~/.kube/config when absent)")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig")
}

// config of the cluster, and the namespace.
func (f *clusterFlags) config() (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context})
	config, err := loader.ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err) && f.context == "":
		return nil, "", errors.New("no cluster is configured: name a kubeconfig file with --kubeconfig or KUBECONFIG, and one of its contexts with --context")
	case err != nil:
		return nil, "", fmt.Errorf("the cluster cannot be found: %w; --kubeconfig names the kubeconfig file, --context one of its contexts", err)
	}
	namespace := f.namespace
	if namespace == "" {
		namespace, _, err = loader.Namespace()
	}
	return config, namespace, err
}

// reader of our kinds and of the revisions that keep what was ratified.
func (f *clusterFlags) reader() (client.Reader, error) {
	config, _, err := f.config()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(appsv1.AddToScheme(scheme), slav1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
}
