// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	setupEnvtest = "sigs.k8s.io/controller-runtime/tools/setup-envtest@v0.25.1"
	// envtestVersions is the newest published set of Kubernetes' minor release.
	envtestVersions = "1.36.x"
	downloadLimit   = 90 * time.Second
	// forget is how long a failed download is not tried again.
	forget = 24 * time.Hour
)

// runAssets finds envtest's programs, the cheapest way first.
func runAssets(ctx context.Context, l layout) error {
	dir, err := findAssets(ctx, l)
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}

func findAssets(ctx context.Context, l layout) (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); holdsAssets(dir) {
		return dir, nil
	}
	release, err := l.lock()
	if err != nil {
		return "", err
	}
	defer release()
	var parts []component
	built := true
	for _, name := range assetNames() {
		parts = append(parts, find(name))
		built = built && exists(find(name).binary(l))
	}
	if built {
		return linkBin(l, parts)
	}
	if dir := downloaded(l); dir != "" {
		return dir, nil
	}
	if dir, err := download(ctx, l, time.Now()); err == nil {
		return dir, nil
	}
	say("envtest's programs cannot be downloaded here; building them")
	if err := ensure(ctx, l, parts); err != nil {
		return "", err
	}
	return linkBin(l, parts)
}

// downloaded is what setup-envtest left in the cache the last time.
func downloaded(l layout) string {
	dirs, _ := filepath.Glob(filepath.Join(l.cache, "envtest", "k8s", "*"))
	for _, dir := range dirs {
		if holdsAssets(dir) {
			return dir
		}
	}
	return ""
}

func holdsAssets(dir string) bool {
	if dir == "" {
		return false
	}
	for _, name := range assetNames() {
		if !exists(filepath.Join(dir, name)) {
			return false
		}
	}
	return true
}

// download runs setup-envtest. A failure is remembered for a day, so that a
// machine that is cut off does not wait for it again and again.
func download(ctx context.Context, l layout, now time.Time) (string, error) {
	failed := filepath.Join(l.cache, "envtest-download-failed")
	if info, err := os.Stat(failed); err == nil && now.Sub(info.ModTime()) < forget {
		return "", errors.New("failed lately")
	}
	defer step("asking setup-envtest for etcd, kube-apiserver and kubectl")()
	limited, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, "go", "run", setupEnvtest, "use", envtestVersions, "-p", "path",
		"--bin-dir", filepath.Join(l.cache, "envtest"))
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	cmd.WaitDelay = time.Second // `go run` leaves its child holding the pipe
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if err == nil && holdsAssets(dir) {
		return dir, nil
	}
	say("%s", tail(stderr.String(), 3))
	if ctx.Err() == nil {
		_ = writeFile(failed, nil, 0o644)
	}
	return "", fmt.Errorf("setup-envtest: %w", err)
}
