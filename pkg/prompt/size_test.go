package prompt

import (
	"fmt"
	"math"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestSizesAreSpelledAsTheModelWants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model, aspect, resolution, want string
		photo                           [2]int
	}{
		{"seedream-4.0", "", "", "1776x2368", [2]int{1536, 2048}},
		{"seedream-4.0", "1:1", "1k", "1024x1024", [2]int{}},
		{"seedream-4.0", "", "1k", "1K", [2]int{}},
		{"seedream-4.0", "original", "2k", "2K", [2]int{}},
		{"seedream-4.5", "1:1", "1k", "1920x1920", [2]int{}},
		{"seedream-4.5", "", "1k", "2K", [2]int{}},
		{"wan2.5-i2i-preview", "1:1", "2k", "1280*1280", [2]int{}},
		{"wan2.5-i2i-preview", "", "", "1112*1472", [2]int{3000, 4000}},
		{"wan2.7-image", "16:9", "1k", "1368*768", [2]int{}},
		{"qwen-image-edit", "1:1", "2k", "", [2]int{100, 100}},
		{"qwen-image-edit-plus", "9:16", "", "768*1360", [2]int{}},
		{"qwen-image-edit-plus", "", "", "", [2]int{}},
		{"qianfan-qwen-image-edit", "4:3", "1k", "1184x888", [2]int{}},
		{"hunyuan-3.0", "1:1", "2k", "1024:1024", [2]int{}},
		{"hunyuan-3.0", "", "", "888:1176", [2]int{3000, 4000}},
		{"hy-image-v3", "1:1", "", "1024x1024", [2]int{}},
		{"hunyuan-image-to-image", "3:4", "", "768:1024", [2]int{}},
		{"hunyuan-image-to-image", "", "", "origin", [2]int{100, 100}},
		{"gpt-image-1", "9:16", "2k", "1024x1536", [2]int{}},
		{"gpt-image-1", "", "", "1536x1024", [2]int{4000, 3000}},
		{"siliconflow-qwen-image-edit", "1:1", "1k", "", [2]int{}},
		{"gpt-image-1", "", "", "1024x1024", [2]int{}},
		{"maas-qwen-image-edit", "original", "2k", "2048x2048", [2]int{}},
		{"flux-kontext", "1:1", "", "1024x1024", [2]int{}},
	} {
		in := Input{Options: task.Options{Aspect: c.aspect, Resolution: c.resolution}, PhotoWidth: c.photo[0], PhotoHeight: c.photo[1]}
		got, w, h := named(t, c.model).Size.of(in)
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		if p := named(t, c.model).Size; w > 0 && got != fmt.Sprintf("%d%s%d", w, p.Join, h) {
			t.Errorf("%+v: %q is not %d by %d", c, got, w, h)
		}
	}
}

func FuzzSizesKeepEveryBound(f *testing.F) {
	f.Add(100, 200, "3:4", "1k")
	f.Add(1, 1000000, "", "2k")
	f.Add(-1, 0, "0:0", "999k")
	profiles := Profiles()
	f.Fuzz(func(t *testing.T, w, h int, aspect, resolution string) {
		in := Input{Options: task.Options{Aspect: aspect, Resolution: resolution}, PhotoWidth: w, PhotoHeight: h}
		for _, p := range profiles {
			s := p.Size
			spelled, w, h := s.of(in)
			if w == 0 {
				continue
			}
			r := math.Max(float64(w)/float64(h), float64(h)/float64(w))
			if w*h < s.Least || s.Most > 0 && w*h > s.Most || min(w, h) < s.SideLeast || s.SideMost > 0 && max(w, h) > s.SideMost ||
				s.Ratio > 0 && r > s.Ratio || s.Step > 0 && (w%s.Step != 0 || h%s.Step != 0) {
				t.Errorf("%s: %s for %+v breaks %+v", p.Name, spelled, in.Options, s)
			}
		}
	})
}
