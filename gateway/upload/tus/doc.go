// Package tus takes photos over networks that drop: resumable uploads by the
// tus 1.0 protocol. tusd's own handler speaks it; what it works on is ours: a
// session creates, a signed Location lets anybody who has it go on, the bytes
// lie in gateway/upload/partial, and the last one makes an ordinary upload of
// gateway/upload. gateway/httpapi feeds it.
package tus
