package httpapi

import "github.com/imgfleet/imgfleet/pkg/fault"

const maxKeyBytes = 255

// idempotencyKey reads Idempotency-Key, "" when there is none.
func (c *call) idempotencyKey() (string, error) {
	if c.headerCount("Idempotency-Key") > 1 {
		return "", fault.New(fault.IdempotencyKeyInvalid).At("Idempotency-Key", fault.FieldRepeated, "send the header once")
	}
	key := c.header("Idempotency-Key")
	if len(key) > maxKeyBytes {
		return "", fault.New(fault.IdempotencyKeyInvalid).At("Idempotency-Key", fault.FieldTooLong, "at most 255 characters")
	}
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return "", fault.New(fault.IdempotencyKeyInvalid).At("Idempotency-Key", fault.FieldMalformed, "visible ASCII only")
		}
	}
	return key, nil
}
