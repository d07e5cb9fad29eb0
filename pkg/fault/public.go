package fault

// The codes that clients may see, by kind. To add one:
//   - its constant here, in the block of its kind
//   - its name in a row of public, below
//   - its sentence in gateway/httpapi/sentences.json
//   - its name in gateway/httpapi/openapi.json, then make generate
//
// Tests say what was forgotten. Its HTTP status follows from its kind; the few
// exceptions are in gateway/httpapi/status.
const (
	// Invalid.
	AmbiguousLength         Code = "ambiguous_length"
	BodyIncomplete          Code = "body_incomplete"
	ChunkChecksumInvalid    Code = "chunk_checksum_invalid"
	CursorInvalid           Code = "cursor_invalid"
	IdempotencyKeyInvalid   Code = "idempotency_key_invalid"
	InvalidJSON             Code = "invalid_json"
	InvalidQuery            Code = "invalid_query"
	InvalidRequest          Code = "invalid_request"
	LengthRequired          Code = "length_required"
	MalformedRequest        Code = "malformed_request"
	MethodNotAllowed        Code = "method_not_allowed"
	RangeNotSatisfiable     Code = "range_not_satisfiable"
	TusExtensionUnsupported Code = "tus_extension_unsupported"
	TusVersionUnsupported   Code = "tus_version_unsupported"
	UpgradeRequired         Code = "upgrade_required"
	UploadLengthInvalid     Code = "upload_length_invalid"
	UploadMetadataInvalid   Code = "upload_metadata_invalid"
	UploadOffsetInvalid     Code = "upload_offset_invalid"
	UploadSizeMismatch      Code = "upload_size_mismatch"

	// Unprocessable.
	CampaignUnknown       Code = "campaign_unknown"
	ChunkChecksumMismatch Code = "chunk_checksum_mismatch"
	ConsentRequired       Code = "consent_required"
	ContentRefused        Code = "content_refused"
	IdempotencyMismatch   Code = "idempotency_mismatch"
	LinkCodeInvalid       Code = "link_code_invalid"
	NoteRefused           Code = "note_refused"
	OptionsInvalid        Code = "options_invalid"
	PhotoBroken           Code = "photo_broken"
	PhotoRatio            Code = "photo_ratio"
	PhotoTooDemanding     Code = "photo_too_demanding"
	PhotoTooSmall         Code = "photo_too_small"
	PictureRefused        Code = "picture_refused"
	PlaceUnknown          Code = "place_unknown"
	RatingInvalid         Code = "rating_invalid"
	SHA256Mismatch        Code = "sha256_mismatch"
	StyleUnknown          Code = "style_unknown"

	// Unauthenticated.
	SessionErased Code = "session_erased"
	TicketInvalid Code = "ticket_invalid"
	TokenExpired  Code = "token_expired"
	TokenInvalid  Code = "token_invalid"
	TokenMissing  Code = "token_missing"

	// Forbidden.
	ContentTypeMismatch Code = "content_type_mismatch"
	OriginRefused       Code = "origin_refused"
	SignatureExpired    Code = "signature_expired"
	SignatureInvalid    Code = "signature_invalid"

	// NotFound.
	NothingHere    Code = "not_found"
	ObjectNotFound Code = "object_not_found"
	TaskNotFound   Code = "task_not_found"
	TicketExpired  Code = "ticket_expired"
	UploadNotFound Code = "upload_not_found"

	// Gone.
	CampaignOver  Code = "campaign_over"
	UploadExpired Code = "upload_expired"

	// Conflict.
	CampaignNotOpen       Code = "campaign_not_open"
	PreconditionFailed    Code = "precondition_failed"
	RevisionConflict      Code = "revision_conflict"
	TaskDeleted           Code = "task_deleted"
	TaskFinished          Code = "task_finished"
	TaskNotFinished       Code = "task_not_finished"
	UploadAlreadyComplete Code = "upload_already_complete"
	UploadIncomplete      Code = "upload_incomplete"
	UploadLocked          Code = "upload_locked"
	UploadNotReady        Code = "upload_not_ready"
	UploadOffsetMismatch  Code = "upload_offset_mismatch"
	UploadStalled         Code = "upload_stalled"
	UploadSuperseded      Code = "upload_superseded"

	// TooLarge.
	BodyTooLarge      Code = "body_too_large"
	HeaderTooLarge    Code = "header_too_large"
	PhotoHEICTooLarge Code = "photo_heic_too_large"
	TooManyPixels     Code = "too_many_pixels"
	UploadTooLarge    Code = "upload_too_large"

	// Unsupported.
	UnsupportedContentEncoding Code = "unsupported_content_encoding"
	UnsupportedMediaType       Code = "unsupported_media_type"

	// Limited.
	QuotaExceeded       Code = "quota_exceeded"
	RateLimited         Code = "rate_limited"
	TooManyActive       Code = "too_many_active"
	TooManyStreams      Code = "too_many_streams"
	UploadQuotaExceeded Code = "upload_quota_exceeded"

	// Challenge.
	ChallengeRequired Code = "challenge_required"

	// Unavailable.
	BudgetExhausted    Code = "budget_exhausted"
	CampaignFull       Code = "campaign_full"
	CampaignSpent      Code = "campaign_spent"
	EngineUnavailable  Code = "engine_unavailable"
	GatewayFull        Code = "gateway_full"
	GatewayStopping    Code = "gateway_stopping"
	GenerationFailed   Code = "generation_failed"
	IntakePaused       Code = "intake_paused"
	NoWorkers          Code = "no_workers"
	ProviderUnknown    Code = "provider_unknown"
	QueueFull          Code = "queue_full"
	StorageFull        Code = "storage_full"
	StorageUnavailable Code = "storage_unavailable"
	WorkerBusy         Code = "worker_busy"

	// Timeout.
	DeadlineExceeded Code = "deadline_exceeded"
	EngineTimeout    Code = "engine_timeout"
	RequestTimeout   Code = "request_timeout"
	TaskExpired      Code = "task_expired"

	// Canceled.
	RequestCanceled Code = "canceled"

	// Internal.
	InternalError Code = "internal"
)

