// SPDX-License-Identifier: Apache-2.0

package ledgertest

import "syscall"

// dieWithParent also ends the server when the test process is killed and no cleanup runs.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
