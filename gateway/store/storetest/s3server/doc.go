// Package s3server starts a real S3-compatible server for tests: the driver of
// gateway/store/obs is asked what it promises against it, and whole fleets
// keep their pictures in it.
package s3server
