// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

const (
	repository = "localhost/handoff/handoff"
	// devImage is the image that config/ names.
	devImage = repository + ":dev"
)

// Images builds Handoff and loads it into the cluster. The tag is made of the content: other code is another image, so that
// pods of an earlier run are replaced; the same code is the same.
func (e *Env) Images(ctx context.Context) error {
	bin := e.scratch("bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		return err
	}
	build := e.command(ctx, nil, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", bin+string(filepath.Separator), "./cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	build.Stdout, build.Stderr = e.out, e.out
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	sum, err := hashFolder(bin)
	if err != nil {
		return err
	}
	e.image = repository + ":" + sum[:12]
	return e.load(ctx, e.image, e.scratch("handoff.tar"), "image", e.scratch("handoff.tar"), "--binaries", bin, "--tag", e.image)
}

// load makes an image archive by hack/cluster and loads it, unless a node has the image already.
func (e *Env) load(ctx context.Context, image, archive string, recipe ...string) error {
	there, err := e.hasImage(ctx, image)
	if there || err != nil {
		return err
	}
	if _, err := e.output(ctx, nil, e.cluster, recipe...); err != nil {
		return err
	}
	_, err = e.output(ctx, nil, e.cluster, "load", archive)
	return err
}

func (e *Env) hasImage(ctx context.Context, image string) (bool, error) {
	var nodes corev1.NodeList
	if err := e.Client.List(ctx, &nodes); err != nil {
		return false, err
	}
	for _, node := range nodes.Items {
		for _, i := range node.Status.Images {
			if slices.Contains(i.Names, image) {
				return true, nil
			}
		}
	}
	return false, nil
}

func hashFolder(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, entry := range entries {
		f, err := os.Open(filepath.Join(dir, entry.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s\n", entry.Name())
		_, err = io.Copy(h, f)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
