// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	providerKind = "kind"
	kindName     = "handoff"
)

// kind runs the cluster in a container, where an engine answers.
type kind struct {
	l      layout
	engine string
}

// findEngine asks docker and podman whether they really answer: a client
// without a server, as on many build machines, is not enough.
func findEngine(ctx context.Context) string {
	if _, err := exec.LookPath("kind"); err != nil {
		return ""
	}
	for _, engine := range []string{"docker", "podman"} {
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := exec.CommandContext(limited, engine, "info").Run()
		cancel()
		if err == nil {
			return engine
		}
	}
	return ""
}

func (p kind) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "kind", args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = p.env()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kind %s: %w", strings.Join(args[:2], " "), err)
	}
	return nil
}

func (p kind) env() []string {
	if p.engine == "podman" {
		return append(os.Environ(), "KIND_EXPERIMENTAL_PROVIDER=podman")
	}
	return os.Environ()
}

func (p kind) clusters(ctx context.Context) []string {
	cmd := exec.CommandContext(ctx, "kind", "get", "clusters", "--quiet")
	cmd.Env = p.env()
	out, _ := cmd.Output()
	return strings.Fields(string(out))
}

func (p kind) up(ctx context.Context) error {
	if !exists(p.l.provider()) && slices.Contains(p.clusters(ctx), kindName) {
		return fmt.Errorf("a kind cluster %q exists that this program did not make; `kind delete cluster --name %s` removes it", kindName, kindName)
	}
	if err := writeFile(p.l.provider(), []byte(providerKind+" "+p.engine), 0o644); err != nil {
		return err
	}
	if slices.Contains(p.clusters(ctx), kindName) {
		if err := p.down(ctx); err != nil {
			return err
		}
		return p.up(ctx)
	}
	err := p.run(ctx, "create", "cluster", "--name", kindName, "--kubeconfig", p.l.kubeconfig(), "--wait", "180s")
	if err != nil {
		return err
	}
	kubectl, err := p.kubectl(ctx)
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"wait", "--for=condition=Available", "deployment/coredns", "-n", "kube-system", "--timeout=180s"},
		{"wait", "--for=create", "serviceaccount/default", "-n", "default", "--timeout=60s"},
	} {
		if err := command(ctx, append([]string{kubectl, "--kubeconfig=" + p.l.kubeconfig()}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

func (p kind) down(ctx context.Context) error {
	if err := p.run(ctx, "delete", "cluster", "--name", kindName, "--kubeconfig", p.l.kubeconfig()); err != nil {
		return err
	}
	return os.RemoveAll(p.l.run())
}

func (p kind) load(ctx context.Context, files []string) error {
	for _, file := range files {
		if err := p.run(ctx, "load", "image-archive", file, "--name", kindName); err != nil {
			return err
		}
	}
	return nil
}

func (p kind) running(ctx context.Context) bool {
	if !slices.Contains(p.clusters(ctx), kindName) {
		return false
	}
	kubectl, err := p.kubectl(ctx)
	return err == nil && kubectlRun(ctx, kubectl, p.l.kubeconfig(), "get", "--raw=/readyz") == nil
}

// kubectl is the user's own: kind's version is the user's choice too.
func (p kind) kubectl(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("kubectl"); err == nil {
		return path, nil
	}
	return local{p.l}.kubectl(ctx)
}
