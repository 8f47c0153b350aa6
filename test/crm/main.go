// SPDX-License-Identifier: Apache-2.0

// Command crm serves a fake of HubSpot or of Salesforce, for demos and end-to-end tests that have none of the real ones:
//
//	crm-fake --type salesforce --listen :8080 --seed-leads 10000 --reps rep1@acme.example,rep2@acme.example
//
// It is one static program that runs as a pod. What people do in the CRM is done through /_control/, see package control. Secrets come from the
// environment: CRM_TOKEN and CRM_WEBHOOK_SECRET (HubSpot), CRM_CLIENT_SECRET and CRM_PUBLIC_KEY, a PEM (Salesforce).
package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/handoff-sla/handoff/test/crm/hubspot"
	"github.com/handoff-sla/handoff/test/crm/salesforce"
)

// grace is how long requests under way may take when the program is told to stop.
const grace = 5 * time.Second

type options struct {
	kind     string
	listen   string
	seed     int
	reps     []string
	clientID string
	username string
	apiLimit int
	webhooks string
	via      string
	lag      time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	reps := ""
	flags := flag.NewFlagSet("crm-fake", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.kind, "type", "", "hubspot or salesforce")
	flags.StringVar(&o.listen, "listen", ":8080", "address to serve at")
	flags.IntVar(&o.seed, "seed-leads", 0, "leads to begin with: 6 of 20 of them are handed off by the example of a definition")
	flags.StringVar(&reps, "reps", "", "e-mail addresses of users who can own leads, with commas between them")
	flags.StringVar(&o.clientID, "client-id", "handoff", "Salesforce: consumer key of the app")
	flags.StringVar(&o.username, "username", "", "Salesforce: of the integration user; default integration@handoff.example")
	flags.IntVar(&o.apiLimit, "api-limit", 0, "Salesforce: requests in 24 hours; default 100,000")
	flags.StringVar(&o.webhooks, "webhooks", "", "HubSpot: URL that changes are told to, as it is signed")
	flags.StringVar(&o.via, "webhooks-via", "", "HubSpot: address at which that URL is reached, where a proxy stands before it")
	flags.DurationVar(&o.lag, "index-lag", 0, "HubSpot: until a change is found by search")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("argument %q: there are none, only flags", flags.Arg(0))
	}
	if o.seed < 0 {
		return o, fmt.Errorf("--seed-leads is %d: should be 0 or more", o.seed)
	}
	o.reps = strings.FieldsFunc(reps, func(r rune) bool { return r == ',' || r == ' ' })
	return o, nil
}

func run(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	fake, finish, err := newFake(o, env)
	if err != nil {
		return err
	}
	defer finish()
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: probed(fake), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	_, _ = fmt.Fprintf(out, "a fake of %s listens at %s with %d leads\n", o.kind, listener.Addr(), o.seed)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		return server.Close()
	}
	return nil
}

func newFake(o options, env func(string) string) (fake http.Handler, finish func(), err error) {
	switch o.kind {
	case "hubspot":
		f := hubspot.New(hubspot.Options{
			Token: env("CRM_TOKEN"), ClientSecret: env("CRM_WEBHOOK_SECRET"), Properties: hubspot.SampleProperties(),
			Settings: hubspot.Settings{IndexLagMS: int(o.lag.Milliseconds()), Webhooks: hubspot.Webhooks{Target: o.webhooks, Via: o.via}},
		})
		if err := f.Seed(0, time.Time{}, nil, o.reps...); err != nil {
			return nil, nil, err
		}
		return f, f.Close, f.SeedSample(o.seed, time.Now())
	case "salesforce":
		key, err := publicKey(env("CRM_PUBLIC_KEY"))
		if err != nil {
			return nil, nil, err
		}
		if key == nil && env("CRM_CLIENT_SECRET") == "" {
			return nil, nil, errors.New("nobody could log in: set CRM_CLIENT_SECRET or CRM_PUBLIC_KEY")
		}
		f := salesforce.New(salesforce.Options{
			ClientID: o.clientID, ClientSecret: env("CRM_CLIENT_SECRET"), PublicKey: key, Username: o.username, Reps: o.reps, APILimit: o.apiLimit,
		})
		f.SeedLeads(o.seed)
		return f, func() {}, nil
	default:
		return nil, nil, fmt.Errorf("--type is %q: should be hubspot or salesforce", o.kind)
	}
}

// publicKey of a PEM, with a key or a certificate; nil of none.
func publicKey(text string) (*rsa.PublicKey, error) {
	if text == "" {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("CRM_PUBLIC_KEY is no PEM")
	}
	var parsed any
	var err error
	if block.Type == "CERTIFICATE" {
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			parsed = certificate.PublicKey
		}
	} else {
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("CRM_PUBLIC_KEY: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("CRM_PUBLIC_KEY is a %T: should be of RSA", parsed)
	}
	return key, nil
}

// probed answers a pod's probes beside the fake.
func probed(fake http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.Handle("/", fake)
	return mux
}
