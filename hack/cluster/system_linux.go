// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

const (
	mntDetach      = 2          // MNT_DETACH
	overlayfsMagic = 0x794c7630 // OVERLAYFS_SUPER_MAGIC
	tmpfsMagic     = 0x01021994 // TMPFS_MAGIC
)

// unmount detaches lazily: what is busy goes when its last user does.
func unmount(point string) error { return syscall.Unmount(point, mntDetach) }

// snapshotter is overlayfs, except where the folder itself is on an overlay or
// in memory, which overlayfs may not be stacked on.
func snapshotter(folder string) string {
	var st syscall.Statfs_t
	if err := syscall.Statfs(folder, &st); err == nil && (st.Type == overlayfsMagic || st.Type == tmpfsMagic) {
		return "native"
	}
	return "overlayfs"
}
