// SPDX-License-Identifier: Apache-2.0

//go:build faults

// Package fault, built with the tag `faults`, is for test/reliability only.
package fault

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// What the tests set.
const (
	envPoint = "HANDOFF_FAULT"       // NAME:N kills the process when it gets to the point NAME for the Nth time
	envClock = "HANDOFF_FAULT_CLOCK" // a file with how far off the clock is, such as -3h; it may change
)

var (
	fatal, times = point(os.Getenv(envPoint))
	passed       atomic.Int64
)

func point(text string) (name string, times int64) {
	name, count, _ := strings.Cut(text, ":")
	times, err := strconv.ParseInt(count, 10, 64)
	if name != "" && err != nil {
		panic(envPoint + " should be NAME:N")
	}
	return name, times
}

// Point kills the process at the point and the time that the test has chosen: no deferred function runs, nothing is flushed.
func Point(name string) {
	if name != fatal || passed.Add(1) != times {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

// Clock is off by what the file says. As when the clock of a machine is set, the readings of the monotonic clock go on as before.
func Clock(now func() time.Time) func() time.Time {
	path := os.Getenv(envClock)
	if path == "" {
		return now
	}
	return func() time.Time {
		text, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		off, err := time.ParseDuration(strings.TrimSpace(string(text)))
		if err != nil {
			panic(err)
		}
		return set(now(), off)
	}
}

// set moves the wall clock reading of a time and leaves its monotonic one, which package time has no function for. The first word of a
// time with both has seconds in the 33 bits from 30 on.
func set(t time.Time, by time.Duration) time.Time {
	const hasMonotonic = 1 << 63
	wall := (*uint64)(unsafe.Pointer(&t)) //nolint:gosec // see above
	if *wall&hasMonotonic == 0 {
		return t.Add(by)
	}
	*wall += uint64(by/time.Second) << 30
	return t
}
