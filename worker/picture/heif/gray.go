package heif

// AsColour makes gray pictures say that they are 4:2:0, in place, so that a
// decoder converts them to that. libheif in WebAssembly writes past its memory
// where a gray picture has more than eight bits.
func AsColour(b []byte) {
	const (
		channels = 4  // in pixi, behind version and flags
		chroma   = 16 // in hvcC
	)
	left := maxBoxes
	var f file
	if !f.open(b, &left) {
		return
	}
	for _, p := range f.shared {
		switch {
		case p.kind == "pixi" && len(p.body) > channels && p.body[channels] == 1:
			copy(p.name, "skip")
		case p.kind == "hvcC" && len(p.body) > chroma && p.body[chroma]&3 == 0:
			p.body[chroma] |= 1
		}
	}
}
