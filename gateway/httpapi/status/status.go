// Package status says which HTTP status a failure has, for the public API and
// for the admin API. Nothing else knows statuses of failures.
package status

import (
	"net/http"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// ChecksumMismatch is the tus protocol's own.
const ChecksumMismatch = 460

var ofKind = [...]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unprocessable:   http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Gone:            http.StatusGone,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Challenge:       http.StatusPreconditionRequired,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Timeout:         http.StatusServiceUnavailable, // with Retry-After, like all that is away
	fault.Canceled:        http.StatusServiceUnavailable,
}

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
	case fault.TaskExpired:
		return http.StatusGatewayTimeout
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
	return ofKind[k]
}
