// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// Names of the SLAMeasurement that the workers write.
const (
	namespace   = "revenue"
	measurement = "mid-market"
)

// apiServer is as much of an API server as the workers speak with: it lets them find and read their SLAMeasurement, and takes what they
// write into its status.
type apiServer struct {
	kubeconfig string

	mu     sync.Mutex
	latest time.Time // last transition of a condition that a worker wrote, by the worker's clock
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	a := &apiServer{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	server := httptest.NewServer(a.handler())
	t.Cleanup(server.Close)
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test"}
	config.CurrentContext = "test"
	text, err := clientcmd.Write(*config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.kubeconfig, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *apiServer) handler() http.Handler {
	gv := slav1alpha1.GroupVersion
	version := map[string]any{"groupVersion": gv.String(), "version": gv.Version}
	group := map[string]any{"name": gv.Group, "versions": []any{version}, "preferredVersion": version}
	object := map[string]any{
		"apiVersion": gv.String(), "kind": "SLAMeasurement",
		"metadata": map[string]any{"namespace": namespace, "name": measurement, "resourceVersion": "1"},
	}
	resource := func(name string) map[string]any {
		return map[string]any{"name": name, "singularName": "slameasurement", "namespaced": true, "kind": "SLAMeasurement", "verbs": []string{"get", "patch"}}
	}
	at := fmt.Sprintf("/apis/%s/namespaces/%s/slameasurements/%s", gv, namespace, measurement)
	mux := http.NewServeMux()
	for path, answer := range map[string]map[string]any{
		"/api":                    {"kind": "APIVersions", "versions": []string{}},
		"/apis":                   {"kind": "APIGroupList", "apiVersion": "v1", "groups": []any{group}},
		"/apis/" + gv.Group:       {"kind": "APIGroup", "apiVersion": "v1", "name": gv.Group, "versions": []any{version}, "preferredVersion": version},
		"/apis/" + gv.String():    {"kind": "APIResourceList", "groupVersion": gv.String(), "resources": []any{resource("slameasurements"), resource("slameasurements/status")}},
		"GET " + at:               object,
		"PATCH " + at + "/status": object,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch {
				a.note(r)
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	return mux
}

// note keeps what the tests ask for.
func (a *apiServer) note(r *http.Request) {
	var patch slav1alpha1.SLAMeasurement
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range patch.Status.Conditions {
		a.latest = c.LastTransitionTime.Time
	}
}

// lastTransition is when a condition last changed, by the clock of the worker that said so.
func (a *apiServer) lastTransition() time.Time { a.mu.Lock(); defer a.mu.Unlock(); return a.latest }
