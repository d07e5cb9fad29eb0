// Package generate runs one attempt at one provider, from the photo's URL to
// the labelled picture's: fetch, prompt, provider, moderation, label, store,
// and the manifest last. pkg/workerrpc feeds it calls of gateways; it feeds
// the object store through the signed URLs that each call brings, and speaks
// to no other address.
//
// An attempt belongs to the worker, not to the stream that asked for it: it
// goes on when the stream is lost, and a second call attaches to it or gets
// its outcome.
package generate
