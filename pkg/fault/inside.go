package fault

// The codes that stay between gateway and worker, or in logs. A client never
// sees them.
const (
	// Invalid.
	AttemptInvalid    Code = "attempt_invalid"
	CDNRefused        Code = "cdn_refused"
	HeartbeatInvalid  Code = "heartbeat_invalid"
	SecretExposed     Code = "secret_exposed"
	SecretMissing     Code = "secret_missing"
	SecretUnsupported Code = "secret_unsupported"
	WordsFileInvalid  Code = "words_file_invalid"

	// Unauthenticated.
	FleetTokenInvalid Code = "fleet_token_invalid"

	// Forbidden.
	CDNForbidden Code = "cdn_forbidden"

	// NotFound.
	AttemptUnknown    Code = "attempt_unknown"
	ProviderNotServed Code = "provider_not_served"

	// Conflict.
	Deposed Code = "deposed"

	// Limited.
	CDNThrottled Code = "cdn_throttled"

	// TooLarge.
	MessageTooLarge Code = "message_too_large"

	// Unavailable.
	CDNUnavailable    Code = "cdn_unavailable"
	DecoderLost       Code = "decoder_lost" // the machine ended it, or gave it no time
	WorkerLost        Code = "worker_lost"
	WorkerSilent      Code = "worker_silent"
	WorkerUnreachable Code = "worker_unreachable"

	// Internal.
	KeysDamaged      Code = "keys_damaged"
	KeysMissing      Code = "keys_missing"
	ObjectKeyInvalid Code = "object_key_invalid"
)

// inside is the table of the codes above.
func inside(c Code) (r row, known bool) {
	switch c {
	case AttemptInvalid, CDNRefused, HeartbeatInvalid, SecretExposed, SecretMissing, SecretUnsupported, WordsFileInvalid:
		return row{Invalid, final}, true
	case FleetTokenInvalid:
		return row{Unauthenticated, final}, true
	case CDNForbidden:
		return row{Forbidden, final}, true
	case AttemptUnknown, ProviderNotServed:
		return row{NotFound, final}, true
	case Deposed:
		return row{Conflict, final}, true
	case CDNThrottled:
		return row{Limited, again}, true
	case MessageTooLarge:
		return row{TooLarge, final}, true
	case CDNUnavailable, DecoderLost, WorkerLost, WorkerSilent, WorkerUnreachable:
		return row{Unavailable, again}, true
	case KeysDamaged, KeysMissing, ObjectKeyInvalid:
		return row{Internal, final}, true
	}
	return row{}, false
}
