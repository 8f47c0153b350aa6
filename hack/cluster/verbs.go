// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// bare is a verb that takes no arguments; a mistyped one must not be ignored.
func bare(run func(context.Context, layout) error) func(context.Context, layout, []string) error {
	return func(ctx context.Context, l layout, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("unexpected %q; this verb takes no arguments", args[0])
		}
		return run(ctx, l)
	}
}

func runUp(ctx context.Context, l layout) error {
	release, err := l.lock()
	if err != nil {
		return err
	}
	defer release()
	if p := current(l); p != nil && p.running(ctx) {
		say("the cluster is running already")
		fmt.Println("kubeconfig:", l.kubeconfig())
		return nil
	}
	if err := choose(ctx, l).up(ctx); err != nil {
		return err
	}
	fmt.Println("kubeconfig:", l.kubeconfig())
	return nil
}

func runDown(ctx context.Context, l layout) error {
	release, err := l.lock()
	if err != nil {
		return err
	}
	defer release()
	if !exists(l.run()) {
		say("no cluster runs")
		return nil
	}
	p := current(l)
	if p == nil {
		return os.RemoveAll(l.run())
	}
	if err := p.down(ctx); err != nil {
		return err
	}
	say("the cluster is down")
	return nil
}

func runStatus(ctx context.Context, l layout) error {
	p := current(l)
	if p == nil {
		fmt.Println("down")
		return errQuiet
	}
	if !p.running(ctx) {
		fmt.Println("broken: started, but not all of it answers; `up` starts it anew, `down` removes it")
		return errQuiet
	}
	fmt.Println("running\nkubeconfig:", l.kubeconfig())
	return nil
}

func runLoad(ctx context.Context, l layout, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: load FILE.tar [...]")
	}
	p := current(l)
	if p == nil {
		return errors.New("no cluster runs; start one with `up`")
	}
	files := make([]string, 0, len(args))
	for _, arg := range args {
		path, err := filepath.Abs(arg)
		if err != nil {
			return err
		}
		if !exists(path) {
			return fmt.Errorf("no file %s", arg)
		}
		files = append(files, path)
	}
	return p.load(ctx, files)
}

func runKubeconfig(_ context.Context, l layout) error {
	fmt.Println(l.kubeconfig())
	return nil
}

func runKubectl(ctx context.Context, l layout) error {
	p := choose(ctx, l)
	if c := find("kubectl"); !exists(c.binary(l)) {
		release, err := l.lock()
		if err != nil {
			return err
		}
		defer release()
	}
	path, err := p.kubectl(ctx)
	if err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}
