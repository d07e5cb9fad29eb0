package httpapi

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// showPreview paints a small swatch of a style or place from its palette.
func (s *Server) showPreview(_ context.Context, c *call) error {
	doc := s.deps.Policy.Catalog()
	var palette []string
	var found bool
	switch id := c.param("id"); c.param("kind") {
	case "styles":
		e, ok := doc.Style(id)
		palette, found = e.Palette, ok
	case "places":
		e, ok := doc.Place(id)
		palette, found = e.Palette, ok
	}
	if !found {
		return nothingHere(context.Background(), c)
	}
	c.set("Cache-Control", "public, max-age=3600")
	c.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	if c.unchanged(strconv.Quote("p" + strconv.Itoa(doc.Version))) {
		return nil
	}
	c.raw(http.StatusOK, "image/svg+xml", swatch(c.param("kind"), c.param("id"), palette))
	return nil
}

// swatch draws layered hills for a place and loose strokes for a style.
func swatch(kind, id string, palette []string) []byte {
	var good []string
	for _, p := range palette {
		if colour.MatchString(p) {
			good = append(good, p)
		}
	}
	if len(good) == 0 {
		good = []string{"#8899aa"}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	seed := h.Sum32()
	next := func(n uint32) int { seed = seed*1664525 + 1013904223; return int((seed >> 8) % n) }
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" preserveAspectRatio="xMidYMid slice">`)
	fmt.Fprintf(&b, `<rect width="120" height="120" fill="%s"/>`, good[len(good)-1])
	for i := len(good) - 2; i >= 0; i-- {
		if kind == "places" {
			y := 40 + (len(good)-1-i)*70/len(good)
			fmt.Fprintf(&b, `<path d="M0 %d Q %d %d 60 %d T 120 %d V 120 H 0 Z" fill="%s" opacity=".9"/>`,
				y, 15+next(30), y-24+next(12), y-4+next(10), y-6+next(14), good[i])
			continue
		}
		for range 2 {
			fmt.Fprintf(&b, `<path d="M%d %d Q %d %d %d %d" stroke="%s" stroke-width="%d" stroke-linecap="round" fill="none" opacity=".85"/>`,
				next(120)-10, next(120), next(120), next(120), next(140)-10, next(120), good[i], 7+next(17))
		}
	}
	b.WriteString(`</svg>`)
	return []byte(b.String())
}
