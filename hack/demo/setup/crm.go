// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/rand"
	_ "embed" // the manifests
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

//go:embed crm.yaml
var crmManifests string

// CRM is a contract whose leads live in a CRM, as docs/examples has it, and the CRM beside it: one that is none, but behaves like it.
type CRM struct {
	Target

	Type  string // hubspot or salesforce
	Leads int    // that are in it to begin with
}

// CRMContract starts a CRM and a contract for it, and waits until its workers run. edit has a last look at the manifests.
func (e *Env) CRMContract(ctx context.Context, c CRM, edit func(string) string) error {
	if err := e.namespace(ctx, c.Namespace); err != nil {
		return err
	}
	if err := e.Secrets(ctx, c.Namespace); err != nil {
		return err
	}
	if err := e.startCRM(ctx, c); err != nil {
		return err
	}
	var manifests []string
	for _, kind := range []string{"leaddefinition", "slacontract"} {
		text, err := os.ReadFile(filepath.Join(e.Root, "docs/examples", kind+"-"+c.Type+".yaml"))
		if err != nil {
			return err
		}
		manifests = append(manifests, strings.NewReplacer(
			"namespace: "+SampleNamespace+"\n", "namespace: "+c.Namespace+"\n",
			"tenant: "+c.Type+"\n", "tenant: "+c.Tenant+"\n",
			"object: "+SampleNamespace+"/", "object: "+c.Namespace+"/",
		).Replace(string(text)))
	}
	if err := e.Apply(ctx, edit(strings.Join(manifests, "---\n"))); err != nil {
		return err
	}
	return e.Wait(ctx, 5*time.Minute, func(ctx context.Context) (string, error) { return e.Ready(ctx, c.Target) })
}

// CRMWebhooks is the URL that webhooks are signed for, as a proxy before the cluster would have it.
const CRMWebhooks = "https://handoff.example.com/v1/crm/hubspot"

// CRMReps are those of the examples' pools.
var CRMReps = []string{"rep-1@example.com", "rep-2@example.com", "rep-3@example.com", "rep-4@example.com"}

// CRMSecret is the name of the Secret that the example of a type refers to.
func CRMSecret(kind string) string { return "handoff-" + kind }

func (e *Env) startCRM(ctx context.Context, c CRM) error {
	image, err := e.crmImage(ctx)
	if err != nil {
		return err
	}
	args := []string{"--type=" + c.Type, "--listen=:8080", "--seed-leads=" + strconv.Itoa(c.Leads), "--reps=" + strings.Join(CRMReps, ",")}
	secret := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: CRMSecret(c.Type)},
		StringData: map[string]string{"token": rand.Text(), "clientSecret": rand.Text()},
	}
	env := map[string]string{"CRM_TOKEN": "token", "CRM_WEBHOOK_SECRET": "clientSecret"}
	if c.Type == "salesforce" {
		secret.StringData = map[string]string{"clientId": "handoff", "clientSecret": rand.Text()}
		env = map[string]string{"CRM_CLIENT_SECRET": "clientSecret"}
	} else {
		args = append(args, "--webhooks="+CRMWebhooks, "--webhooks-via=http://"+c.Name()+"-ingest."+c.Namespace+".svc/v1/crm/hubspot", "--index-lag=3s")
	}
	if err := client.IgnoreAlreadyExists(e.Client.Create(ctx, &secret)); err != nil {
		return err
	}
	manifests, err := template.New("crm").Parse(crmManifests)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := manifests.Execute(&text, map[string]any{
		"Namespace": c.Namespace, "Image": image, "Secret": secret.Name, "Env": env, "Args": args,
	}); err != nil {
		return err
	}
	if err := e.Apply(ctx, text.String()); err != nil {
		return err
	}
	return e.Wait(ctx, 2*time.Minute, func(ctx context.Context) (string, error) {
		var d appsv1.Deployment
		if err := e.Client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: "crm"}, &d); err != nil || d.Status.ReadyReplicas > 0 {
			return "", err
		}
		return "the CRM in " + c.Namespace, nil
	})
}

// crmImage has one program in it.
func (e *Env) crmImage(ctx context.Context) (string, error) {
	bin := e.scratch("crm")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		return "", err
	}
	build := e.command(ctx, nil, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(bin, "crm-fake"), "./test/crm")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	build.Stdout, build.Stderr = e.out, e.out
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("go build: %w", err)
	}
	sum, err := hashFolder(bin)
	if err != nil {
		return "", err
	}
	image := "localhost/handoff/crm-fake:" + sum[:12]
	return image, e.load(ctx, image, e.scratch("crm.tar"), "image", e.scratch("crm.tar"), "--binaries", bin, "--tag", image)
}

// AskCRM reads a path of the CRM's own controls, which no vendor has, into an answer.
func (e *Env) AskCRM(ctx context.Context, c CRM, path string, answer any) error {
	text, err := e.Kube(ctx, "get", "--raw", crmProxy(c, path))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), answer)
}

// TellCRM posts to them.
func (e *Env) TellCRM(ctx context.Context, c CRM, path string, body any) (string, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	return e.output(ctx, strings.NewReader(string(text)), e.Kubectl, "--kubeconfig", e.Kubeconfig, "create", "--raw", crmProxy(c, path), "-f", "-")
}

func crmProxy(c CRM, path string) string {
	return "/api/v1/namespaces/" + c.Namespace + "/services/crm:8080/proxy/_control/" + path
}
