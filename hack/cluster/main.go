// SPDX-License-Identifier: Apache-2.0

// Command cluster gives the demo and the end-to-end tests a local Kubernetes:
// kind where a container engine answers, else one built from Go modules.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// verb is one thing the program does. Its help is printed whole by --help.
type verb struct {
	run  func(ctx context.Context, l layout, args []string) error
	line string
	help string
}

// errQuiet ends with exit code 1 and no message: the answer was printed.
var errQuiet = errors.New("quiet")

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	err := dispatch(ctx, os.Args[1:])
	if err == nil {
		return
	}
	if !errors.Is(err, errQuiet) {
		fmt.Fprintln(os.Stderr, "cluster:", err)
	}
	cancel()
	os.Exit(1)
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || isHelp(args[0]) {
		fmt.Print(overview())
		return nil
	}
	v, known := verbs()[args[0]]
	if !known {
		return fmt.Errorf("unknown verb %q; --help lists them", args[0])
	}
	for _, arg := range args[1:] {
		if isHelp(arg) {
			fmt.Print(v.help)
			return nil
		}
	}
	l, err := newLayout()
	if err != nil {
		return err
	}
	return v.run(ctx, l, args[1:])
}

func isHelp(arg string) bool {
	return arg == "--help" || arg == "-h" || arg == "-help" || arg == "help"
}

// say prints progress. It goes to stderr, so that stdout holds answers only.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
