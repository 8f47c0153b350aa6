// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/notify"
)

// nobody listens there: the port is one of those that only the system may have.
const nobody = "127.0.0.1:1"

const secret = "hunter2-do-not-show"

func TestAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		text, rep string
		want      []string
	}{
		"one":                  {"slack://hook:a-b-c@webhook", "rep-1@acme.example", []string{"slack://hook:a-b-c@webhook"}},
		"several":              {"\n# chat\nslack://a@b\r\n  teams://c  \n\n", "", []string{"slack://a@b", "teams://c"}},
		"of the rep":           {"smtp://h/?to={rep}", "rep-1@acme.example", []string{"smtp://h/?to=rep-1%40acme.example"}},
		"nobody's":             {"smtp://h/?to={rep}\nslack://a@b", "", []string{"slack://a@b"}},
		"a second address":     {"smtp://h/?to={rep}", "a@acme.example,b@evil.example", nil},
		"another parameter":    {"smtp://h/?to={rep}", "a&host=evil.example", nil},
		"another path":         {"generic://h/{rep}", "../x", nil},
		"a line of its own":    {"smtp://h/?to={rep}", "a\nb", nil},
		"an id that is escape": {"smtp://h/?to={rep}", "a+b@acme.example", []string{"smtp://h/?to=a%2Bb%40acme.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, notify.Addresses(c.text, c.rep)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSend(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = string(body)
	}))
	defer server.Close()
	if err := notify.Send(t.Context(), "generic+"+server.URL+"/x", "title", "a text"); err != nil || got != "a text" {
		t.Errorf("sent %q, error %v", got, err)
	}
	long := "a" + strings.Repeat("é", 30_000)
	if err := notify.Send(t.Context(), "generic+"+server.URL+"/x", "title", long); err != nil || got != long[:len(long)-2] {
		t.Errorf("sent %d bytes that end with %q, error %v; want all but the last character", len(got), got[max(0, len(got)-3):], err)
	}
}

// A mail server that takes connections and says nothing keeps some messages, and no more; when it ends the connections, messages go again.
func TestAServerThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections := make(chan net.Conn, 1000)
	go func() {
		defer close(connections)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections <- conn
		}
	}()
	send := func(ctx context.Context) error {
		return notify.Send(ctx, "smtp://"+listener.Addr().String()+"/?from=a@acme.example&to=rep-1@acme.example", "title", "text")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	tries := 0
	for err = send(over); err != nil && !strings.Contains(err.Error(), "hang"); err = send(over) {
		if tries++; tries == cap(connections) {
			t.Fatal("it is never refused")
		}
	}
	if err == nil {
		t.Fatal("the server took a message")
	}
	listener.Close()
	for conn := range connections {
		conn.Close()
	}
	for strings.Contains(send(over).Error(), "hang") {
		time.Sleep(time.Millisecond)
	}
}

// Whatever goes wrong, the error says what, and nothing of the address.
func TestErrorsKeepTheAddress(t *testing.T) {
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer failing.Close()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	for name, c := range map[string]struct{ address, want string }{
		"no URL":             {secret, "no URL of a service"},
		"an unknown service": {"carrier-pigeon://" + secret, "no URL of a service"},
		"a bad URL":          {"slack://" + secret + "%zz", "not one that this service understands"},
		"a bad token":        {"slack://" + secret, "not one that this service understands"},
		"a status":           {"generic+" + failing.URL + "/" + secret, "service generic: answered with status 502"},
		"nobody there":       {"generic+http://" + nobody + "/" + secret, "service generic: "},
		"too slow":           {"generic+" + slow.URL + "/" + secret, "service generic: did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if name == "too slow" {
				short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
				ctx = short
			}
			err := notify.Send(ctx, c.address, "title", "text")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("it shows the address: %v", err)
			}
		})
	}
}
