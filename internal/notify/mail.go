// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/wneessen/go-mail"

	"github.com/handoff-sla/handoff/internal/outage"
)

// Document is a text, and perhaps a page that belongs to it.
type Document struct {
	Title string
	Text  string // what a chat shows, and the body of a mail
	Name  string // of the page's file
	HTML  string // empty: there is no page
	Ref   string // of the mail: the same however often it is sent, so that its reader's program can tell
}

// SendDocument sends the text to an address, and with a mail the page.
func SendDocument(ctx context.Context, address string, d Document) error {
	service, err := locate(address)
	if err != nil {
		return err
	}
	mailbox, ok := service.(*smtp.Service)
	if !ok || d.HTML == "" {
		return Send(ctx, address, d.Title, d.Text)
	}
	if err := sendMail(ctx, mailbox.Config, d); err != nil {
		return &SendError{Service: smtp.Scheme, Cause: causeOfMail(ctx, err)}
	}
	return nil
}

// sendMail sends one mail to all that the address names: all get it or nobody, so that a later try sends it to none a second time. The library of the
// notices cannot attach anything.
func sendMail(ctx context.Context, c *smtp.Config, d Document) error {
	message, err := compose(c, d)
	if err != nil {
		return err
	}
	// The client has deadlines of its own, which it moves on at each step, and leaves a connection open that it could not use. With the context's end the
	// connection goes, whatever the client waits for.
	ctx, end := context.WithCancel(ctx)
	defer end()
	by := func(dialling context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(dialling, c, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	client, err := mail.NewClient(c.Host, append(options(c), mail.WithDialContextFunc(by))...)
	if err != nil {
		return err
	}
	open, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return &greetingError{err}
	}
	err = client.SendWithSMTPClient(open, message)
	_ = client.CloseWithSMTPClient(open) // whether it took the mail is known
	if message.IsDelivered() {
		return nil
	}
	return err
}

// greetingError is one of before the mail itself: of the connection, its encryption, or who we say we are.
type greetingError struct{ error }

func (e *greetingError) Unwrap() error { return e.error }

func compose(c *smtp.Config, d Document) (*mail.Msg, error) {
	c.FixEmailTags()
	m := mail.NewMsg()
	if err := errors.Join(m.FromFormat(c.FromName, c.FromAddress), m.To(c.ToAddresses...)); err != nil {
		return nil, errAddress
	}
	_, domain, _ := strings.Cut(c.FromAddress, "@")
	m.SetMessageIDWithValue(d.Ref + "@" + cmp.Or(domain, "handoff"))
	m.SetDate()
	m.Subject(d.Title)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // nobody's machine is to answer it
	m.SetBodyString(mail.TypeTextPlain, d.Text)
	err := m.AttachReader(d.Name, strings.NewReader(d.HTML), mail.WithFileContentType(mail.TypeTextHTML))
	return m, err
}

// options do what the library of the notices does with the same address.
func options(c *smtp.Config) []mail.Option {
	out := []mail.Option{mail.WithPort(int(c.Port)), mail.WithTLSConfig(tlsOf(c)), mail.WithTLSPolicy(policy(c))}
	if c.ClientHost != "auto" {
		out = append(out, mail.WithHELO(c.ClientHost))
	}
	switch c.Auth {
	case smtp.AuthTypes.Plain:
		out = append(out, mail.WithSMTPAuth(mail.SMTPAuthPlain))
	case smtp.AuthTypes.CRAMMD5:
		out = append(out, mail.WithSMTPAuth(mail.SMTPAuthCramMD5))
	case smtp.AuthTypes.OAuth2:
		out = append(out, mail.WithSMTPAuth(mail.SMTPAuthXOAUTH2))
	default:
		return append(out, mail.WithSMTPAuth(mail.SMTPAuthNoAuth))
	}
	return append(out, mail.WithUsername(c.Username), mail.WithPassword(c.Password))
}

func policy(c *smtp.Config) mail.TLSPolicy {
	switch {
	case encrypted(c), !c.UseStartTLS:
		return mail.NoTLS
	case c.RequireStartTLS:
		return mail.TLSMandatory
	default:
		return mail.TLSOpportunistic
	}
}

// encrypted says whether the connection is encrypted from the start.
func encrypted(c *smtp.Config) bool {
	return c.Encryption == smtp.EncMethods.ImplicitTLS || c.Encryption == smtp.EncMethods.Auto && c.Port == smtp.ImplicitTLSPort
}

func tlsOf(c *smtp.Config) *tls.Config {
	return &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.SkipTLSVerify} //nolint:gosec // the address asks for it
}

func dial(ctx context.Context, c *smtp.Config, network, address string) (net.Conn, error) {
	if encrypted(c) {
		return (&tls.Dialer{Config: tlsOf(c)}).DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

var errAddress = errors.New("the sender or a recipient in the address is no mail address")

// causeOfMail names what went wrong in words of our own. A server's answer may repeat an address: only its code is given.
func causeOfMail(ctx context.Context, err error) string {
	if errors.Is(err, errAddress) {
		return err.Error()
	}
	if ctx.Err() != nil {
		return cause(ctx.Err())
	}
	var sending *mail.SendError
	if errors.As(err, &sending) && sending.ErrorCode() != 0 {
		return fmt.Sprintf("refuses %s: answered %d", refused(sending.Reason), sending.ErrorCode())
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Sprintf("refuses the connection or its user: answered %d", answer.Code)
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return "has a certificate that is not trusted"
	}
	var greeting *greetingError
	if errors.As(err, &greeting) && outage.Cause(err) == "" {
		return "does not offer the encryption, or the way to sign in, that the address asks for"
	}
	return cause(err)
}

func refused(reason mail.SendErrReason) string {
	switch reason {
	case mail.ErrSMTPMailFrom:
		return "the sender"
	case mail.ErrSMTPRcptTo:
		return "a recipient"
	default:
		return "the message"
	}
}
