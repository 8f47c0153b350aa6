// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

const kubeconfigText = `apiVersion: v1
kind: Config
clusters:
- name: handoff
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: %[3]s
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
contexts:
- name: handoff
  context:
    cluster: handoff
    user: %[3]s
current-context: handoff
`

// writeKubeconfig writes a self-contained kubeconfig for one identity.
func writeKubeconfig(path, pki, name string) error {
	data := make([]any, 0, 3)
	for _, file := range []string{"ca.crt", name + ".crt", name + ".key"} {
		body, err := os.ReadFile(filepath.Join(pki, file))
		if err != nil {
			return err
		}
		data = append(data, base64.StdEncoding.EncodeToString(body))
	}
	text := fmt.Sprintf(kubeconfigText, apiServer, data[0], name, data[1], data[2])
	return writeFile(path, []byte(text), 0o600)
}

// writeKubeconfigs writes the administrator's kubeconfig and each component's.
func writeKubeconfigs(l layout) error {
	pki := l.inRun("pki")
	if err := writeKubeconfig(l.kubeconfig(), pki, "admin"); err != nil {
		return err
	}
	for _, name := range []string{"controller-manager", "scheduler", "kubelet", "proxy"} {
		if err := writeKubeconfig(l.inRun("conf", name+".kubeconfig"), pki, name); err != nil {
			return err
		}
	}
	return nil
}
