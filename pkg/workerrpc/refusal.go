package workerrpc

// Refused reports whether the code of a fault says that a worker never began
// an attempt, so that nothing can have reached a vendor.
func Refused(code string) bool {
	switch code {
	case CodeUnreachable, CodeTooLarge, CodeToken, "worker_busy", "worker_draining", "provider_unknown", "attempt_invalid":
		return true
	}
	return false
}
