package report

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

const (
	plotWidth  = 680
	plotHeight = 260
	margin     = 46
	rowHeight  = 24
	labelWidth = 250
)

// palette is told apart by people with any colour vision.
func palette(i int) string {
	return []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"}[i%6]
}

// dots draws the rounds of all rows of one unit on a common scale from zero:
// a dot a round, a bar to the median, a line at the goal.
func dots(rows []Row) string {
	scale := 0.0
	for _, r := range rows {
		scale = max(scale, slices.Max(r.Rounds), r.Goal.Bound)
	}
	if scale <= 0 {
		return ""
	}
	x := func(v float64) float64 { return labelWidth + v/scale*(plotWidth-labelWidth-70) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img">`, plotWidth, len(rows)*rowHeight+8)
	for i, r := range rows {
		y := float64(i*rowHeight) + 16
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`, labelWidth-8, y+4, html.EscapeString(r.Name))
		fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%.1f" height="10" fill="%s" opacity=".35"/>`, labelWidth, y-5, x(r.Median)-labelWidth, palette(0))
		for _, v := range r.Rounds {
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x(v), y, palette(0))
		}
		if r.Goal.Sense != "" {
			fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="2"/>`, x(r.Goal.Bound), x(r.Goal.Bound), y-9, y+9, palette(1))
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f">%s %s</text>`, x(max(r.Median, slices.Max(r.Rounds)))+7, y+4, number(r.Median), html.EscapeString(r.Unit))
	}
	return b.String() + `</svg>`
}

// curves draws times against the share of samples that took longer, both on
// logarithmic scales: a tail is as visible as the middle.
func curves(cs []Curve) string {
	low, high := math.Inf(1), 0.0
	for _, c := range cs {
		for _, p := range c.Points {
			if p.MS > 0 {
				low = min(low, p.MS)
			}
			high = max(high, p.MS)
		}
	}
	if high <= 0 {
		return ""
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if top == bottom {
		top++
	}
	x := func(q float64) float64 {
		return margin + -math.Log10(max(1-q, 0.0005))/3.3*(plotWidth-2*margin)
	}
	y := func(ms float64) float64 {
		return plotHeight - 30 - (math.Log10(max(ms, low))-bottom)/(top-bottom)*(plotHeight-50)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img">`, plotWidth, plotHeight+len(cs)*16)
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999} {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="20" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">p%g</text>`,
			x(q), x(q), plotHeight-30, x(q), plotHeight-14, q*100)
	}
	for e := bottom; e <= top; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%g ms</text>`,
			margin, plotWidth-margin, y(v), y(v), margin-4, y(v)+4, v)
	}
	for i, c := range cs {
		var points strings.Builder
		for _, p := range c.Points {
			fmt.Fprintf(&points, "%.1f,%.1f ", x(p.Q), y(p.MS))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.6"/>`, points.String(), palette(i))
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">■ %s</text>`, margin, plotHeight+4+i*16, palette(i), html.EscapeString(c.Name))
	}
	return b.String() + `</svg>`
}
