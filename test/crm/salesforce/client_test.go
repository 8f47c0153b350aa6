// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"testing"

	"github.com/handoff-sla/handoff/test/crm/clients"
	"github.com/handoff-sla/handoff/test/crm/salesforce"
)

// TestJSForce has the JavaScript client that Salesforce keeps make all calls that the adapter makes.
func TestJSForce(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	const user, rep = "handoff@acme.example", "rep1@acme.example"
	fake := salesforce.New(salesforce.Options{
		ClientID: "drive", ClientSecret: "drive-secret", Username: user, Password: "drive-password", PublicKey: &key.PublicKey, Reps: []string{rep},
	})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	clients.Drive(t, "salesforce", "FAKE="+server.URL, "ID=drive", "SECRET=drive-secret", "USERNAME_OF_APP="+user, "PASSWORD=drive-password",
		"KEY="+string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), "REPS="+rep)
}
