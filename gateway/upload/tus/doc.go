// Package tus takes photos over connections that break: resumable uploads by the
// tus 1.0 protocol. The protocol is spoken by tusd's handler, the storage behind
// it is ours. A session creates an upload; a signed Location lets whoever has it
// go on; the bytes lie in gateway/upload/partial; the last byte makes an ordinary
// upload of gateway/upload. gateway/httpapi feeds it.
package tus
