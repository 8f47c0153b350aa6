// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/handoff-sla/handoff/internal/cli"
)

// unknownHere is what a verb of the ledger answers when it reached the ledger and did not find what an example names.
var unknownHere = regexp.MustCompile(`is no dead letter of ledger tenant|has no lead|no lead "|nothing was given up of`)

// exampleSpecs: what --help shows works when it is pasted, also where it needs a cluster.
func exampleSpecs() {
	It("runs every example of every verb's --help", func(ctx SpecContext) {
		folder, path, home := checkoutWithBranch(ctx), commandsOnPath(ctx), homeWithKey()
		keys := signersConfigMap(map[string]string{"elsewhere.Sales": publicKey(home)}) // no party here has keys
		Expect(env.Client.Create(ctx, keys)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(env.Client.Delete(ctx, keys)).To(Succeed()) })
		for _, line := range exampleLines(cli.Root(time.Now)) {
			By(line)
			script := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", line)
			script.Dir, script.Env = folder, append(os.Environ(), "PATH="+path, "HOME="+home, "KUBECONFIG="+env.Kubeconfig)
			out, err := script.CombinedOutput()
			if err != nil && unknownHere.Match(out) {
				continue // it names a lead or a job that this cluster does not have, and says so: it came as far as the ledger
			}
			Expect(err).NotTo(HaveOccurred(), "%s\n%s", line, out)
		}
	})
}

// homeWithKey is a home folder with an SSH key in its usual place.
func homeWithKey() string {
	GinkgoHelper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	block, err := ssh.MarshalPrivateKey(private, "example")
	Expect(err).NotTo(HaveOccurred())
	home := GinkgoT().TempDir()
	Expect(os.Mkdir(filepath.Join(home, ".ssh"), 0o700)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(home, ".ssh/id_ed25519"), pem.EncodeToMemory(block), 0o600)).To(Succeed())
	return home
}

// publicKey is the line of authorized_keys of the key in a home folder.
func publicKey(home string) string {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(home, ".ssh/id_ed25519"))
	Expect(err).NotTo(HaveOccurred())
	signer, err := ssh.ParsePrivateKey(text)
	Expect(err).NotTo(HaveOccurred())
	return string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

func exampleLines(c *cobra.Command) []string {
	var lines []string
	for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	for _, sub := range c.Commands() {
		lines = append(lines, exampleLines(sub)...)
	}
	return lines
}

// commandsOnPath is a PATH with kubectl and the plugin.
func commandsOnPath(ctx context.Context) string {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, "kubectl-sla"), "./cmd/kubectl-sla")
	build.Dir = env.Root
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", out)
	Expect(os.Symlink(env.Kubectl, filepath.Join(folder, "kubectl"))).To(Succeed())
	return folder + string(os.PathListSeparator) + os.Getenv("PATH")
}

// checkoutWithBranch is a repository with what the examples read: some of them write.
func checkoutWithBranch(ctx context.Context) string {
	GinkgoHelper()
	root := GinkgoT().TempDir()
	for _, folder := range []string{"config/samples", "docs/examples"} {
		Expect(os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join(env.Root, folder)))).To(Succeed())
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qm", "samples"},
	} {
		git := exec.CommandContext(ctx, "git", args...)
		git.Dir = root
		out, err := git.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "git %v\n%s", args, out)
	}
	return root
}
