// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads the documents of a file, of all YAML files below a folder, of standard input for "-", or of a git revision written
// REV:PATH, such as main:sla/. One that cannot be read is an error.
func Load(ctx context.Context, source string, stdin io.Reader) ([]Document, error) {
	return strict(ScanAll(ctx, source, stdin))
}

// ScanAll is Load, but a document that cannot be read says so in its Err.
func ScanAll(ctx context.Context, source string, stdin io.Reader) ([]Document, error) {
	if source == "-" {
		return Scan(source, stdin)
	}
	info, err := os.Stat(source)
	switch {
	case err == nil && info.IsDir():
		return scanFolder(source)
	case err == nil:
		return Scan(source, nil)
	case errors.Is(err, fs.ErrNotExist) && strings.Contains(source, ":"):
		return scanRevision(ctx, source)
	default:
		return nil, err
	}
}

func isYAML(name string) bool {
	extension := filepath.Ext(name)
	return extension == ".yaml" || extension == ".yml"
}

func scanFolder(folder string) ([]Document, error) {
	var docs []Document
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != folder && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || !isYAML(path):
			return nil
		}
		files++
		more, err := Scan(path, nil)
		docs = append(docs, more...)
		return err
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("%s: no *.yaml or *.yml file in this folder", folder)
	}
	return docs, err
}

// hidden says whether a folder on the path, or the file, begins with a dot: nobody means those.
func hidden(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return strings.HasPrefix(part, ".") })
}

// scanRevision reads REV:PATH with the git of the machine: it knows every way to name a revision.
func scanRevision(ctx context.Context, source string) ([]Document, error) {
	revision, path, _ := strings.Cut(source, ":")
	if revision == "" || strings.HasPrefix(revision, "-") {
		return nil, fmt.Errorf("%s: neither a file nor a git revision (REV:PATH, such as main:sla/)", source)
	}
	path = filepath.ToSlash(filepath.Clean(path))
	listed, err := git(ctx, "ls-tree", "-r", "-z", "--name-only", revision, "--", path)
	if err != nil {
		return nil, fmt.Errorf("%s: no such file, and as a git revision: %w", source, err)
	}
	names := slices.DeleteFunc(strings.Split(listed, "\x00"), func(name string) bool {
		return name == "" || name != path && (!isYAML(name) || hidden(strings.TrimPrefix(name, path)))
	})
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: git revision %s has no YAML file at %s", source, revision, path)
	}
	var docs []Document
	for _, name := range names {
		text, err := git(ctx, "show", revision+":./"+name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		docs = append(docs, parseAll(revision+":"+name, []byte(text))...)
	}
	return docs, nil
}

func git(ctx context.Context, args ...string) (string, error) {
	var out, problem bytes.Buffer
	command := exec.CommandContext(ctx, "git", args...) //nolint:gosec // a revision never begins with a dash, a path follows "--" or ":./"
	command.Stdout, command.Stderr = &out, &problem
	if err := command.Run(); err != nil {
		if text := strings.TrimSpace(problem.String()); text != "" {
			return "", fmt.Errorf("git %s: %s", args[0], text)
		}
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return out.String(), nil
}
