// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strings"
)

// provider is a way to run a cluster.
type provider interface {
	up(ctx context.Context) error
	down(ctx context.Context) error
	load(ctx context.Context, files []string) error
	running(ctx context.Context) bool
	kubectl(ctx context.Context) (string, error)
}

// current is the provider of the cluster that was started, or nil.
func current(l layout) provider {
	text, err := os.ReadFile(l.provider())
	if err != nil {
		return nil
	}
	name, engine, _ := strings.Cut(string(text), " ")
	if name == providerKind {
		return kind{l: l, engine: engine}
	}
	return local{l}
}

// choose is the provider to start a new cluster with.
func choose(ctx context.Context, l layout) provider {
	if p := current(l); p != nil {
		return p
	}
	if engine := findEngine(ctx); engine != "" {
		return kind{l: l, engine: engine}
	}
	return local{l}
}
