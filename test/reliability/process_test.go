// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// process is a worker that is started again whenever it dies, as a Deployment does it.
type process struct {
	t              *testing.T
	name           string
	args           []string
	listen, health string

	mu     sync.Mutex
	env    []string // of the next start only: what is to go wrong
	every  []string // of all starts
	cmd    *exec.Cmd
	starts int
	armed  int // how many had died before the one that was started with a fault
	deaths []syscall.WaitStatus
	log    transcript
	ending bool
	ended  chan struct{}

	leaving atomic.Bool // no sender is sent to it
}

const startAgain = 100 * time.Millisecond

// launch starts the worker, and lets it end with the test.
func (p *process) launch() {
	p.t.Helper()
	if err := build(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan struct{})
	if err := p.start(); err != nil {
		p.t.Fatal(err)
	}
	go p.supervise()
	p.t.Cleanup(p.end)
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(filepath.Join(programs, p.name), p.args...)
	cmd.Env = slices.Concat([]string{"PATH=" + os.Getenv("PATH")}, p.every, p.env)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	if len(p.env) > 0 {
		p.armed = len(p.deaths)
	}
	p.env = nil
	p.starts++
	p.cmd = cmd
	return cmd.Start()
}

func (p *process) supervise() {
	defer close(p.ended)
	for {
		_ = p.cmd.Wait()
		p.mu.Lock()
		if status, is := p.cmd.ProcessState.Sys().(syscall.WaitStatus); is {
			p.deaths = append(p.deaths, status)
		}
		ending := p.ending
		p.mu.Unlock()
		if ending {
			return
		}
		time.Sleep(startAgain)
		if err := p.start(); err != nil {
			p.t.Errorf("%s did not start again: %v", p.name, err)
			return
		}
	}
}

// signal says whether the process was there to get it.
func (p *process) signal(s syscall.Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Signal(s) == nil
}

// restart has the process killed and started again, with a fault.
func (p *process) restart(fault string) {
	p.mu.Lock()
	p.env = []string{"HANDOFF_FAULT=" + fault}
	starts := p.starts
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // or it is dead already, and not started again yet
	p.mu.Unlock()
	p.await("it is started again", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.starts > starts })
	p.ready()
}

// struck says whether the process was killed by the fault that it was started with last.
func (p *process) struck() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.deaths) > p.armed && p.deaths[p.armed].Signaled() && p.deaths[p.armed].Signal() == syscall.SIGKILL
}

// grace is what a pod has to end by itself (internal/resources). Then it is killed.
const grace = 30 * time.Second

// stop ends the process as a Deployment does that replaces it: those who send to it hear of that a little later. It returns when the process is
// ready again.
func (p *process) stop() {
	p.mu.Lock()
	starts := p.starts
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.mu.Unlock()
	time.Sleep(time.Second)
	p.leaving.Store(true)
	again := func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.starts > starts }
	if !within(grace, again) {
		p.signal(syscall.SIGKILL)
	}
	p.await("it is started again", again)
	p.ready()
	p.leaving.Store(false)
}

// ends are how it ended each time.
func (p *process) ends() []syscall.WaitStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.deaths)
}

func (p *process) ready() {
	p.t.Helper()
	p.await("it is ready", func() bool {
		answer, err := http.Get("http://" + p.health + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (p *process) await(what string, is func() bool) {
	p.t.Helper()
	if !eventually(is) {
		p.t.Fatalf("%s: not seen that %s\n%s", p.name, what, p.tail())
	}
}

// patience is for a machine that does much else: what takes longer does not come.
const patience = time.Minute

func eventually(is func() bool) bool { return within(patience, is) }

func within(d time.Duration, is func() bool) bool {
	for begin := time.Now(); time.Since(begin) < d; time.Sleep(20 * time.Millisecond) {
		if is() {
			return true
		}
	}
	return false
}

// tail is the end of the log.
func (p *process) tail() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.log.Bytes()
	return text[max(0, len(text)-6000):]
}

// transcript is what a process writes while others read it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(text)
}

func (t *transcript) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text.Bytes())
}

func (p *process) end() {
	p.mu.Lock()
	p.ending = true
	p.mu.Unlock()
	p.signal(syscall.SIGKILL)
	<-p.ended
	if p.t.Failed() {
		p.t.Logf("log of %s:\n%s", p.name, p.tail())
	}
}
