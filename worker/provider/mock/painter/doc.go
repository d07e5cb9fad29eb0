// Package painter paints pictures without a model: a person's photo in the
// colours and surface of a style, before a backdrop of a place. The mock
// driver gives it photos and catalogue entries and returns what it paints as
// a vendor's picture.
//
// A style names its texture and its frame, a place its backdrop: a new texture
// is a method of painter and a line in textures (texture.go), a new backdrop a
// method of pen and a line in backdrops (backdrop.go).
package painter
