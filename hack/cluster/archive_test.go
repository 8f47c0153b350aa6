// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func binariesFolder(t *testing.T, stamp time.Time) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"scoring-worker", "manager", "kubectl-sla"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("program "+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readTar(t *testing.T, body []byte) (names []string, files map[string][]byte) {
	t.Helper()
	files = map[string][]byte{}
	for tr := tar.NewReader(bytes.NewReader(body)); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return names, files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		files[h.Name] = content
	}
}

func TestImageIsTheSameForTheSameBinaries(t *testing.T) {
	var sums []string
	for _, stamp := range []time.Time{time.Unix(1000, 0), time.Unix(2000000, 0)} {
		out := filepath.Join(t.TempDir(), "image.tar")
		if err := binaryImage(out, "localhost/handoff/handoff:dev", binariesFolder(t, stamp)); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(body)))
	}
	if sums[0] != sums[1] {
		t.Errorf("digests differ: %v", sums)
	}
}

func TestImageContent(t *testing.T) {
	out := filepath.Join(t.TempDir(), "sub", "image.tar")
	if err := binaryImage(out, "localhost/handoff/handoff:dev", binariesFolder(t, epoch)); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	_, outer := readTar(t, body)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(outer["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest[0].RepoTags[0] != "localhost/handoff/handoff:dev" {
		t.Errorf("tags %v", manifest[0].RepoTags)
	}
	var config imageConfig
	if err := json.Unmarshal(outer[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := outer[manifest[0].Layers[0]]
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256(layer)); config.RootFS.DiffIDs[0] != want {
		t.Errorf("diff id %s, the layer has %s", config.RootFS.DiffIDs[0], want)
	}
	if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/manager" {
		t.Errorf("settings %+v", config.Config)
	}
	_, files := readTar(t, layer)
	if string(files["manager"]) != "program manager" || !strings.Contains(string(files["etc/passwd"]), "nonroot:x:65532") {
		t.Error("the layer lacks a program or its user")
	}
	leftovers, _ := os.ReadDir(filepath.Dir(out))
	if len(leftovers) != 1 {
		t.Errorf("temporary files left: %v", leftovers)
	}
}

func TestImageOfAnEmptyFolderIsRefused(t *testing.T) {
	if err := binaryImage(filepath.Join(t.TempDir(), "x.tar"), "x:y", t.TempDir()); err == nil {
		t.Error("no error")
	}
}
