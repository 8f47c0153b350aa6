// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// aside is a thread with mounts of its own. What it mounts, only the processes see that it starts, and it is gone with the process of the tests.
type aside struct{ do chan func() }

func newAside(t *testing.T) *aside {
	t.Helper()
	a := &aside{do: make(chan func())}
	failed := make(chan error)
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked: nothing else runs on it
		err := syscall.Unshare(syscall.CLONE_NEWNS)
		if err == nil {
			err = syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
		}
		failed <- err
		for f := range a.do {
			f()
		}
		close(ended)
		select {} // The thread stays: with it would end what it started before it came here, such as the server of the other tests.
	}()
	t.Cleanup(func() { close(a.do); <-ended })
	if err := <-failed; err != nil {
		t.Skipf("NOT TESTED: a full disk. It takes the right to mount a small one, as root has: %v", err)
	}
	return a
}

// What a thread started that was set aside later lives on when that is over.
func TestWhatAThreadStartedLivesOn(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithParent(cmd.SysProcAttr)
	t.Run("aside", func(t *testing.T) { newAside(t).run(t, cmd.Start) })
	if cmd.Process == nil {
		t.Skip("NOT TESTED: it takes the right to mount, as root has")
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		t.Errorf("it ended with its thread: %v", err)
	case <-time.After(time.Second):
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("it ended by itself")
		}
	}
}

// run does something on the thread.
func (a *aside) run(t *testing.T, f func() error) {
	t.Helper()
	failed := make(chan error)
	a.do <- func() { failed <- f() }
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// small is a disk of a few megabytes in the folder of a server, owned by the user that the server runs as.
func (a *aside) small(t *testing.T, server *ledgertest.Server, megabytes int) (path string) {
	t.Helper()
	path = filepath.Join(server.Folder(), "small")
	a.run(t, func() error {
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
		owner, err := os.Stat(filepath.Join(server.Folder(), "data"))
		if err != nil {
			return err
		}
		stat, is := owner.Sys().(*syscall.Stat_t)
		if !is {
			return errors.New("no owner")
		}
		return syscall.Mount("none", path, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0700,uid=%d,gid=%d", megabytes, stat.Uid, stat.Gid))
	})
	return path
}

func newServer(t *testing.T, a *aside) *ledgertest.Server {
	t.Helper()
	var server *ledgertest.Server
	a.run(t, func() (err error) { server, err = ledgertest.Start(); return err })
	t.Cleanup(func() {
		// On the thread: the small disk is in the way of clearing the folder anywhere else.
		failed := make(chan error)
		a.do <- func() { failed <- server.Stop() }
		if err := <-failed; err != nil {
			t.Error(err)
		}
	})
	return server
}

// The disk that holds the tables is full: senders are told to come back, and all goes on when there is room again.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	a := newAside(t)
	server := newServer(t, a)
	disk := a.small(t, server, 48)
	t.Cleanup(func() {
		failed := make(chan error)
		a.do <- func() { failed <- errors.Join(server.Halt(), syscall.Unmount(disk, syscall.MNT_DETACH)) }
		if err := <-failed; err != nil {
			t.Error(err)
		}
	})
	ledgertest.Exec(t, server.DSN("postgres"), fmt.Sprintf("CREATE TABLESPACE small LOCATION '%s'", disk), "CREATE DATABASE small TABLESPACE small")
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: onePair(), dsn: server.DSN("small")})
	s := newSender(t, r.scoring...)
	filler := filepath.Join(disk, "filler")
	sent := meanwhile(s, "full", func() {
		s.answered()
		a.run(t, func() error { return fill(filler) })
		if !eventually(func() bool { return s.count(503) >= 20 }) {
			t.Errorf("%d requests were told to come back", s.count(503))
		}
		if text := strings.Join(logs(r), ""); !strings.Contains(text, "53100") && !strings.Contains(text, "disk") {
			t.Errorf("no worker says that the disk is full:\n%s", text)
		}
		a.run(t, func() error { return os.Remove(filler) })
		if !s.answered() {
			t.Error("nothing is taken after there is room again")
		}
	})
	t.Logf("%d requests were told to come back while the disk was full", s.count(503))
	r.conserved(s)
	equal(t, undisturbed(t, onePair(), sent...), r.projection())
}

// fill writes until nothing more goes.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func logs(r *rig) (out []string) {
	for _, p := range r.all() {
		out = append(out, string(p.tail()))
	}
	return out
}
