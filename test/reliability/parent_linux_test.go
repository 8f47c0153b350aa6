// SPDX-License-Identifier: Apache-2.0

package reliability

import "syscall"

// dieWithParent also ends a worker when the test process is killed and no cleanup runs.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
