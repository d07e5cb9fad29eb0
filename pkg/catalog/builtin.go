package catalog

import (
	_ "embed"
	"fmt"
)

//go:embed catalog.json
var builtinJSON []byte

// Builtin is the catalogue that a fresh installation starts with; the
// operator state replaces it as a whole. Each call returns a copy.
func Builtin() *Document {
	d, err := Parse(builtinJSON)
	if err != nil {
		panic(fmt.Sprintf("catalog.json of this build: %v", err)) // a test stands between this and a release
	}
	return d
}

// Textures are the surfaces that a style may name; the mock paints each.
func Textures() []string {
	return []string{"ink", "brush", "pixel", "halftone", "glow", "paper", "grain", "facet", "clay", "wash"}
}

// Backdrops are the scenes that a place may name; the mock paints each.
func Backdrops() []string {
	return []string{
		"skyline", "lake", "wall", "palace", "desert", "karst", "oldtown", "peaks", "street", "beach", "plateau", "ice", "station", "moon",
	}
}
