// Package picturetest compares pictures as people see them and looks for what
// must not be in them. Tests of worker/picture and of what decodes for it use
// it.
package picturetest
