package sandbox

import "golang.org/x/sys/unix"

// native is the processor that this program is for.
const native = unix.AUDIT_ARCH_AARCH64
