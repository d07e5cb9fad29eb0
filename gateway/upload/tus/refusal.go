package tus

import "github.com/imgfleet/imgfleet/pkg/fault"

// refusal says what a code of tusd means here; nil when it only says that
// something failed.
func refusal(code string) error {
	switch code {
	case "ERR_UNSUPPORTED_VERSION":
		return fault.New(fault.Invalid, "tus_version_unsupported")
	case "ERR_NOT_IMPLEMENTED", "ERR_INVALID_CONCAT", "ERR_CONCATENATION_UNSUPPORTED":
		return fault.New(fault.Invalid, "tus_extension_unsupported")
	case "ERR_INVALID_CONTENT_TYPE":
		return fault.New(fault.Unsupported, "unsupported_media_type")
	case "ERR_INVALID_UPLOAD_LENGTH", "ERR_AMBIGUOUS_UPLOAD_LENGTH", "ERR_INVALID_UPLOAD_LENGTH_DEFER":
		return fault.New(fault.Invalid, "upload_length_invalid")
	case "ERR_INVALID_OFFSET":
		return fault.New(fault.Invalid, "upload_offset_invalid")
	case "ERR_MISMATCHED_OFFSET":
		return fault.New(fault.Conflict, "upload_offset_mismatch")
	case "ERR_UPLOAD_SIZE_EXCEEDED", "ERR_MAX_SIZE_EXCEEDED":
		return fault.New(fault.TooLarge, "upload_size_mismatch")
	case "ERR_UNEXPECTED_EOF", "ERR_READ_TIMEOUT", "ERR_CONNECTION_RESET":
		return fault.New(fault.Invalid, "body_incomplete")
	default:
		return nil
	}
}

func errNotFound() error { return fault.New(fault.NotFound, "upload_not_found") }
