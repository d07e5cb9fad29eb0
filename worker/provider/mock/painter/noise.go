package painter

// noise is a field of smooth randomness that one number determines.
type noise uint64

// hash gives 0…1 for a lattice point.
func (n noise) hash(x, y int32) float32 {
	v := uint64(n) ^ uint64(uint32(x))*0x9e3779b97f4a7c15 ^ uint64(uint32(y))*0xc2b2ae3d27d4eb4f
	v ^= v >> 31
	v *= 0xbf58476d1ce4e5b9
	v ^= v >> 29
	v *= 0x94d049bb133111eb
	v ^= v >> 32
	return float32(v>>40) / (1 << 24)
}

// with gives an independent field.
func (n noise) with(k uint64) noise { return noise((uint64(n) + k) * 0xd6e8feb86659fd93) }

// at is smooth noise, 0…1, with features of size one.
func (n noise) at(x, y float32) float32 {
	xi, yi := floor(x), floor(y)
	fx, fy := x-float32(xi), y-float32(yi)
	fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	a, b := n.hash(xi, yi), n.hash(xi+1, yi)
	c, d := n.hash(xi, yi+1), n.hash(xi+1, yi+1)
	return (a+(b-a)*fx)*(1-fy) + (c+(d-c)*fx)*fy
}

// fractal adds octaves, 0…1.
func (n noise) fractal(x, y float32, octaves int) float32 {
	var sum, weight float32
	amp := float32(1)
	for i := range octaves {
		sum += amp * n.with(uint64(i)).at(x, y)
		weight += amp
		amp /= 2
		x, y = x*2, y*2
	}
	return sum / weight
}

func floor(v float32) int32 {
	i := int32(v)
	if float32(i) > v {
		i--
	}
	return i
}

const tileSize = 256

// tile is fractal noise that repeats, so that surfaces cost one lookup a
// pixel. Values are centred on zero, about ±0.5.
type tile [tileSize * tileSize]float32

func newTile(n noise, scale int32) *tile {
	var t tile
	grid(tileSize, tileSize, func(x, y int) {
		t[y*tileSize+x] = n.periodic(float32(x)/tileSize, float32(y)/tileSize, scale) - 0.5
	})
	return &t
}

// periodic is fractal noise whose lattice repeats after the unit square; the
// first octave has scale features along each side.
func (n noise) periodic(x, y float32, scale int32) float32 {
	var sum, weight float32
	amp := float32(1)
	for i := range 4 {
		o := n.with(uint64(i))
		px, py := x*float32(scale), y*float32(scale)
		xi, yi := floor(px), floor(py)
		fx, fy := px-float32(xi), py-float32(yi)
		fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
		xn, yn := (xi+1)%scale, (yi+1)%scale
		top := o.hash(xi, yi)*(1-fx) + o.hash(xn, yi)*fx
		bottom := o.hash(xi, yn)*(1-fx) + o.hash(xn, yn)*fx
		sum += amp * (top*(1-fy) + bottom*fy)
		weight += amp
		amp /= 2
		scale *= 2
	}
	return sum / weight
}

func (t *tile) at(x, y int) float32 {
	return t[(y&(tileSize-1))*tileSize+x&(tileSize-1)]
}
