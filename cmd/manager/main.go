// SPDX-License-Identifier: Apache-2.0

// Command manager runs the reconcilers of Handoff. It reads no Secret and no lead, and opens no database.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
	_ "time/tzdata" // the image has no zoneinfo, and contracts name their zone

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/handoff-sla/handoff/internal/controller"
	"github.com/handoff-sla/handoff/internal/controller/metrics"
	"github.com/handoff-sla/handoff/internal/version"
)

const (
	imageVariable     = "HANDOFF_WORKER_IMAGE"
	namespaceVariable = "POD_NAMESPACE"
	leaseName         = "handoff-manager"
)

var errNoImage = errors.New("no image for the workers: set --worker-image or the environment variable " + imageVariable +
	" to the image of this manager")

// errNoNamespace: to go on without the keys would let everybody sign by name.
var errNoNamespace = errors.New("no namespace for the parties' keys: set --signers-namespace or the environment variable " + namespaceVariable +
	" to the namespace of this manager")

// options of the command line.
type options struct {
	image          string
	metricsAddress string
	healthAddress  string
	elect          bool
	leaseNamespace string
	signers        types.NamespacedName
	version        bool
	level          slog.Level
}

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	o, err := parse(args, env, stderr)
	if err != nil {
		return err
	}
	if o.version {
		_, err := fmt.Fprintln(stdout, version.String())
		return err
	}
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: o.level})))
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("no way to the API server: %w", err)
	}
	return start(ctx, config, o)
}

func parse(args []string, env func(string) string, stderr io.Writer) (options, error) {
	o := options{}
	set := flag.NewFlagSet("manager", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.image, "worker-image", env(imageVariable), "image that the workers and review jobs run (environment: "+imageVariable+"); required")
	set.StringVar(&o.metricsAddress, "metrics-address", ":8080", "address of /metrics in plain HTTP, for Prometheus; 0 turns it off")
	set.StringVar(&o.healthAddress, "health-address", ":8081", "address of /healthz and /readyz")
	set.BoolVar(&o.elect, "leader-elect", true, "let one of several managers work, by a Lease")
	set.StringVar(&o.leaseNamespace, "leader-election-namespace", "", "namespace of the Lease; the manager's own when empty")
	set.StringVar(&o.signers.Name, "signers-configmap", "handoff-signers", "ConfigMap with the public keys that the parties sign with")
	set.StringVar(&o.signers.Namespace, "signers-namespace", env(namespaceVariable),
		"namespace of that ConfigMap, the manager's own (environment: "+namespaceVariable+"); required")
	set.BoolVar(&o.version, "version", false, "print the version and exit")
	if f := flag.CommandLine.Lookup("kubeconfig"); f != nil { // controller-runtime reads it from there
		set.Var(f.Value, f.Name, f.Usage)
	}
	set.TextVar(&o.level, "log-level", slog.LevelInfo, "debug, info, warn or error; logs are JSON, one object a line")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	switch {
	case set.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case o.image == "" && !o.version:
		return o, errNoImage
	case (o.signers.Namespace == "" || o.signers.Name == "") && !o.version:
		return o, errNoNamespace
	}
	return o, nil
}

func start(ctx context.Context, config *rest.Config, o options) error {
	scheme, err := controller.Scheme()
	if err != nil {
		return err
	}
	patience := 20 * time.Second
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         controller.CacheOptions(),
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		LeaderElection:                o.elect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.leaseNamespace,
		LeaderElectionReleaseOnCancel: true, // nothing runs after the manager stops, so another may begin at once
		GracefulShutdownTimeout:       &patience,
	})
	if err != nil {
		return err
	}
	if err := controller.Setup(mgr, o.image, o.signers, clock.RealClock{}); err != nil {
		return err
	}
	if err := ctrlmetrics.Registry.Register(metrics.NewCollector(mgr.GetClient())); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	ctrl.Log.Info("starting", "version", version.String(), "workerImage", o.image)
	return mgr.Start(ctx)
}
