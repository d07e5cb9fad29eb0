// Package upload takes a person's photo from declaration to "ready": it checks
// limits and consent, takes exactly the declared bytes, and has a worker inspect
// them and write a normalised copy that no client can change. gateway/httpapi
// feeds it; gateway/intake makes tasks of ready uploads.
package upload
