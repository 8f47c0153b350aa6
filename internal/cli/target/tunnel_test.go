// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// forwardTo is an open port-forward that ends at a listener here.
func forwardTo(t *testing.T, address net.Addr) *forward {
	t.Helper()
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		t.Fatalf("%s is no TCP address", address)
	}
	return &forward{port: tcp.AddrPort().Port(), stop: make(chan struct{}), done: make(chan struct{})}
}

// A pod that is killed at a bad moment leaves a port-forward that takes connections and answers none: it must not be kept for all that follow.
func TestADeadPortForwardIsGivenUp(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	tunnel := &Tunnel{}
	dead := forwardTo(t, listener.Addr())
	tunnel.open = dead
	client := &http.Client{Transport: &http.Transport{DialContext: tunnel.DialContext}}
	ctx, giveUp := context.WithCancel(t.Context())
	asked := make(chan net.Conn, 1)
	go func() {
		defer giveUp()
		if conn, err := listener.Accept(); err == nil {
			_, _ = conn.Read(make([]byte, 1)) // the request is on its way
			asked <- conn
		}
	}()
	if err := get(ctx, t, client); err == nil {
		t.Fatal("nobody answers, and there is no error")
	}
	defer func() { _ = (<-asked).Close() }()
	select {
	case <-dead.stop:
	case <-time.After(time.Minute):
		t.Fatal("the port-forward is still held open")
	}
	tunnel.mu.Lock()
	defer tunnel.mu.Unlock()
	if tunnel.open != nil {
		t.Error("the next connection would go the same way")
	}
}

// One that works is kept, whatever the answer says, and a connection that is closed without having asked for anything says nothing about it.
func TestALivePortForwardIsKept(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	tunnel := &Tunnel{}
	live := forwardTo(t, server.Listener.Addr())
	tunnel.open = live
	client := &http.Client{Transport: &http.Transport{DialContext: tunnel.DialContext}}
	for range 2 {
		if err := get(t.Context(), t, client); err != nil {
			t.Fatal(err)
		}
	}
	idle, err := tunnel.DialContext(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	_ = idle.Close()
	if tunnel.open != live {
		t.Error("a port-forward that works was given up")
	}
}

func get(ctx context.Context, t *testing.T, client *http.Client) error {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://anywhere/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}
