// Package erasure removes what a person asks to be removed, everywhere it
// lies, and gives a receipt. gateway/httpapi and gateway/admin ask; it works
// through gateway/queue, gateway/upload, gateway/session, gateway/quota,
// gateway/intake and gateway/store.
package erasure
