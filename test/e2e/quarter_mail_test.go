// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Who gets mail in the quarter: both sides read one mailbox, and the executive has one of its own.
const (
	bothMailbox      = "both-sides@example.com"
	executiveMailbox = "cro@example.com"
)

// postOffice is a mail server in this process. The cluster of hack/cluster runs on this machine, so that its pods reach the address of the node, on
// which the office listens; from the pods of a cluster that is elsewhere there is no way here.
type postOffice struct {
	address string // empty: there is none

	mu     sync.Mutex
	got    []letter
	failed []error // letters that could not be read
}

// letter is a mail with a page.
type letter struct {
	to, id, subject, text string
	file, page            string
}

// openPostOffice listens until the specs of the container are done.
func openPostOffice() *postOffice {
	GinkgoHelper()
	office := &postOffice{}
	if kind, err := env.Kind(); kind || err != nil {
		Expect(err).NotTo(HaveOccurred())
		return office
	}
	config, err := clientcmd.BuildConfigFromFlags("", env.Kubeconfig)
	Expect(err).NotTo(HaveOccurred())
	api, err := url.Parse(config.Host)
	Expect(err).NotTo(HaveOccurred())
	listener, err := net.Listen("tcp", net.JoinHostPort(api.Hostname(), "0"))
	Expect(err).NotTo(HaveOccurred())
	office.address = listener.Addr().String()
	server := smtp.NewServer(office)
	server.Domain, server.ReadTimeout, server.WriteTimeout, server.ErrorLog = "localhost", time.Minute, time.Minute, office
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(listener) })
	DeferCleanup(func() {
		_ = server.Close()
		done.Wait()
	})
	return office
}

// Printf and Println take what the server says of connections that broke off.
func (*postOffice) Printf(format string, args ...any) { GinkgoWriter.Printf(format+"\n", args...) }

func (*postOffice) Println(args ...any) { GinkgoWriter.Println(args...) }

// urls are the Secret that the contract's notices name. Without an office, what is sent ends in the logs of the workers.
func (o *postOffice) urls() string {
	to := func(mailbox string) string {
		if o.address == "" {
			return "logger://"
		}
		return fmt.Sprintf("smtp://%s/?fromaddress=sla@example.com&toaddresses=%s&auth=None&usestarttls=no", o.address, mailbox)
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: notify-urls, namespace: %s}\nstringData:\n  all: %q\n  executive: %q\n",
		lived.Namespace, to(bothMailbox), to(executiveMailbox))
}

// arrivedAt a mailbox: the reports, by the name of the attached file. What came twice was sent twice by a worker that did not hear that it was taken,
// and has the same id.
func (o *postOffice) arrivedAt(g Gomega, mailbox string) map[string]letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	g.Expect(errors.Join(o.failed...)).NotTo(HaveOccurred())
	reports := map[string]letter{}
	for _, l := range o.got {
		if l.to != mailbox || l.page == "" { // of a lead, or of a step
			continue
		}
		if first, again := reports[l.file]; again {
			g.Expect(l.id).To(Equal(first.id), "%s came twice", l.file)
		}
		reports[l.file] = l
	}
	return reports
}

// NewSession of a client.
func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{office: o}, nil }

type visit struct {
	office *postOffice
	to     []string
}

func (*visit) Mail(string, *smtp.MailOptions) error { return nil }

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = append(v.to, to)
	return nil
}

func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // the client is gone: it sends again
	}
	l, err := readLetter(raw)
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	if err != nil {
		v.office.failed = append(v.office.failed, err)
		return nil
	}
	for _, to := range v.to {
		l.to = to
		v.office.got = append(v.office.got, l)
	}
	return nil
}

func (v *visit) Reset() { v.to = nil }

func (*visit) Logout() error { return nil }

// readLetter takes a mail apart as the program of its reader does.
func readLetter(raw []byte) (l letter, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, err
	}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	l.id = m.Header.Get("Message-ID")
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return l, err
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		body, err := io.ReadAll(decoded(part.Header.Get("Content-Transfer-Encoding"), part))
		switch {
		case err != nil:
			return l, err
		case part.FileName() == "":
			l.text += string(body)
		default:
			l.file, l.page = part.FileName(), string(body)
		}
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

// allReports of the quarter, by the name that a mail gives the page.
func allReports(ctx context.Context) map[string]corev1.ConfigMap {
	GinkgoHelper()
	all := map[string]corev1.ConfigMap{}
	for _, name := range []string{"weekly", "monthly", "quarterly"} {
		for _, report := range reportsOf(ctx, name) {
			all[fmt.Sprintf("%s-%s-%s.html", setup.SampleContract, name, report.Annotations["sla.handoff.dev/period"])] = report
		}
	}
	return all
}

// checkMail reads what came for both sides and for the executive of the reports that were made since: each once, with the page that the cluster has.
func (o *postOffice) checkMail(ctx context.Context, before map[string]corev1.ConfigMap) {
	GinkgoHelper()
	made := allReports(ctx)
	for file := range before {
		delete(made, file)
	}
	Expect(made).NotTo(BeEmpty())
	var forBoth, forExecutive []string
	for file, report := range made {
		forBoth = append(forBoth, file)
		if concernsExecutive(report) {
			forExecutive = append(forExecutive, file)
		}
	}
	Expect(forExecutive).To(ContainElement(HaveSuffix("-quarterly-2026-Q3.html")))
	Expect(len(forExecutive)).To(BeNumerically("<", len(forBoth)), "the executive is spared what the sides settle")
	for mailbox, want := range map[string][]string{bothMailbox: forBoth, executiveMailbox: forExecutive} {
		Eventually(func(g Gomega) {
			var files []string
			for file := range o.arrivedAt(g, mailbox) {
				files = append(files, file)
			}
			g.Expect(files).To(ConsistOf(want), mailbox)
		}).WithTimeout(5 * time.Minute).WithPolling(time.Second).Should(Succeed())
		for file, l := range o.arrivedAt(Default, mailbox) {
			l.checkAgainst(made[file])
		}
	}
}

// checkAgainst what the cluster has.
func (l letter) checkAgainst(report corev1.ConfigMap) {
	GinkgoHelper()
	period := sla.Period(report.Annotations["sla.handoff.dev/period"])
	name := report.Labels["sla.handoff.dev/review"]
	Expect(l.subject).To(HavePrefix("SLA report %s/%s, %s: %s: ", lived.Namespace, setup.SampleContract, name, period.Label()))
	Expect(l.text).To(And(ContainSubstring("Seal "+report.Annotations["sla.handoff.dev/seal"]), ContainSubstring("--period "+string(period))))
	Expect(sha256.Sum256([]byte(l.page))).To(Equal(sha256.Sum256([]byte(report.Data["report.html"]))), "%s is another page than the cluster has", l.file)
}

// concernsExecutive: a quarter does, and whatever has an escalation that is for the executive to decide.
func concernsExecutive(report corev1.ConfigMap) bool {
	GinkgoHelper()
	document, err := review.Open([]byte(report.Data["report.json"]))
	Expect(err).NotTo(HaveOccurred())
	return report.Labels["sla.handoff.dev/review"] == "quarterly" ||
		slices.ContainsFunc(document.Facts().Escalations, func(e review.Escalation) bool { return e.Level == 3 })
}
