// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func fakeProc(t *testing.T, stats map[int]string) procFS {
	t.Helper()
	dir := t.TempDir()
	for pid, stat := range stats {
		if err := writeFile(filepath.Join(dir, fmt.Sprint(pid), "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return procFS(dir)
}

func statLine(pid int, name, state string, start uint64) string {
	return fmt.Sprintf("%d (%s) %s 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 1000 1\n", pid, name, state, start)
}

func TestAlive(t *testing.T) {
	fs := fakeProc(t, map[int]string{
		10: statLine(10, "etcd", "S", 500),
		11: statLine(11, "etcd", "Z", 500),
		12: statLine(12, "odd) name (", "R", 500),
		13: "13 (short) S 1",
	})
	cases := map[string]struct {
		rec  process
		want bool
	}{
		"the process we started":     {process{PID: 10, Start: 500}, true},
		"a recycled pid":             {process{PID: 10, Start: 499}, false},
		"a zombie":                   {process{PID: 11, Start: 500}, false},
		"brackets in the name":       {process{PID: 12, Start: 500}, true},
		"a line that cannot be read": {process{PID: 13, Start: 1}, false},
		"a process that is gone":     {process{PID: 14, Start: 500}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := fs.alive(c.rec); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestRecordsSurviveARestart(t *testing.T) {
	l := layout{cache: t.TempDir()}
	first, err := readRecords(l)
	if err != nil || len(first.list) != 0 {
		t.Fatalf("fresh records: %v, %v", first, err)
	}
	want := process{Name: "etcd", PID: 1 << 30, Start: 7}
	if err := first.add(want); err != nil {
		t.Fatal(err)
	}
	second, err := readRecords(l)
	if err != nil || len(second.list) != 1 || second.list[0] != want {
		t.Errorf("got %v, %v", second.list, err)
	}
	if dead := second.dead(); len(dead) != 1 || dead[0] != "etcd" {
		t.Errorf("dead: %v", dead)
	}
}

func TestStopSparesARecycledPid(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc")
	}
	// Our own pid with another start time: were it signalled, the test would end.
	stopProcesses([]process{{Name: "test", PID: os.Getpid(), Start: 1}}, 0)
}