// public is the table of the codes above.
func public(c Code) (r row, known bool) {
	switch c {
	case AmbiguousLength, ChunkChecksumInvalid, CursorInvalid, IdempotencyKeyInvalid, InvalidJSON,
		InvalidQuery, InvalidRequest, LengthRequired, MalformedRequest, MethodNotAllowed, RangeNotSatisfiable,
		TusExtensionUnsupported, TusVersionUnsupported, UpgradeRequired, UploadLengthInvalid, UploadMetadataInvalid,
		UploadOffsetInvalid, UploadSizeMismatch:
		return row{Invalid, final}, true
	case BodyIncomplete:
		return row{Invalid, again}, true
	case CampaignUnknown, ConsentRequired, ContentRefused, IdempotencyMismatch, LinkCodeInvalid,
		NoteRefused, OptionsInvalid, PhotoBroken, PhotoRatio, PhotoTooDemanding, PhotoTooSmall, PictureRefused,
		PlaceUnknown, RatingInvalid, SHA256Mismatch, StyleUnknown:
		return row{Unprocessable, final}, true
	case ChunkChecksumMismatch:
		return row{Unprocessable, again}, true
	case SessionErased, TicketInvalid, TokenExpired, TokenInvalid, TokenMissing:
		return row{Unauthenticated, final}, true
	case ContentTypeMismatch, OriginRefused, SignatureExpired, SignatureInvalid:
		return row{Forbidden, final}, true
	case NothingHere, ObjectNotFound, TaskNotFound, TicketExpired, UploadNotFound:
		return row{NotFound, final}, true
	case CampaignOver, UploadExpired:
		return row{Gone, final}, true
	case CampaignNotOpen, PreconditionFailed, TaskDeleted, TaskFinished, TaskNotFinished,
		UploadAlreadyComplete, UploadIncomplete, UploadNotReady, UploadOffsetMismatch, UploadStalled,
		UploadSuperseded:
		return row{Conflict, final}, true
	case RevisionConflict, UploadLocked:
		return row{Conflict, again}, true
	case BodyTooLarge, HeaderTooLarge, PhotoHEICTooLarge, TooManyPixels, UploadTooLarge:
		return row{TooLarge, final}, true
	case UnsupportedContentEncoding, UnsupportedMediaType:
		return row{Unsupported, final}, true
	case QuotaExceeded, RateLimited, TooManyActive, TooManyStreams, UploadQuotaExceeded:
		return row{Limited, again}, true
	case ChallengeRequired:
		return row{Challenge, again}, true
	case BudgetExhausted, CampaignFull, CampaignSpent, EngineUnavailable, GatewayFull, GatewayStopping, GenerationFailed,
		IntakePaused, NoWorkers, ProviderUnknown, QueueFull, StorageFull, StorageUnavailable, WorkerBusy:
		return row{Unavailable, again}, true
	case DeadlineExceeded, EngineTimeout, RequestTimeout, TaskExpired:
		return row{Timeout, again}, true
	case RequestCanceled:
		return row{Canceled, again}, true
	case InternalError:
		return row{Internal, final}, true
	}
	return row{}, false
}

// What may be wrong with a field of any request.
const (
	FieldRequired      FieldCode = "required"
	FieldWrongType     FieldCode = "wrong_type"
	FieldUnknownField  FieldCode = "unknown_field" // nothing reads a field of this name
	FieldUnknown       FieldCode = "unknown"       // it names what does not exist
	FieldUnsupported   FieldCode = "unsupported"
	FieldMalformed     FieldCode = "malformed"
	FieldOutOfRange    FieldCode = "out_of_range"
	FieldTooLong       FieldCode = "too_long"
	FieldRepeated      FieldCode = "repeated" // it may be sent once
	FieldSyntax        FieldCode = "syntax"
	FieldInvalidUTF8   FieldCode = "invalid_utf8"
	FieldDuplicateKey  FieldCode = "duplicate_key"
	FieldTooDeep       FieldCode = "too_deep"
	FieldTooManyValues FieldCode = "too_many_values"
)
