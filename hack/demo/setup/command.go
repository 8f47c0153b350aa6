// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// command is interrupted, not killed, when the context ends: hack/cluster then ends what it started itself.
func (e *Env) command(ctx context.Context, stdin io.Reader, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin = e.Root, stdin
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// run shows what the program prints.
func (e *Env) run(ctx context.Context, name string, args ...string) error {
	cmd := e.command(ctx, nil, name, args...)
	cmd.Stdout, cmd.Stderr = e.out, e.out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return nil
}

// output returns what the program prints; its complaints are in the error.
func (e *Env) output(ctx context.Context, stdin io.Reader, name string, args ...string) (string, error) {
	cmd := e.command(ctx, stdin, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// line is the last line that the program prints.
func (e *Env) line(ctx context.Context, name string, args ...string) (string, error) {
	text, err := e.output(ctx, nil, name, args...)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1], err
}

// Kube runs kubectl on the local cluster and returns what it prints.
func (e *Env) Kube(ctx context.Context, args ...string) (string, error) {
	return e.output(ctx, nil, e.Kubectl, append([]string{"--kubeconfig", e.Kubeconfig}, args...)...)
}

// Apply applies manifests.
func (e *Env) Apply(ctx context.Context, manifests string) error {
	_, err := e.output(ctx, strings.NewReader(manifests), e.Kubectl, "--kubeconfig", e.Kubeconfig,
		"apply", "--server-side", "--force-conflicts", "--field-manager=handoff-demo", "-f", "-")
	return err
}

// Render renders a kustomization of the checkout.
func (e *Env) Render(ctx context.Context, folder string) (string, error) {
	return e.Kube(ctx, "kustomize", filepath.Join(e.Root, folder))
}
