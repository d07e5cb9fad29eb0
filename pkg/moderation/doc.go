// Package moderation judges what people write and what pictures show.
// gateway/intake feeds it the free text of a request before anything is paid;
// worker/generate feeds it uploads and results. Text is judged here, by
// rules; pictures need a service, and the local kind, which has none, lets
// every picture pass and says so at start.
package moderation
