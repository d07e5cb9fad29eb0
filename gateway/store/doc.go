// Package store keeps objects (photos, results, manifests) and mints the
// signed URLs under which clients and workers reach them. gateway/upload,
// gateway/dispatch and the signed PUT of gateway/httpapi feed it;
// gateway/httpapi serves from it. Where the bytes lie is a Driver's matter.
package store
