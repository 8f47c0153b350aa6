// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"
)

// local is the cluster built from Go modules.
type local struct{ l layout }

const providerLocal = "local"

func (p local) up(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		return errors.New("no container engine answers, or kind is not on the PATH; without them a cluster runs on Linux only")
	}
	if os.Geteuid() != 0 {
		return errors.New("no container engine answers, or kind is not on the PATH; without them the cluster's node needs root: try sudo")
	}
	if err := p.l.checkLength(); err != nil {
		return err
	}
	// A cluster that is half there (a crash, a reboot) is no use: start anew.
	if exists(p.l.run()) {
		say("removing what an earlier cluster left")
		if err := p.down(ctx); err != nil {
			return err
		}
	}
	bin, images, err := p.prepare(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := p.start(ctx, bin, images); err != nil {
		return fmt.Errorf("%w\nlogs are in %s; `down` cleans up", err, p.l.logs())
	}
	say("the cluster is up after %s", seconds(began))
	return nil
}

// prepare brings everything that can be kept between clusters.
func (p local) prepare(ctx context.Context) (bin string, images []string, err error) {
	needs := runNeeds
	if !exists(find("runc").binary(p.l)) {
		needs = append(needs, buildNeeds...)
	}
	if err := install(ctx, needs); err != nil {
		return "", nil, err
	}
	if err := ensure(ctx, p.l, components()); err != nil {
		return "", nil, err
	}
	if bin, err = linkBin(p.l, components()); err != nil {
		return "", nil, err
	}
	images, err = systemImages(p.l)
	return bin, images, err
}

// start brings the programs up, each as soon as what it needs answers.
func (p local) start(ctx context.Context, bin string, images []string) error {
	l := p.l
	if err := p.configure(ctx, bin); err != nil {
		return err
	}
	rec, err := readRecords(l)
	if err != nil {
		return err
	}
	w := waiter{l: l, rec: rec, kubectl: bin + "/kubectl"}
	for _, d := range []daemon{etcdDaemon(l), containerdDaemon(l), apiServerDaemon(l)} {
		if err := rec.start(l, bin, d); err != nil {
			return err
		}
	}
	if err := w.until(ctx, "containerd answers", func() error { return ctr(ctx, l, "version") }); err != nil {
		return err
	}
	if err := p.load(ctx, images); err != nil {
		return err
	}
	if err := w.until(ctx, "the API server is ready", func() error { return w.kube(ctx, "get", "--raw=/readyz") }); err != nil {
		return err
	}
	for _, d := range []daemon{controllersDaemon(l), schedulerDaemon(l), kubeletDaemon(l), proxyDaemon(l)} {
		if err := rec.start(l, bin, d); err != nil {
			return err
		}
	}
	return w.settle(ctx)
}

// configure writes all files and changes the machine, after a snapshot of what
// is there.
func (p local) configure(ctx context.Context, bin string) error {
	l := p.l
	if err := checkAddresses(); err != nil {
		return err
	}
	if conn, err := net.Dial("unix", kubeletSocket); err == nil {
		_ = conn.Close()
		return errors.New("another kubelet runs on this machine, and two cannot share it")
	}
	if err := writeFile(l.provider(), []byte(providerLocal), 0o644); err != nil {
		return err
	}
	if err := snapshot(ctx, l); err != nil {
		return err
	}
	if err := writePKI(l.inRun("pki"), time.Now()); err != nil {
		return err
	}
	if err := writeKubeconfigs(l); err != nil {
		return err
	}
	if err := writeNodeConfigs(l, bin); err != nil {
		return err
	}
	if err := cgroupsUp(); err != nil {
		return err
	}
	return networkUp(ctx)
}

// load imports image archives into containerd's store for Kubernetes.
func (p local) load(ctx context.Context, files []string) error {
	for _, file := range files {
		if err := ctr(ctx, p.l, "-n", "k8s.io", "images", "import", file); err != nil {
			return err
		}
	}
	return nil
}

// ctr talks to our containerd, by the absolute path of its socket.
func ctr(ctx context.Context, l layout, args ...string) error {
	return command(ctx, append([]string{find("ctr").binary(l), "--address", l.socket()}, args...)...)
}

func (p local) running(ctx context.Context) bool {
	rec, err := readRecords(p.l)
	if err != nil || len(rec.list) == 0 || len(rec.dead()) > 0 {
		return false
	}
	w := waiter{l: p.l, rec: rec, kubectl: find("kubectl").binary(p.l)}
	return w.kube(ctx, "get", "--raw=/readyz") == nil
}

func (p local) kubectl(ctx context.Context) (string, error) {
	if err := ensure(ctx, p.l, []component{find("kubectl")}); err != nil {
		return "", err
	}
	return find("kubectl").binary(p.l), nil
}
