// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const nonrootUser = "65532:65532"

const (
	nonrootPasswd = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	nonrootGroup  = "root:x:0:\nnonroot:x:65532:\n"
	caBundle      = "/etc/ssl/certs/ca-certificates.crt"
)

// runImage makes the operator's image from static binaries.
func runImage(_ context.Context, _ layout, args []string) error {
	var out string
	if len(args) > 0 && args[0][0] != '-' {
		out, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	binaries := flags.String("binaries", "", "folder of static binaries")
	tag := flags.String("tag", "localhost/handoff/handoff:dev", "name of the image")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if out == "" && flags.NArg() == 1 {
		out = flags.Arg(0)
	}
	if out == "" || *binaries == "" {
		return errors.New("usage: image OUT.tar --binaries DIR [--tag NAME:TAG]")
	}
	return binaryImage(out, *tag, *binaries)
}

// binaryImage puts each file of a folder at / of an image from scratch.
func binaryImage(out, tag, dir string) error {
	names, err := programs(dir)
	if err != nil {
		return err
	}
	settings := imageSettings{User: nonrootUser, WorkingDir: "/", Env: []string{"PATH=/"}}
	switch {
	case slices.Contains(names, "manager"):
		settings.Entrypoint = []string{"/manager"}
	case len(names) == 1:
		settings.Entrypoint = []string{"/" + names[0]}
	}
	return writeArchive(out, tag, settings, func(tw *tar.Writer) error {
		if err := addBase(tw); err != nil {
			return err
		}
		for _, name := range names {
			if err := addFromDisk(tw, name, filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// programs are the regular files of a folder, in order of their names.
func programs(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no binaries in %s", dir)
	}
	return names, nil
}

// addBase adds what a static binary may still look for: its user, a place for
// temporary files, and certificate authorities if this machine has them.
func addBase(tw *tar.Writer) error {
	folders := []struct {
		name string
		mode int64
	}{{"etc", 0o755}, {"etc/ssl", 0o755}, {"etc/ssl/certs", 0o755}, {"tmp", 0o1777}}
	for _, f := range folders {
		if err := addFolder(tw, f.name, f.mode); err != nil {
			return err
		}
	}
	if err := addFile(tw, "etc/passwd", 0o644, []byte(nonrootPasswd)); err != nil {
		return err
	}
	if err := addFile(tw, "etc/group", 0o644, []byte(nonrootGroup)); err != nil {
		return err
	}
	bundle, err := os.ReadFile(caBundle)
	if err != nil {
		return nil //nolint:nilerr // an image without them is whole; it makes no TLS calls outside
	}
	return addFile(tw, caBundle[1:], 0o644, bundle)
}

// systemImages makes the images that every cluster starts with.
func systemImages(l layout) ([]string, error) {
	var out []string
	for _, name := range []string{"pause", "coredns"} {
		c := find(name)
		path := filepath.Join(l.images(), c.folder()+".tar")
		out = append(out, path)
		if exists(path) {
			continue
		}
		settings := imageSettings{User: nonrootUser, Entrypoint: []string{"/" + name}}
		tag := "localhost/handoff/" + name + ":" + c.version
		err := writeArchive(path, tag, settings, func(tw *tar.Writer) error {
			return addFromDisk(tw, name, c.binary(l))
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
