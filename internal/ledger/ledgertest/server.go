// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const cure = "install PostgreSQL (Debian: apt-get install postgresql) or set HANDOFF_POSTGRES_BIN to the folder of initdb and postgres"

// Server is a PostgreSQL of our own, in a temporary folder, on a loopback port.
type Server struct {
	bin, folder string
	port        int
	as          *syscall.Credential // who it runs as, when we are root: PostgreSQL refuses root
	settings    []string            // name=value, beside those for tests
	cmd         *exec.Cmd
	output      bytes.Buffer
	exited      chan struct{} // closed when the process has ended
	failure     error
}

// Durable are the settings of a server that may lose nothing, as in production, for measuring: tests do without, for speed.
func Durable() []string {
	return []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=15min"}
}

// Start finds PostgreSQL, makes a cluster and starts it. Settings are name=value, and go before those of tests.
func Start(settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "handoff-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, folder: folder, settings: settings}
	if err = s.prepare(); err == nil {
		err = s.settle()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

// settle starts the server on a port of its own. Somebody else may take the port after it was found to be free: then it is another one.
func (s *Server) settle() (err error) {
	for range 10 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.Launch(); err == nil || !strings.Contains(err.Error(), "TCP/IP sockets") {
			return err
		}
	}
	return err
}

// binaries finds the folder of initdb and postgres.
func binaries() (string, error) {
	var candidates []string
	if named := os.Getenv("HANDOFF_POSTGRES_BIN"); named != "" {
		candidates = []string{named}
	} else {
		if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil { //nolint:noctx // outlives no test
			candidates = append(candidates, strings.TrimSpace(string(out)))
		}
		debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil {
			return "", err
		}
		slices.Reverse(debian)
		candidates = append(candidates, debian...)
		if found, err := exec.LookPath("postgres"); err == nil {
			candidates = append(candidates, filepath.Dir(found))
		}
	}
	for _, folder := range candidates {
		if executable(folder, "initdb") && executable(folder, "postgres") {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL server in %q: %s", candidates, cure)
}

func executable(folder, name string) bool {
	info, err := os.Stat(filepath.Join(folder, name)) //nolint:gosec // the folder is the user's choice
	return err == nil && info.Mode()&0o111 != 0
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) prepare() error {
	if os.Geteuid() == 0 {
		if err := s.giveAway(); err != nil {
			return err
		}
	}
	initdb := s.command("initdb", "--pgdata="+s.data(), "--username=handoff", "--auth=trust", "--encoding=UTF8", "--locale=C",
		"--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// giveAway lets another user own the folder.
func (s *Server) giveAway() error {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return err
		}
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(s.folder, int(uid), int(gid))
	}
	return errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody: run the tests as another user")
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...) //nolint:gosec,noctx // the folder is the user's choice; Stop ends it
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	// The server goes down with the test process, however that ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	return cmd
}

// Launch starts the server and waits until it answers. After Kill it recovers from its log, as after a crash.
func (s *Server) Launch() error {
	args := []string{
		"-D", s.data(), "-p", strconv.Itoa(s.port), "-h", "127.0.0.1", "-k", s.folder,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB",
		"-c", "deadlock_timeout=200ms", "-c", "log_min_messages=fatal",
	}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	s.output.Reset()
	s.cmd = s.command("postgres", args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	exited := make(chan struct{})
	s.exited = exited
	go func() {
		defer cancel()
		s.failure = s.cmd.Wait()
		close(exited)
	}()
	for ctx.Err() == nil {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	select {
	case <-exited:
		return fmt.Errorf("postgres ended: %w\n%s", s.failure, s.output.String())
	default:
		return errors.Join(fmt.Errorf("postgres does not answer on port %d\n%s", s.port, s.output.String()), s.Kill())
	}
}

// answers says whether it is this server that answers, and not one that another process has on the port.
func (s *Server) answers(ctx context.Context) bool {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return false
	}
	defer closeConn(conn)
	var data string
	return conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&data) == nil && data == s.data()
}

// DSN of a database of the server.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("postgres://handoff@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// PID is that of the server, and the group of all its processes.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Halt ends the server in good order, at once: sessions are cut, the data are kept.
func (s *Server) Halt() error { return s.signal(syscall.SIGINT) }

// Kill ends the server as a crash would.
func (s *Server) Kill() error { return s.signal(syscall.SIGQUIT) }

func (s *Server) signal(sig syscall.Signal) error {
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(Patience):
		return errors.Join(fmt.Errorf("postgres did not end in %s", Patience), s.cmd.Process.Kill())
	}
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	return errors.Join(s.Halt(), os.RemoveAll(s.folder))
}
