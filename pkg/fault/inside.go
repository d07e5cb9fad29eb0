package fault

// The codes that stay within the house: between gateway and worker, or in
// logs.
const (
	// Invalid.
	AttemptInvalid    Code = "attempt_invalid"
	CDNRefused        Code = "cdn_refused"
	HeartbeatInvalid  Code = "heartbeat_invalid"
	SecretMissing     Code = "secret_missing"
	SecretUnsupported Code = "secret_unsupported"

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
	WorkerLost        Code = "worker_lost"
	WorkerSilent      Code = "worker_silent"
	WorkerUnreachable Code = "worker_unreachable"

	// Internal.
	KeysDamaged      Code = "keys_damaged"
	KeysMissing      Code = "keys_missing"
	ObjectKeyInvalid Code = "object_key_invalid"
)

// inside is the table of the codes above.
func inside(c Code) (k Kind, known bool) {
	switch c {
	case AttemptInvalid, CDNRefused, HeartbeatInvalid, SecretMissing, SecretUnsupported:
		return Invalid, true
	case FleetTokenInvalid:
		return Unauthenticated, true
	case CDNForbidden:
		return Forbidden, true
	case AttemptUnknown, ProviderNotServed:
		return NotFound, true
	case Deposed:
		return Conflict, true
	case CDNThrottled:
		return Limited, true
	case MessageTooLarge:
		return TooLarge, true
	case CDNUnavailable, WorkerLost, WorkerSilent, WorkerUnreachable:
		return Unavailable, true
	case KeysDamaged, KeysMissing, ObjectKeyInvalid:
		return Internal, true
	}
	return Internal, false
}
