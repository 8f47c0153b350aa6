// SPDX-License-Identifier: Apache-2.0

// Package setup brings the whole of Handoff up on a local Kubernetes, step by step: the demo and the end-to-end tests do the
// same. Every step may be repeated: it makes what is missing and leaves what is there. Only the kubeconfig of
// hack/cluster is ever used.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// Env is a local Kubernetes and the checkout that is installed on it.
type Env struct {
	Root       string // of the checkout
	Kubeconfig string
	Kubectl    string // the program
	Client     client.Client
	Config     *rest.Config

	out     io.Writer
	started time.Time
	cluster string // the program hack/cluster, built once
	image   string // Handoff's image, named after its content
}

// New finds the checkout. out gets the progress.
func New(ctx context.Context, out io.Writer) (*Env, error) {
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	e := &Env{Root: root, out: out, started: time.Now()}
	e.cluster = e.scratch("cluster")
	return e, e.run(ctx, "go", "build", "-o", e.cluster, "./hack/cluster")
}

// findRoot walks up to the folder with go.mod.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("not inside a checkout of Handoff: no go.mod here or above")
		}
		dir = filepath.Dir(dir)
	}
}

// scratch is a path in the folder for what is built, which git ignores.
func (e *Env) scratch(name string) string { return filepath.Join(e.Root, ".demo", name) }

// Step does one thing and says how long it has all taken so far.
func (e *Env) Step(what string, do func() error) error {
	e.Say("%s", what)
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Say prints a line with the time since the start.
func (e *Env) Say(format string, args ...any) {
	fmt.Fprintf(e.out, "[%4.0fs] %s\n", time.Since(e.started).Seconds(), fmt.Sprintf(format, args...))
}

// Up brings the cluster up and connects to it.
func (e *Env) Up(ctx context.Context) error {
	if err := e.run(ctx, e.cluster, "up"); err != nil {
		return err
	}
	return e.Connect(ctx)
}

// Connect to the cluster that runs.
func (e *Env) Connect(ctx context.Context) error {
	var err error
	if e.Kubeconfig, err = e.line(ctx, e.cluster, "kubeconfig"); err != nil {
		return err
	}
	if e.Kubectl, err = e.line(ctx, e.cluster, "kubectl"); err != nil {
		return err
	}
	if e.Config, err = clientcmd.BuildConfigFromFlags("", e.Kubeconfig); err != nil {
		return err
	}
	e.Config.QPS, e.Config.Burst = 50, 100
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, rbacv1.AddToScheme, slav1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	e.Client, err = client.New(e.Config, client.Options{Scheme: scheme})
	return err
}

// Down takes the cluster down, with everything on it, and removes what was built for it.
func (e *Env) Down(ctx context.Context) error {
	if err := e.run(ctx, e.cluster, "down"); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(e.Root, ".demo"))
}

// Runs says whether the cluster runs.
func (e *Env) Runs(ctx context.Context) bool {
	_, err := e.output(ctx, nil, e.cluster, "status")
	return err == nil
}

// Kind says whether the cluster is one of kind: it pulls images from registries, and its pods have no way to a server on this machine.
func (e *Env) Kind() (bool, error) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(e.Kubeconfig), "provider"))
	return strings.HasPrefix(string(text), "kind"), err
}
