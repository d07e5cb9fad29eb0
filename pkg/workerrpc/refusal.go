package workerrpc

import "github.com/imgfleet/imgfleet/pkg/fault"

// Codes of an outcome whose fault lies on our side of a call. They say nothing
// about the vendor, and no more does a refusal.
const (
	StreamLost       = "stream_lost"       // the gateway lost the call, and nobody knows how it ended
	PhotoUnreachable = "photo_unreachable" // the worker could not fetch the photo
	PhotoGone        = "photo_gone"        // it is not in the store any more
	StoreFailed      = "store_failed"      // the picture is painted, and the store did not take it
)

// Refused reports whether a code says that no worker began the attempt, so
// that nothing can have reached a vendor. It is the code of a call's fault or
// of an attempt that was recorded, perhaps by an older release.
func Refused(code fault.Code) bool {
	switch current(code) {
	case fault.WorkerUnreachable, fault.MessageTooLarge, fault.FleetTokenInvalid, fault.WorkerBusy, fault.ProviderNotServed, fault.AttemptInvalid:
		return true
	}
	return false
}

// current translates the codes that workers of older releases send.
func current(code fault.Code) fault.Code {
	switch code {
	case "provider_unknown":
		return fault.ProviderNotServed
	case "worker_draining":
		return fault.WorkerBusy
	case "store_unavailable":
		return fault.StorageUnavailable
	case "photo_too_large":
		return fault.UploadTooLarge
	case "media_type_unsupported":
		return fault.UnsupportedMediaType
	}
	return code
}
