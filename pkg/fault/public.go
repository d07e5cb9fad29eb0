package fault

// The codes that clients may see, by kind. A new one is a constant here, its
// row in public below, a sentence in gateway/httpapi/sentences.json, and its
// name in gateway/httpapi/openapi.json.
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
	PreconditionFailed      Code = "precondition_failed"
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
	ChecksumMismatch      Code = "checksum_mismatch"
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
	OriginNotAllowed    Code = "origin_not_allowed"
	SignatureExpired    Code = "signature_expired"
	SignatureInvalid    Code = "signature_invalid"

	// NotFound.
	RouteNotFound  Code = "not_found"
	ObjectNotFound Code = "object_not_found"
	TaskNotFound   Code = "task_not_found"
	TicketExpired  Code = "ticket_expired"
	UploadNotFound Code = "upload_not_found"

	// Gone.
	CampaignOver  Code = "campaign_over"
	UploadExpired Code = "upload_expired"

	// Conflict.
	CampaignNotOpen       Code = "campaign_not_open"
	TaskDeleted           Code = "task_deleted"
	TaskFinished          Code = "task_finished"
	TaskNotFinished       Code = "task_not_finished"
	UploadAlreadyComplete Code = "upload_already_complete"
	UploadIncomplete      Code = "upload_incomplete"
	UploadInterrupted     Code = "upload_interrupted"
	UploadLocked          Code = "upload_locked"
	UploadNotReady        Code = "upload_not_ready"
	UploadOffsetMismatch  Code = "upload_offset_mismatch"
	UploadStalled         Code = "upload_stalled"

	// TooLarge.
	BodyTooLarge      Code = "body_too_large"
	HeaderTooLarge    Code = "header_too_large"
	ObjectTooLarge    Code = "object_too_large"
	PhotoHEICTooLarge Code = "photo_heic_too_large"
	PhotoTooLarge     Code = "photo_too_large"
	TooManyPixels     Code = "too_many_pixels"
	UploadTooLarge    Code = "upload_too_large"

	// Unsupported.
	MediaTypeUnsupported       Code = "media_type_unsupported"
	TypeUnsupported            Code = "type_unsupported"
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
	GatewayStopping    Code = "gateway_stopping"
	GenerationFailed   Code = "generation_failed"
	IntakePaused       Code = "intake_paused"
	NoWorkers          Code = "no_workers"
	NotReady           Code = "not_ready"
	ProviderUnknown    Code = "provider_unknown"
	QueueFull          Code = "queue_full"
	StorageFull        Code = "storage_full"
	StorageUnavailable Code = "storage_unavailable"
	StoreUnavailable   Code = "store_unavailable"
	WorkerBusy         Code = "worker_busy"

	// Timeout.
	BodyTimeout      Code = "body_timeout"
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
func public(c Code) (k Kind, known bool) {
	switch c {
	case AmbiguousLength, BodyIncomplete, ChunkChecksumInvalid, CursorInvalid, IdempotencyKeyInvalid, InvalidJSON,
		InvalidQuery, InvalidRequest, LengthRequired, MalformedRequest, MethodNotAllowed, PreconditionFailed,
		RangeNotSatisfiable, TusExtensionUnsupported, TusVersionUnsupported, UpgradeRequired, UploadLengthInvalid,
		UploadMetadataInvalid, UploadOffsetInvalid, UploadSizeMismatch:
		return Invalid, true
	case CampaignUnknown, ChecksumMismatch, ChunkChecksumMismatch, ConsentRequired, ContentRefused, IdempotencyMismatch,
		LinkCodeInvalid, NoteRefused, OptionsInvalid, PhotoBroken, PhotoRatio, PhotoTooDemanding, PhotoTooSmall,
		PictureRefused, PlaceUnknown, RatingInvalid, SHA256Mismatch, StyleUnknown:
		return Unprocessable, true
	case SessionErased, TicketInvalid, TokenExpired, TokenInvalid, TokenMissing:
		return Unauthenticated, true
	case ContentTypeMismatch, OriginNotAllowed, SignatureExpired, SignatureInvalid:
		return Forbidden, true
	case RouteNotFound, ObjectNotFound, TaskNotFound, TicketExpired, UploadNotFound:
		return NotFound, true
	case CampaignOver, UploadExpired:
		return Gone, true
	case CampaignNotOpen, TaskDeleted, TaskFinished, TaskNotFinished, UploadAlreadyComplete, UploadIncomplete,
		UploadInterrupted, UploadLocked, UploadNotReady, UploadOffsetMismatch, UploadStalled:
		return Conflict, true
	case BodyTooLarge, HeaderTooLarge, ObjectTooLarge, PhotoHEICTooLarge, PhotoTooLarge, TooManyPixels, UploadTooLarge:
		return TooLarge, true
	case MediaTypeUnsupported, TypeUnsupported, UnsupportedContentEncoding, UnsupportedMediaType:
		return Unsupported, true
	case QuotaExceeded, RateLimited, TooManyActive, TooManyStreams, UploadQuotaExceeded:
		return Limited, true
	case ChallengeRequired:
		return Challenge, true
	case BudgetExhausted, CampaignFull, CampaignSpent, EngineUnavailable, GatewayStopping, GenerationFailed,
		IntakePaused, NoWorkers, NotReady, ProviderUnknown, QueueFull, StorageFull, StorageUnavailable,
		StoreUnavailable, WorkerBusy:
		return Unavailable, true
	case BodyTimeout, DeadlineExceeded, EngineTimeout, RequestTimeout, TaskExpired:
		return Timeout, true
	case RequestCanceled:
		return Canceled, true
	case InternalError:
		return Internal, true
	}
	return Internal, false
}
