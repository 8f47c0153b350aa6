// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy is between the workers and PostgreSQL, and cuts connections at the worst moment: a commit has reached the server, and the worker
// does not hear of it.
type proxy struct {
	listener net.Listener
	server   string
	every    int64 // cuts at each so-manieth commit; 0: at none

	commits, cuts atomic.Int64
	group         sync.WaitGroup
}

// newProxy returns the DSN that leads through it.
func newProxy(t *testing.T, dsn string, every int64) (p *proxy, through string) {
	t.Helper()
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p = &proxy{server: address.Host, every: every}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.group.Go(p.serve)
	// Registered before the workers are: it ends after them, when no connection is left.
	t.Cleanup(func() { _ = p.listener.Close(); p.group.Wait() })
	address.Host = p.listener.Addr().String()
	return p, address.String()
}

func (p *proxy) serve() {
	for {
		worker, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.relay(worker) })
	}
}

func (p *proxy) relay(worker net.Conn) {
	defer worker.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.group.Go(func() {
		defer worker.Close()
		_, _ = io.Copy(worker, server)
	})
	buffer := make([]byte, 1<<16)
	for {
		n, err := worker.Read(buffer)
		cut := n > 0 && p.cut(buffer[:n])
		if cut {
			_ = worker.Close() // first: the answer must not get through
		}
		if n > 0 {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if cut {
			p.await(server)
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) cut(message []byte) bool {
	if p.every == 0 || !bytes.Contains(bytes.ToLower(message), []byte("commit\x00")) || p.commits.Add(1)%p.every != 0 {
		return false
	}
	p.cuts.Add(1)
	return true
}

// await leaves the server the time to read what was written: it closes the connection itself once it finds that nobody is there.
func (*proxy) await(server net.Conn) {
	if tcp, is := server.(*net.TCPConn); is {
		_ = tcp.CloseWrite()
		_, _ = io.Copy(io.Discard, tcp)
	}
}
