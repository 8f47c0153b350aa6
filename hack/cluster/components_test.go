// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestComponentsAreComplete(t *testing.T) {
	names := map[string]bool{}
	folders := map[string]bool{}
	for _, c := range components() {
		if c.name == "" || names[c.name] {
			t.Errorf("name %q is empty or twice in the table", c.name)
		}
		if !strings.HasPrefix(c.version, "v") {
			t.Errorf("%s: version %q", c.name, c.version)
		}
		if (c.pkg == "") == (c.source == "") {
			t.Errorf("%s: exactly one of a package and a source is built", c.name)
		}
		if c.pkg != "" && !strings.HasPrefix(c.pkg, c.module) {
			t.Errorf("%s: package %s is not in module %s", c.name, c.pkg, c.module)
		}
		if folders[c.folder()] {
			t.Errorf("%s shares its folder %s", c.name, c.folder())
		}
		names[c.name], folders[c.folder()] = true, true
	}
	for i, name := range assetNames() {
		if components()[i].name != name {
			t.Errorf("%s must be built among the first: others wait for it", name)
		}
	}
}

func TestSourcesParse(t *testing.T) {
	for _, c := range components() {
		if c.source == "" {
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), c.name+".go", c.source, 0); err != nil {
			t.Error(err)
		}
	}
}

func TestFolderChangesWithTheRecipe(t *testing.T) {
	c := kube("kubelet")
	if !strings.HasPrefix(c.folder(), "kubelet-"+kubeVersion+"-") {
		t.Errorf("folder %s", c.folder())
	}
	changed := c
	changed.tags = "other"
	if changed.folder() == c.folder() {
		t.Error("other build tags, same folder")
	}
}

func TestLdflagsNameTheVersion(t *testing.T) {
	got := component{version: "v1.36.3", staging: true}.ldflags()
	for _, want := range []string{"gitVersion=v1.36.3", "gitMajor=1", "gitMinor=36"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if plain := (component{version: "v1.2.3"}).ldflags(); plain != "-s -w" {
		t.Errorf("got %q", plain)
	}
}

func TestLinkBin(t *testing.T) {
	l := layout{cache: t.TempDir()}
	list := []component{find("etcd"), find("kubectl")}
	for _, c := range list {
		if err := writeFile(c.binary(l), []byte(c.name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a second call finds all in place
		bin, err := linkBin(l, list)
		if err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(filepath.Join(bin, "etcd"))
		if err != nil || string(body) != "etcd" {
			t.Errorf("got %q, %v", body, err)
		}
	}
}
