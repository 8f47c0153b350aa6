// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ensure builds the components that the store lacks. The caller holds the lock.
func ensure(ctx context.Context, l layout, list []component) error {
	var missing []component
	for _, c := range list {
		if !exists(c.binary(l)) {
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// What an interrupted build left behind is worth nothing: start clean.
	if err := os.RemoveAll(l.work()); err != nil {
		return err
	}
	defer os.RemoveAll(l.work())
	if len(missing) > 3 {
		say("building %d programs from Go modules, once; on 2 cores allow 10 to 15 minutes", len(missing))
	}
	for i, c := range missing {
		done := step(fmt.Sprintf("building %s %s (%d of %d)", c.name, c.version, i+1, len(missing)))
		if err := build(ctx, l, c); err != nil {
			return fmt.Errorf("build %s: %w", c.name, err)
		}
		done()
	}
	return nil
}

// build makes one program under a temporary name and renames its folder into
// the store, so what is in the store is always whole.
func build(ctx context.Context, l layout, c component) error {
	dir := filepath.Join(l.work(), c.group())
	if err := prepareModule(ctx, dir, c); err != nil {
		return err
	}
	out := filepath.Join(l.work(), "out", c.folder())
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	pkg := c.pkg
	if c.source != "" {
		pkg = "./" + c.name
		if err := writeFile(filepath.Join(dir, c.name, "main.go"), []byte(c.source), 0o644); err != nil {
			return err
		}
	}
	args := []string{"build", "-trimpath", "-tags", c.tags, "-ldflags", c.ldflags(), "-o", filepath.Join(out, c.name), pkg}
	if err := goCommand(ctx, l, dir, c.cgo, args...); err != nil {
		return err
	}
	if err := os.MkdirAll(l.store(), 0o755); err != nil {
		return err
	}
	target := filepath.Join(l.store(), c.folder())
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(out, target)
}

// prepareModule writes the go.mod of a component's group once.
func prepareModule(ctx context.Context, dir string, c component) error {
	path := filepath.Join(dir, "go.mod")
	if exists(path) {
		return nil
	}
	text := plainMod(c)
	if c.staging {
		upstream, err := upstreamMod(ctx, c)
		if err != nil {
			return err
		}
		text = stagingMod(upstream, c, stagingVersion)
	}
	return writeFile(path, []byte(text), 0o644)
}

// upstreamMod downloads a module and returns the text of its go.mod.
func upstreamMod(ctx context.Context, c component) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", c.module+"@"+c.version)
	cmd.Dir = os.TempDir() // outside any module, whose go.mod it would read
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("download %s: %w\n%s%s", c.module, err, tail(string(out), 5), tail(stderr.String(), 10))
	}
	var info struct{ GoMod string }
	if err := json.Unmarshal(out, &info); err != nil {
		return "", err
	}
	text, err := os.ReadFile(info.GoMod)
	return string(text), err
}

// goCommand runs the go tool with settings of its own: the user's GOFLAGS or
// workspace must not leak into the build. Its temporary files go to the work
// folder, which is removed afterwards.
func goCommand(ctx context.Context, l layout, dir string, cgo bool, args ...string) error {
	tmp := filepath.Join(l.work(), "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	cgoFlag := "CGO_ENABLED=0"
	if cgo {
		cgoFlag = "CGO_ENABLED=1"
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false", "GOTMPDIR="+tmp,
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, cgoFlag)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, tail(string(out), 40))
	}
	return nil
}

// tail is the last n lines of a text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}

// linkBin makes a folder with a link to each component, for what searches
// programs by folder (envtest, containerd), and returns it. The folder is named
// after its content, so that it never mixes versions.
func linkBin(l layout, list []component) (string, error) {
	var folders []string
	for _, c := range list {
		folders = append(folders, c.folder())
	}
	sum := sha256.Sum256([]byte(strings.Join(folders, "\n")))
	bin := filepath.Join(l.cache, "bin", fmt.Sprintf("%s-%x", kubeVersion, sum[:4]))
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	for _, c := range list {
		link := filepath.Join(bin, c.name)
		if exists(link) {
			continue
		}
		_ = os.Remove(link)
		if err := os.Symlink(filepath.Join("..", "..", "store", c.folder(), c.name), link); err != nil && !os.IsExist(err) {
			return "", err
		}
	}
	return bin, nil
}
