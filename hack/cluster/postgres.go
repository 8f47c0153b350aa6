// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	postgresTag   = "localhost/handoff/postgres:15"
	postgresSuite = "bookworm"
	// The extract variant takes dependencies, but no package that Debian deems
	// always there: initdb needs a shell, and the entrypoint the small tools.
	postgresPackages = "postgresql-15,dash,coreutils"
	postgresUser     = "999:999"
)

// initdb looks its user up by number, so users a pod may run as are named.
const (
	postgresPasswd = nonrootPasswd + "postgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh\n"
	postgresGroup  = nonrootGroup + "postgres:x:999:\n"
)

// postgresEntry understands the settings of the well-known postgres image, so
// that one manifest serves both.
const postgresEntry = `#!/bin/sh
set -eu
case "${1:-postgres}" in
-*) set -- postgres "$@" ;;
postgres) ;;
*) exec "$@" ;;
esac
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user="${POSTGRES_USER:-postgres}"
    db="${POSTGRES_DB:-$user}"
    mkdir -p "$(dirname "$PGDATA")"
    if [ -n "${POSTGRES_PASSWORD:-}" ]; then
        printf '%s\n' "$POSTGRES_PASSWORD" |
            initdb --username="$user" --pwfile=/dev/stdin --auth-host=scram-sha-256 --auth-local=trust
        method=scram-sha-256
    elif [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ]; then
        initdb --username="$user" --auth=trust
        method=trust
    else
        echo "POSTGRES_PASSWORD is not set" >&2
        exit 1
    fi
    echo "host all all all $method" >>"$PGDATA/pg_hba.conf"
    if [ "$db" != postgres ]; then
        echo "CREATE DATABASE \"$db\"" | postgres --single -D "$PGDATA" postgres >/dev/null
    fi
fi
shift $(($# > 0))
exec postgres -c listen_addresses='*' "$@"
`

// runPostgresImage makes the archive once and copies it after that.
func runPostgresImage(ctx context.Context, l layout, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: postgres-image OUT.tar")
	}
	release, err := l.lock()
	if err != nil {
		return err
	}
	defer release()
	recipe := sha256.Sum256([]byte(fmt.Sprint(postgresPackages, postgresEntry, postgresPasswd, postgresDropped, postgresSettings())))
	cached := filepath.Join(l.images(), fmt.Sprintf("postgres-15-%x.tar", recipe[:4]))
	if !exists(cached) {
		if err := install(ctx, postgresNeeds); err != nil {
			return err
		}
		done := step("making the PostgreSQL image from Debian packages")
		if err := postgresImage(ctx, cached); err != nil {
			return err
		}
		done()
	}
	return copyFile(args[0], cached)
}

func postgresSettings() imageSettings {
	return imageSettings{
		User: postgresUser, WorkingDir: "/",
		Entrypoint: []string{"/docker-entrypoint.sh"}, Cmd: []string{"postgres"},
		Env: []string{
			"PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin",
			"PGDATA=/var/lib/postgresql/data/pgdata", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		},
	}
}

// postgresImage streams mmdebstrap's root file system, less what a server does
// not need, into the image's layer.
func postgresImage(ctx context.Context, out string) error {
	return writeArchive(out, postgresTag, postgresSettings(), func(tw *tar.Writer) error {
		cmd := exec.CommandContext(ctx, "mmdebstrap", "--quiet", "--variant=extract", "--format=tar",
			"--include="+postgresPackages, postgresSuite, "-")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		copied := copyRoot(tw, stdout)
		_, _ = io.Copy(io.Discard, stdout) // let it end
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("mmdebstrap: %w\n%s", err, tail(stderr.String(), 10))
		}
		if copied != nil {
			return copied
		}
		return addPostgresFiles(tw)
	})
}

// copyRoot copies what is kept, without times and owners' names.
func copyRoot(tw *tar.Writer, from io.Reader) error {
	tr := tar.NewReader(from)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(filepath.Clean(h.Name), "./")
		if !keptInPostgres(name) || h.Typeflag == tar.TypeChar || h.Typeflag == tar.TypeBlock {
			continue
		}
		clean := &tar.Header{
			Typeflag: h.Typeflag, Name: name, Linkname: h.Linkname, Mode: h.Mode, Size: h.Size,
			ModTime: epoch, Format: tar.FormatPAX,
		}
		if h.Typeflag == tar.TypeLink {
			clean.Linkname = strings.TrimPrefix(filepath.Clean(h.Linkname), "./")
			if !keptInPostgres(clean.Linkname) {
				continue
			}
		}
		if h.Typeflag == tar.TypeDir {
			clean.Name += "/"
		}
		if err := tw.WriteHeader(clean); err != nil {
			return err
		}
		if _, err := io.Copy(tw, tr); err != nil {
			return err
		}
	}
}

// postgresDropped is what the server never opens: documentation, Perl (its
// Debian wrappers), package lists, and just-in-time compilation, whose LLVM
// is as large as all the rest; PostgreSQL runs the same without.
var postgresDropped = []string{
	"usr/share/doc*", "usr/share/man*", "usr/share/info*", "usr/share/locale*", "usr/share/i18n*",
	"usr/share/lintian*", "usr/share/perl*", "usr/share/postgresql-common*", "usr/share/bash-completion*",
	"usr/share/zoneinfo/right*", "usr/share/zoneinfo/posix*", "usr/share/bug*", "usr/share/pixmaps*",
	"usr/bin/perl*", "usr/lib/*/perl*", "usr/lib/*/libperl.so*", "usr/lib/*/libLLVM*", "usr/lib/*/libz3.so*",
	"usr/lib/postgresql/15/lib/bitcode*", "usr/lib/postgresql/15/lib/llvmjit*",
	"usr/lib/systemd*", "lib/systemd*", "lib/udev*", "sbin*", "usr/sbin*", "boot*", "dev*", "proc*", "sys*", "run*", "tmp*",
	"var*", "etc/passwd", "etc/group", "etc/apt*", "etc/systemd*", "etc/init.d*", "etc/cron*", "etc/perl*",
}

// keptInPostgres matches each dropped pattern against a path or any folder it
// is in.
func keptInPostgres(name string) bool {
	for p := name; p != "." && p != "/"; p = filepath.Dir(p) {
		if slices.ContainsFunc(postgresDropped, func(pattern string) bool {
			matched, _ := filepath.Match(pattern, p)
			return matched
		}) {
			return false
		}
	}
	return name != "."
}

// addPostgresFiles adds users, the entrypoint and the folders the server
// writes to, open to whichever user a pod runs it as.
func addPostgresFiles(tw *tar.Writer) error {
	folders := []struct {
		name string
		mode int64
	}{
		{"tmp", 0o1777},
		{"run", 0o755},
		{"var", 0o755},
		{"var/lib", 0o755},
		{"var/lib/postgresql", 0o1777},
		{"var/lib/postgresql/data", 0o1777},
		{"var/run", 0o755},
		{"var/run/postgresql", 0o1777},
	}
	for _, f := range folders {
		if err := addFolder(tw, f.name, f.mode); err != nil {
			return err
		}
	}
	for _, f := range []struct{ name, body string }{{"etc/passwd", postgresPasswd}, {"etc/group", postgresGroup}} {
		if err := addFile(tw, f.name, 0o644, []byte(f.body)); err != nil {
			return err
		}
	}
	return addFile(tw, "docker-entrypoint.sh", 0o755, []byte(postgresEntry))
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.Create(to + ".tmp")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}
