// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// usage is the CPU time that was spent: it says more than the clock on a machine that others use too.
type usage struct{ ours, server time.Duration }

func (u usage) minus(v usage) usage { return usage{u.ours - v.ours, u.server - v.server} }

// used by this process and by the server's, so far. Of the server's, those that have ended are left out.
func used(server *ledgertest.Server) usage {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return usage{}
	}
	u := usage{ours: time.Duration(self.Utime.Nano() + self.Stime.Nano())}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return u
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if string(fields[1]) != strconv.Itoa(server.PID()) { // its parent
			continue
		}
		for _, ticks := range fields[11:13] {
			n, err := strconv.Atoi(string(ticks))
			if err == nil {
				u.server += time.Duration(n) * 10 * time.Millisecond
			}
		}
	}
	return u
}

func (u usage) each(n int) string {
	return fmt.Sprintf("%.1f and %.1f", float64(u.ours.Microseconds())/float64(n), float64(u.server.Microseconds())/float64(n))
}
