package tus

import "github.com/imgfleet/imgfleet/pkg/fault"

// refusal says what a code of tusd means here; nil when it only says that
// something failed.
func refusal(code string) error {
	switch code {
	case "ERR_UNSUPPORTED_VERSION":
		return fault.New(fault.TusVersionUnsupported)
	case "ERR_NOT_IMPLEMENTED", "ERR_INVALID_CONCAT", "ERR_CONCATENATION_UNSUPPORTED":
		return fault.New(fault.TusExtensionUnsupported)
	case "ERR_INVALID_CONTENT_TYPE":
		return fault.New(fault.UnsupportedMediaType).At("Content-Type", fault.FieldUnsupported, "must be application/offset+octet-stream")
	case "ERR_INVALID_UPLOAD_LENGTH", "ERR_AMBIGUOUS_UPLOAD_LENGTH", "ERR_INVALID_UPLOAD_LENGTH_DEFER":
		return fault.New(fault.UploadLengthInvalid)
	case "ERR_INVALID_OFFSET":
		return fault.New(fault.UploadOffsetInvalid)
	case "ERR_MISMATCHED_OFFSET":
		return fault.New(fault.UploadOffsetMismatch)
	case "ERR_UPLOAD_SIZE_EXCEEDED", "ERR_MAX_SIZE_EXCEEDED":
		return fault.New(fault.UploadTooLarge)
	case "ERR_UNEXPECTED_EOF", "ERR_READ_TIMEOUT", "ERR_CONNECTION_RESET":
		return fault.New(fault.BodyIncomplete)
	default:
		return nil
	}
}
