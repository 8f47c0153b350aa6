// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// KeyPair is what a party signs with.
type KeyPair struct{ ssh.Signer }

// Key is made from a seed.
func Key(t *testing.T, seed byte) KeyPair {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return KeyPair{signer}
}

// Line of authorized_keys.
func (k KeyPair) Line() string { return string(ssh.MarshalAuthorizedKey(k.PublicKey())) }

// Seal adds the party's signature to its sign-off of an object, made over the digest that was in force.
func (k KeyPair) Seal(t *testing.T, kind string, object client.Object, off *slav1alpha1.SignOff, previous slav1alpha1.Digest) {
	t.Helper()
	signature, err := sla.Sign(sla.Statement{
		Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName(), Party: sla.Party(off.Party), At: off.At.Time,
		Digest: string(off.Digest), Previous: string(previous),
	}, k)
	if err != nil {
		t.Fatal(err)
	}
	off.Previous, off.Signature = previous, signature
}

// PutKeys writes the ConfigMap with the parties' keys; nil deletes it.
func PutKeys(t *testing.T, at client.ObjectKey, data map[string]string) {
	t.Helper()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: at.Name}}
	var err error
	if data == nil {
		err = client.IgnoreNotFound(Client.Delete(t.Context(), object))
	} else {
		_, err = controllerutil.CreateOrUpdate(t.Context(), Client, object, func() error {
			object.Data = data
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// SignWaiver replaces the sign-offs of a waiver by those of the parties over what is written.
func SignWaiver(t *testing.T, c *slav1alpha1.SLAContract, w *slav1alpha1.Waiver, at time.Time, parties ...slav1alpha1.Party) {
	t.Helper()
	digest, err := sla.DigestWaiver(convert.Waiver(c.Namespace, c.Name, *w))
	if err != nil {
		t.Fatal(err)
	}
	w.SignOffs = signOffs(c, digest, at, parties)
}

// SealWaiver adds the party's signature to its sign-off of a waiver.
func (k KeyPair) SealWaiver(t *testing.T, c *slav1alpha1.SLAContract, off *slav1alpha1.SignOff) {
	t.Helper()
	k.Seal(t, sla.WaiverKind, c, off, "")
}
