package operator

// Patch is a JSON merge patch (RFC 7396) of a document that operators change:
// it holds the fields that shall differ, by their JSON names, and null takes a
// field away.
type Patch map[string]any
