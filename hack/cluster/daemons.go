// SPDX-License-Identifier: Apache-2.0

package main

// daemon is one long-lived program of the cluster.
type daemon struct {
	name string
	args []string
}

func etcdDaemon(l layout) daemon {
	pki := l.inRun("pki")
	return daemon{"etcd", []string{
		"--name=" + nodeName,
		"--data-dir=" + l.inRun("etcd"),
		"--listen-client-urls=" + etcdClient,
		"--advertise-client-urls=" + etcdClient,
		"--listen-peer-urls=" + etcdPeer,
		"--initial-advertise-peer-urls=" + etcdPeer,
		"--initial-cluster=" + nodeName + "=" + etcdPeer,
		// Any user of the machine reaches loopback; only our API server may in.
		"--client-cert-auth", "--trusted-ca-file=" + pki + "/etcd-ca.crt",
		"--cert-file=" + pki + "/etcd.crt", "--key-file=" + pki + "/etcd.key",
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + pki + "/etcd-ca.crt",
		"--peer-cert-file=" + pki + "/etcd.crt", "--peer-key-file=" + pki + "/etcd.key",
		// The data does not outlive the cluster, so it need not survive a crash.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}}
}

func apiServerDaemon(l layout) daemon {
	pki := l.inRun("pki")
	return daemon{"kube-apiserver", []string{
		"--bind-address=" + nodeIP, "--advertise-address=" + nodeIP, "--secure-port=" + apiPort,
		"--etcd-servers=" + etcdClient,
		"--etcd-cafile=" + pki + "/etcd-ca.crt",
		"--etcd-certfile=" + pki + "/etcd-client.crt", "--etcd-keyfile=" + pki + "/etcd-client.key",
		"--cert-dir=" + pki,
		"--client-ca-file=" + pki + "/ca.crt",
		"--tls-cert-file=" + pki + "/apiserver.crt", "--tls-private-key-file=" + pki + "/apiserver.key",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceCIDR,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki + "/sa.pub",
		"--service-account-signing-key-file=" + pki + "/sa.key",
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + pki + "/ca.crt",
		"--kubelet-client-certificate=" + pki + "/apiserver-kubelet.crt",
		"--kubelet-client-key=" + pki + "/apiserver-kubelet.key",
		"--requestheader-client-ca-file=" + pki + "/front-proxy-ca.crt",
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + pki + "/front-proxy.crt",
		"--proxy-client-key-file=" + pki + "/front-proxy.key",
	}}
}

// One of each runs, so there is no leader to elect.
func controllersDaemon(l layout) daemon {
	pki, kubeconfig := l.inRun("pki"), l.inRun("conf", "controller-manager.kubeconfig")
	return daemon{"kube-controller-manager", []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--secure-port=" + controllersPort, "--cert-dir=" + l.inRun("controller-manager"),
		"--leader-elect=false",
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + pki + "/sa.key",
		"--root-ca-file=" + pki + "/ca.crt",
		"--cluster-signing-cert-file=" + pki + "/ca.crt", "--cluster-signing-key-file=" + pki + "/ca.key",
		"--flex-volume-plugin-dir=" + l.inRun("volume-plugins"),
	}}
}

func schedulerDaemon(l layout) daemon {
	kubeconfig := l.inRun("conf", "scheduler.kubeconfig")
	return daemon{"kube-scheduler", []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--secure-port=" + schedulerPort, "--cert-dir=" + l.inRun("scheduler"),
		"--leader-elect=false",
	}}
}

func containerdDaemon(l layout) daemon {
	return daemon{"containerd", []string{"--config", l.inRun("conf", "containerd.toml"), "--log-level", "warn"}}
}

func kubeletDaemon(l layout) daemon {
	return daemon{"kubelet", []string{
		"--config=" + l.inRun("conf", "kubelet.yaml"),
		"--kubeconfig=" + l.inRun("conf", "kubelet.kubeconfig"),
		"--root-dir=" + l.inRun("kubelet"), "--cert-dir=" + l.inRun("kubelet", "pki"),
		"--hostname-override=" + nodeName,
		"--node-ip=" + nodeIP,
	}}
}

func proxyDaemon(l layout) daemon {
	return daemon{"kube-proxy", []string{"--config=" + l.inRun("conf", "proxy.yaml")}}
}
