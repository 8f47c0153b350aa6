// SPDX-License-Identifier: Apache-2.0

// Package target finds where the events of a contract go: its ingest Service, reached by a port-forward that is opened again
// when the pod goes away.
package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Tunnel leads to a ready pod of a Service.
type Tunnel struct {
	config    *rest.Config
	client    client.Client
	namespace string
	service   string
	number    int32 // of the port; 0 for the first

	mu   sync.Mutex
	open *forward
}

// TunnelError is why there is no way into the cluster. It holds no secret: names of objects, and what the API server answered.
type TunnelError struct{ Err error }

func (e *TunnelError) Error() string { return e.Err.Error() }

func (e *TunnelError) Unwrap() error { return e.Err }

// forward is one port-forward.
type forward struct {
	port uint16
	stop chan struct{}
	done chan struct{}
}

func (f *forward) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// DialContext connects to the Service, whatever the address says. It opens a port-forward when there is none or its pod is gone.
func (t *Tunnel) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	open, err := t.forward(ctx)
	if err != nil {
		return nil, &TunnelError{Err: err}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(open.port))))
	if err != nil {
		return nil, err
	}
	return &watched{Conn: conn, unanswered: func() { t.drop(open) }}, nil
}

// watched is a connection through a port-forward. A port-forward may be dead without ending, when its pod was killed at a bad moment: each
// connection through it is accepted here and never answered. One that asked and heard nothing until it was closed tells so.
type watched struct {
	net.Conn

	asked, answered atomic.Bool
	unanswered      func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.answered.Store(true)
	}
	return n, err
}

func (w *watched) Write(p []byte) (int, error) {
	w.asked.Store(true)
	return w.Conn.Write(p)
}

// Close tells of it at most once: a second Close finds another port-forward.
func (w *watched) Close() error {
	if w.asked.Load() && !w.answered.Load() {
		w.unanswered()
	}
	return w.Conn.Close()
}

// drop gives a port-forward up, so that the next connection opens another one.
func (t *Tunnel) drop(dead *forward) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == dead {
		close(dead.stop)
		t.open = nil
	}
}

// Close ends the port-forward.
func (t *Tunnel) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open != nil {
		close(t.open.stop)
		<-t.open.done
		t.open = nil
	}
}

// openTimeout bounds the opening of a port-forward. An HTTP client goes on dialling when the request that needed it is given up.
const openTimeout = 30 * time.Second

// forward is the open port-forward, or a new one.
func (t *Tunnel) forward(ctx context.Context) (*forward, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open != nil && !t.open.ended() {
		return t.open, nil
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	pod, port, err := t.pick(ctx)
	if err != nil {
		return nil, err
	}
	if t.open, err = t.start(ctx, pod, port); err != nil {
		return nil, fmt.Errorf("port-forward to pod %s/%s: %w", t.namespace, pod, err)
	}
	return t.open, nil
}

// pick finds a ready pod and the port that the Service leads to.
func (t *Tunnel) pick(ctx context.Context) (string, int32, error) {
	var service corev1.Service
	if err := t.client.Get(ctx, client.ObjectKey{Namespace: t.namespace, Name: t.service}, &service); err != nil {
		return "", 0, err
	}
	if len(service.Spec.Ports) == 0 || len(service.Spec.Selector) == 0 {
		return "", 0, fmt.Errorf("service %s/%s has no port or no selector", t.namespace, t.service)
	}
	var pods corev1.PodList
	if err := t.client.List(ctx, &pods, client.InNamespace(t.namespace), client.MatchingLabels(service.Spec.Selector)); err != nil {
		return "", 0, err
	}
	var ready []corev1.Pod
	for _, pod := range pods.Items {
		if isReady(&pod) {
			ready = append(ready, pod)
		}
	}
	if len(ready) == 0 {
		return "", 0, fmt.Errorf("no pod behind service %s/%s is ready", t.namespace, t.service)
	}
	pod := ready[rand.IntN(len(ready))] //nolint:gosec // spreads load; nothing secret about it
	wanted := service.Spec.Ports[0]
	if t.number != 0 {
		i := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == t.number })
		if i < 0 {
			return "", 0, fmt.Errorf("service %s/%s has no port %d", t.namespace, t.service, t.number)
		}
		wanted = service.Spec.Ports[i]
	}
	port, err := targetPort(&pod, wanted)
	return pod.Name, port, err
}

func isReady(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func targetPort(pod *corev1.Pod, port corev1.ServicePort) (int32, error) {
	if port.TargetPort.Type == intstr.Int && port.TargetPort.IntVal != 0 {
		return port.TargetPort.IntVal, nil
	}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name == port.TargetPort.StrVal {
				return p.ContainerPort, nil
			}
		}
	}
	if port.TargetPort.StrVal == "" {
		return port.Port, nil
	}
	return 0, fmt.Errorf("pod %s/%s has no port %q", pod.Namespace, pod.Name, port.TargetPort.StrVal)
}

func (t *Tunnel) start(ctx context.Context, pod string, port int32) (*forward, error) {
	dialer, err := t.dialer(pod)
	if err != nil {
		return nil, err
	}
	f := &forward{stop: make(chan struct{}), done: make(chan struct{})}
	ready := make(chan struct{})
	// Not the caller's context: the port-forward outlives the request that opened it.
	background, cancel := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), logr.Discard()))
	pf, err := portforward.NewOnAddressesForStreamingWithContext(background, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)},
		ready, io.Discard, io.Discard)
	if err != nil {
		cancel()
		return nil, err
	}
	failed := make(chan error, 1)
	go func() {
		<-f.stop
		cancel()
	}()
	go func() {
		defer close(f.done)
		failed <- pf.ForwardPorts()
	}()
	select {
	case <-ready:
	case err := <-failed:
		close(f.stop)
		return nil, errors.Join(errors.New("not opened"), err)
	case <-ctx.Done():
		close(f.stop)
		return nil, context.Cause(ctx)
	}
	ports, err := pf.GetPorts()
	if err != nil {
		close(f.stop)
		return nil, err
	}
	f.port = ports[0].Local
	return f, nil
}

func (t *Tunnel) dialer(pod string) (httpstream.Dialer, error) {
	clients, err := kubernetes.NewForConfig(t.config)
	if err != nil {
		return nil, err
	}
	url := clients.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.namespace).Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(t.config)
	if err != nil {
		return nil, err
	}
	return spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url), nil
}
