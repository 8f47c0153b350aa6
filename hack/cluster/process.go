// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program we started. Its start time tells it from another that
// was given the same pid later.
type process struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
}

// procFS is where processes are read from; tests put a folder of their own.
type procFS string

// stat is the state letter and the start time (in clock ticks since boot) of a
// process. The name in field 2 may hold spaces and brackets, so fields are
// counted from the last closing bracket.
func (p procFS) stat(pid int) (state string, start uint64, err error) {
	text, err := os.ReadFile(filepath.Join(string(p), strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return "", 0, fmt.Errorf("short stat of process %d", pid)
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], start, err
}

// alive is false for a recycled pid and for a zombie nobody has waited for.
func (p procFS) alive(rec process) bool {
	state, start, err := p.stat(rec.PID)
	return err == nil && start == rec.Start && state != "Z" && state != "X"
}

const proc = procFS("/proc")

// records is the list of what runs, kept in the run folder.
type records struct {
	path string
	list []process
}

func readRecords(l layout) (*records, error) {
	r := &records{path: l.inRun("processes.json")}
	text, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(text, &r.list)
}

func (r *records) add(rec process) error {
	r.list = append(r.list, rec)
	text, err := json.MarshalIndent(r.list, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(r.path, text, 0o644)
}

// dead names the recorded programs that no longer run.
func (r *records) dead() []string {
	var out []string
	for _, rec := range r.list {
		if !proc.alive(rec) {
			out = append(out, rec.Name)
		}
	}
	return out
}

// start runs a daemon in a session of its own, so that it outlives this
// program, and records it at once.
func (r *records) start(l layout, bin string, d daemon) error {
	if err := os.MkdirAll(l.logs(), 0o755); err != nil {
		return err
	}
	log, err := os.Create(logFile(l, d.name))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(bin, d.name), d.args...)
	cmd.Dir = l.run()
	cmd.Stdout, cmd.Stderr = log, log
	// Daemons find runc, the shim and iptables by PATH; their settings come
	// from their files, so the caller's environment is not handed on.
	cmd.Env = []string{"PATH=" + bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", d.name, err)
	}
	pid := cmd.Process.Pid
	go func() { _ = cmd.Wait() }() // reap it, should it end before we do
	_, began, err := proc.stat(pid)
	if err != nil {
		return fmt.Errorf("%s ended at once:\n%s", d.name, logTail(l, d.name))
	}
	return r.add(process{Name: d.name, PID: pid, Start: began})
}

func logFile(l layout, name string) string { return filepath.Join(l.logs(), name+".log") }

func logTail(l layout, name string) string {
	text, _ := os.ReadFile(logFile(l, name))
	return tail(string(text), 15)
}

// stopProcesses asks the living ones to end and kills what is left after the
// grace. Pids are checked again before each signal.
func stopProcesses(list []process, grace time.Duration) {
	signalAll(list, syscall.SIGTERM)
	if !waitGone(list, grace) {
		signalAll(list, syscall.SIGKILL)
		waitGone(list, 10*time.Second)
	}
}

func signalAll(list []process, sig syscall.Signal) {
	for _, rec := range list {
		if proc.alive(rec) {
			_ = syscall.Kill(rec.PID, sig)
		}
	}
}

func waitGone(list []process, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		left := false
		for _, rec := range list {
			left = left || proc.alive(rec)
		}
		if !left {
			return true
		}
	}
	return false
}
