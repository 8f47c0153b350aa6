// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An `images:` entry in config/default names the image of the manager and of what it starts.
func TestImageIsSetInOnePlace(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config")
	if err := os.CopyFS(config, os.DirFS(filepath.Join(root, "config"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(config, "default", "kustomization.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "images:\n- {name: "+repository+", newName: registry.example/handoff, newTag: v9}\n"...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "tool", "-modfile=go.tools.mod", "kustomize", "build", filepath.Dir(file))
	build.Dir = root
	build.Stderr = os.Stderr
	manifests, err := build.Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(manifests), "registry.example/handoff:v9"); n != 2 || strings.Contains(string(manifests), repository) {
		t.Errorf("the image stands %d times, want 2: of the manager and of the workers", n)
	}
}
