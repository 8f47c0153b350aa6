// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package reliability

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
