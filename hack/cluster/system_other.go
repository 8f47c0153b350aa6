// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "errors"

// Elsewhere than on Linux only kind runs a cluster; these let the other verbs
// compile.
func unmount(string) error { return errors.ErrUnsupported }

func snapshotter(string) string { return "overlayfs" }
