// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/handoff-sla/handoff/internal/notify"
)

var page = notify.Document{
	Title: "SLA report of mid-market: week 3 — Missed", Text: "1 of 8 clauses fell short.\nThe plan: …", Name: "mid-market-2027-W03.html",
	HTML: "<!doctype html><p>Löwe " + strings.Repeat("x", 2000), Ref: "report-4711",
}

// postbox is a mail server on this machine.
type postbox struct {
	address string
	users   map[string]string // passwords; nobody need say who it is where there are none
	refuse  map[string]error  // by the recipient

	mu  sync.Mutex
	got []letter
}

type letter struct {
	from string
	to   []string
	user string
	raw  []byte
}

func (p *postbox) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func (p *postbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{postbox: p}, nil }

type session struct {
	*postbox

	letter
}

func (s *session) AuthMechanisms() []string {
	if s.users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if known, ok := s.users[user]; !ok || known != password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.users != nil && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.refuse[to]; err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.raw = raw
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, s.letter)
	return nil
}

func (s *session) Reset() { s.letter = letter{user: s.user} }

func (s *session) Logout() error { return nil }

// certificate is one for 127.0.0.1 that nobody trusts.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}
}

func newPostbox(t *testing.T, edit func(*postbox, *smtp.Server)) *postbox {
	t.Helper()
	p := &postbox{}
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "localhost", true, quiet{}
	edit(p, server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { _ = server.Close(); done.Wait() })
	return p
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

func (quiet) Println(...any) {}

func (p *postbox) url(user, query string) string {
	return fmt.Sprintf("smtp://%s%s/?fromaddress=sla@acme.example&fromname=SLA&toaddresses=cmo@acme.example,cro%%2Bsla@acme.example%s", user, p.address, query)
}

// A mail has the summary as its text and the page attached, both as they were, to all at once.
func TestDocumentByMail(t *testing.T) {
	p := newPostbox(t, func(*postbox, *smtp.Server) {})
	if err := notify.SendDocument(t.Context(), p.url("", ""), page); err != nil {
		t.Fatal(err)
	}
	got := p.letters()
	if len(got) != 1 || got[0].from != "sla@acme.example" || !slices.Equal(got[0].to, []string{"cmo@acme.example", "cro+sla@acme.example"}) {
		t.Fatalf("letters: %+v", got)
	}
	m, err := mail.ReadMessage(bytes.NewReader(got[0].raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != page.Title {
		t.Errorf("subject %q, %v", subject, err)
	}
	for name, want := range map[string]string{
		"From": `"SLA" <sla@acme.example>`, "Message-ID": "<report-4711@acme.example>", "Auto-Submitted": "auto-generated",
	} {
		if m.Header.Get(name) != want {
			t.Errorf("%s: %q", name, m.Header.Get(name))
		}
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	text, attached := next(t, parts), next(t, parts)
	if text.body != page.Text || text.kind != "text/plain" {
		t.Errorf("the text: %+v", text)
	}
	if attached.body != page.HTML || attached.kind != "text/html" || attached.name != page.Name {
		t.Errorf("the page: %+v", attached)
	}
}

func decoded(encoding string, r io.Reader) io.Reader {
	switch encoding {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	default:
		return r
	}
}

// take keeps the body of a request.
func take(t *testing.T, got chan<- string) http.HandlerFunc {
	t.Helper()
	return func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- string(body)
	}
}

type part struct{ kind, name, body string }

func next(t *testing.T, parts *multipart.Reader) part {
	t.Helper()
	one, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	kind, _, err := mime.ParseMediaType(one.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(decoded(one.Header.Get("Content-Transfer-Encoding"), one))
	if err != nil {
		t.Fatal(err)
	}
	return part{kind: kind, name: one.FileName(), body: strings.ReplaceAll(string(body), "\r\n", "\n")}
}

// With a user, encrypted or not, as the address says.
func TestMailByUserAndEncryption(t *testing.T) {
	users := func(p *postbox, _ *smtp.Server) { p.users = map[string]string{"handoff": secret} }
	starttls := func(p *postbox, s *smtp.Server) {
		users(p, s)
		s.TLSConfig, s.AllowInsecureAuth = certificate(t), false
	}
	for name, c := range map[string]struct {
		server      func(*postbox, *smtp.Server)
		user, query string
		want        string // the error; empty: it is sent
	}{
		"with its password":             {users, "handoff:" + secret + "@", "", ""},
		"with another password":         {users, "handoff:" + secret + "x@", "", "refuses the connection or its user: answered 535"},
		"without a user":                {users, "", "", "refuses the sender: answered 502"},
		"encrypted":                     {starttls, "handoff:" + secret + "@", "&skiptlsverify=yes&requirestarttls=yes", ""},
		"with a certificate of nobody":  {starttls, "handoff:" + secret + "@", "", "has a certificate that is not trusted"},
		"encryption that is not there":  {users, "handoff:" + secret + "@", "&requirestarttls=yes", "does not offer the encryption"},
		"a way that the server has not": {users, "handoff:" + secret + "@", "&auth=CRAMMD5", "does not offer the encryption, or the way to sign in"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPostbox(t, c.server)
			err := notify.SendDocument(t.Context(), p.url(c.user, c.query), page)
			if c.want == "" {
				if err != nil || len(p.letters()) != 1 || p.letters()[0].user != "handoff" {
					t.Errorf("letters %d, %v", len(p.letters()), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "service smtp: "+c.want) || len(p.letters()) != 0 {
				t.Errorf("letters %d, %v", len(p.letters()), err)
			}
			harmless(t, err)
		})
	}
}

// harmless fails when an error shows a secret, or who is written to.
func harmless(t *testing.T, err error) {
	t.Helper()
	for _, hidden := range []string{secret, "acme.example", "127.0.0.1", "handoff"} {
		if err != nil && strings.Contains(err.Error(), hidden) {
			t.Errorf("it shows %q: %v", hidden, err)
		}
	}
}

// Where one recipient is refused nobody gets it: the next try would send it to the others again.
func TestMailThatIsRefused(t *testing.T) {
	p := newPostbox(t, func(p *postbox, _ *smtp.Server) {
		p.refuse = map[string]error{"cro+sla@acme.example": &smtp.SMTPError{Code: 550, Message: "cro+sla@acme.example is unknown"}}
	})
	err := notify.SendDocument(t.Context(), p.url("", ""), page)
	if err == nil || err.Error() != "service smtp: refuses a recipient: answered 550" || len(p.letters()) != 0 {
		t.Errorf("letters %d, %v", len(p.letters()), err)
	}
	err = notify.SendDocument(t.Context(), "smtp://"+p.address+"/?from=sla@acme.example&to=not%20an%20address", page)
	if err == nil || !strings.Contains(err.Error(), "is no mail address") {
		t.Error(err)
	}
	harmless(t, err)
}

// expiring is a context whose deadline has come when it is said.
type expiring struct {
	context.Context

	late chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.late }

func (e expiring) Err() error {
	select {
	case <-e.late:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A server that takes the connection and says nothing is given up with the context, and the connection with it.
func TestMailServerThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	gone, late := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		if conn, err := listener.Accept(); err == nil {
			close(late)
			_, _ = io.ReadAll(conn) // until it is closed
		}
	}()
	ctx := expiring{Context: t.Context(), late: late}
	err = notify.SendDocument(ctx, "smtp://handoff:"+secret+"@"+listener.Addr().String()+"/?from=a@acme.example&to=b@acme.example", page)
	if err == nil || err.Error() != "service smtp: did not answer in time" {
		t.Error(err)
	}
	harmless(t, err)
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the connection is still there")
	}
}

// Where nobody listens, or a chat is asked, it is as with a notice.
func TestDocumentElsewhere(t *testing.T) {
	err := notify.SendDocument(t.Context(), "smtp://"+nobody+"/?from=a@acme.example&to=b@acme.example", page)
	if err == nil || err.Error() != "service smtp: refused the connection" {
		t.Error(err)
	}
	if err := notify.SendDocument(t.Context(), secret, page); err == nil || !strings.Contains(err.Error(), "no URL of a service") {
		t.Error(err)
	}
	got := make(chan string, 1)
	chat := httptest.NewServer(take(t, got))
	defer chat.Close()
	if err := notify.SendDocument(t.Context(), "generic+"+chat.URL+"/x", page); err != nil || <-got != page.Text {
		t.Errorf("a chat: %v", err)
	}
}
