// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/rand"
	_ "embed" // the manifests
	"fmt"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// DatabaseNamespace is where the demo's PostgreSQL runs and where the demo remembers what it did.
const DatabaseNamespace = "handoff-demo-db"

//go:embed postgres.yaml
var postgresManifests string

// Database starts PostgreSQL in the cluster and waits for it. Its data lie beside the cluster's own and go with it.
func (e *Env) Database(ctx context.Context) error {
	image, err := e.databaseImage(ctx)
	if err != nil {
		return err
	}
	manifests, err := template.New("postgres").Parse(postgresManifests)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := manifests.Execute(&text, map[string]string{
		"Namespace": DatabaseNamespace, "Image": image, "Folder": filepath.Join(filepath.Dir(e.Kubeconfig), "demo-postgres"),
	}); err != nil {
		return err
	}
	if err := e.namespace(ctx, DatabaseNamespace); err != nil {
		return err
	}
	if _, err := e.secret(ctx, DatabaseNamespace, "postgres", "password", rand.Text); err != nil {
		return err
	}
	if err := e.Apply(ctx, text.String()); err != nil {
		return err
	}
	return e.Wait(ctx, 5*time.Minute, e.databaseReady)
}

func (e *Env) databaseImage(ctx context.Context) (string, error) {
	kind, err := e.Kind()
	if kind || err != nil {
		return "postgres:17", err
	}
	const image = "localhost/handoff/postgres:15"
	return image, e.load(ctx, image, e.scratch("postgres.tar"), "postgres-image", e.scratch("postgres.tar"))
}

func (e *Env) databaseReady(ctx context.Context) (string, error) {
	var set appsv1.StatefulSet
	if err := e.Client.Get(ctx, client.ObjectKey{Namespace: DatabaseNamespace, Name: "postgres"}, &set); err != nil {
		return "", err
	}
	if s := set.Status; s.ObservedGeneration < set.Generation || s.ReadyReplicas < 1 || s.CurrentRevision != s.UpdateRevision {
		return "PostgreSQL to be ready", nil
	}
	return "", nil
}

// namespace makes a namespace that is not there; manifests set its labels.
func (e *Env) namespace(ctx context.Context, name string) error {
	err := e.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// secret returns the value of a Secret's key, which is made by value the first time.
func (e *Env) secret(ctx context.Context, namespace, name, key string, value func() string) (string, error) {
	secret := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: map[string]string{key: value()},
	}
	if err := e.Client.Create(ctx, &secret); err != nil && !apierrors.IsAlreadyExists(err) {
		return "", err
	}
	if err := e.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret); err != nil {
		return "", err
	}
	return string(secret.Data[key]), nil
}

// Secrets makes the two Secrets that a contract refers to.
func (e *Env) Secrets(ctx context.Context, namespace string) error {
	password, err := e.secret(ctx, DatabaseNamespace, "postgres", "password", rand.Text)
	if err != nil {
		return err
	}
	dsn := fmt.Sprintf("postgres://handoff:%s@postgres.%s.svc:5432/handoff?sslmode=disable", password, DatabaseNamespace)
	if _, err := e.secret(ctx, namespace, "handoff-ledger", "dsn", func() string { return dsn }); err != nil {
		return err
	}
	_, err = e.secret(ctx, namespace, "handoff-ingest", "token", rand.Text)
	return err
}

// Query asks the ledger by psql in PostgreSQL's own pod; columns are separated by |.
func (e *Env) Query(ctx context.Context, sql string) ([]string, error) {
	text, err := e.Kube(ctx, "exec", "-n", DatabaseNamespace, "postgres-0", "-c", "postgres", "--",
		"psql", "-h", "/tmp", "-U", "handoff", "-d", "handoff", "-v", "ON_ERROR_STOP=1", "-Atc", sql)
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), nil
}
