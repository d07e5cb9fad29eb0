// Package photo makes photographs for tests: JPEG as a phone writes it, with
// a camera's EXIF, a place and an orientation, the same bytes for the same
// seed. The checks of whole programs send them.
package photo
