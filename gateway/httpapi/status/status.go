// Package status says which HTTP status a failure has, for the public API and
// for the admin API. Nothing else knows statuses of failures.
package status

import (
	"net/http"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// ChecksumMismatch is the tus protocol's own.
const ChecksumMismatch = 460

// Of maps what a failure is to what HTTP calls it. A few codes have a status
// of their own; the others have that of their kind.
func Of(k fault.Kind, code fault.Code) int {
	switch code {
	case fault.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case fault.LengthRequired:
		return http.StatusLengthRequired
	case fault.RangeNotSatisfiable:
		return http.StatusRequestedRangeNotSatisfiable
	case fault.HeaderTooLarge:
		return http.StatusRequestHeaderFieldsTooLarge
	case fault.RequestTimeout:
		return http.StatusRequestTimeout
	case fault.UpgradeRequired:
		return http.StatusUpgradeRequired
	case fault.TusVersionUnsupported, fault.PreconditionFailed:
		return http.StatusPreconditionFailed
	case fault.UploadLocked:
		return http.StatusLocked
	case fault.ChunkChecksumMismatch:
		return ChecksumMismatch
	}
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unprocessable:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Gone:
		return http.StatusGone
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Challenge:
		return http.StatusPreconditionRequired
	case fault.Unavailable, fault.Canceled:
		return http.StatusServiceUnavailable
	case fault.Timeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}
