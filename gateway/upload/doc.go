// Package upload takes a person's photo from declaration to "ready": limits
// and consent first, then exactly the declared bytes, then a worker's
// judgement and a normalised copy that no client can write. gateway/httpapi
// feeds it; gateway/intake makes tasks of what it gives.
package upload
