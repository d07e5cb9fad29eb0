package fault

// FieldCode says what is wrong with one field of a request: stable
// snake_case.
type FieldCode string

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

// What may be wrong with a field of the admin API, beside the above.
const (
	FieldInvalid      FieldCode = "invalid"
	FieldConflict     FieldCode = "conflict"
	FieldTooMany      FieldCode = "too_many"
	FieldUnknownLimit FieldCode = "unknown_limit"
	FieldDisabled     FieldCode = "disabled"
	FieldIdle         FieldCode = "idle"
	FieldMock         FieldCode = "mock"
	FieldOtherModel   FieldCode = "other_model"
)
