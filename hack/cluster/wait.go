// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// waiter waits for parts of the cluster and gives up as soon as a program that
// was started has ended.
type waiter struct {
	l       layout
	rec     *records
	kubectl string
}

// patience is how long one part may take; on a slow machine all of them
// together take half of it.
const patience = 3 * time.Minute

func (w waiter) until(ctx context.Context, what string, check func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return nil
		}
		if dead := w.rec.dead(); len(dead) > 0 {
			return fmt.Errorf("waiting until %s: %s ended:\n%s", what, strings.Join(dead, ", "), logTail(w.l, dead[0]))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s until %s: %w", patience, what, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (w waiter) kube(ctx context.Context, args ...string) error {
	return kubectlRun(ctx, w.kubectl, w.l.kubeconfig(), args...)
}

// kubectlRun names the kubeconfig always, so that no other is ever used.
func kubectlRun(ctx context.Context, kubectl, kubeconfig string, args ...string) error {
	return command(ctx, append([]string{kubectl, "--kubeconfig=" + kubeconfig, "--request-timeout=60s"}, args...)...)
}

// settle installs the addons and returns when pods can run.
func (w waiter) settle(ctx context.Context) error {
	manifest := w.l.inRun("conf", "addons.yaml")
	if err := writeFile(manifest, []byte(addons(hostUpstreams())), 0o644); err != nil {
		return err
	}
	steps := []struct {
		what string
		args []string
	}{
		{"the addons are installed", []string{"apply", "--server-side", "-f", manifest}},
		{"the node is ready", []string{"wait", "--for=condition=Ready", "node/" + nodeName, "--timeout=30s"}},
		{"the default service account exists", []string{"get", "serviceaccount", "default", "-n", "default"}},
		{"CoreDNS is available", []string{"wait", "--for=condition=Available", "deployment/coredns", "-n", "kube-system", "--timeout=30s"}},
	}
	for _, s := range steps {
		say("waiting until %s", s.what)
		if err := w.until(ctx, s.what, func() error { return w.kube(ctx, s.args...) }); err != nil {
			return err
		}
	}
	return nil
}
