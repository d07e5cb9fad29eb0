package painter

import (
	"fmt"
	"strconv"
	"strings"
)

// rgb is a colour with room for arithmetic, 0…255 a channel.
type rgb struct{ r, g, b float32 }

// parseColour reads "#rrggbb".
func parseColour(s string) (rgb, error) {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return rgb{}, fmt.Errorf("colour %q is not #rrggbb", s)
	}
	return rgb{float32(v >> 16), float32(v >> 8 & 255), float32(v & 255)}, nil
}

func (c rgb) mix(d rgb, t float32) rgb {
	return rgb{c.r + (d.r-c.r)*t, c.g + (d.g-c.g)*t, c.b + (d.b-c.b)*t}
}

func (c rgb) scale(f float32) rgb { return rgb{c.r * f, c.g * f, c.b * f} }

func (c rgb) add(d rgb, f float32) rgb { return rgb{c.r + d.r*f, c.g + d.g*f, c.b + d.b*f} }

func (c rgb) luma() float32 { return 0.299*c.r + 0.587*c.g + 0.114*c.b }

// saturate moves colours away from their grey, f > 1, or towards it.
func (c rgb) saturate(f float32) rgb {
	l := c.luma()
	return rgb{l + (c.r-l)*f, l + (c.g-l)*f, l + (c.b-l)*f}
}

// distance is a cheap perceptual one.
func (c rgb) distance(d rgb) float32 {
	r, g, b := c.r-d.r, c.g-d.g, c.b-d.b
	return 2*r*r + 4*g*g + 3*b*b
}

// palette is a run of colours from dark to light.
type palette []rgb

// parsePalette reads a catalogue palette. One with fewer than two colours
// becomes a grey ramp: an entry that is all words can still be painted.
func parsePalette(list []string) (palette, error) {
	p := make(palette, 0, len(list))
	for _, s := range list {
		c, err := parseColour(s)
		if err != nil {
			return nil, err
		}
		p = append(p, c)
	}
	if len(p) < 2 {
		p = palette{{20, 20, 24}, {128, 128, 130}, {244, 242, 238}}
	}
	return p, nil
}

// at picks a colour at t, 0 dark … 1 light.
func (p palette) at(t float32) rgb {
	f := max(0, min(t, 1)) * float32(len(p)-1)
	i := min(int(f), len(p)-2)
	return p[i].mix(p[i+1], f-float32(i))
}

// dark, deep, mid, warm and light are the five steps that painters name.
func (p palette) dark() rgb  { return p.at(0) }
func (p palette) deep() rgb  { return p.at(0.25) }
func (p palette) mid() rgb   { return p.at(0.5) }
func (p palette) warm() rgb  { return p.at(0.75) }
func (p palette) light() rgb { return p.at(1) }

// ramp is the palette by luma, as a table.
func (p palette) ramp() [256]rgb {
	var out [256]rgb
	for i := range out {
		out[i] = p.at(float32(i) / 255)
	}
	return out
}

func smooth(lo, hi, v float32) float32 {
	t := max(0, min((v-lo)/(hi-lo), 1))
	return t * t * (3 - 2*t)
}
