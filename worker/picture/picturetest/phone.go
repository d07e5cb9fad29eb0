package picturetest

import (
	"encoding/json"
	"go/build"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	module = "github.com/davidbyttow/govips/v2@v2.16.0"
	photos = "resources"
)

// Phone reads a file that a real phone, camera or program made, from the
// module that has them.
func Phone(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(build.Default.GOPATH, "pkg", "mod", module, photos, name))
	if err == nil {
		return b
	}
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module).Output()
	var at struct{ Dir string }
	if err != nil || json.Unmarshal(out, &at) != nil {
		t.Skipf("no module with photos: %v", err)
	}
	if b, err = os.ReadFile(filepath.Join(at.Dir, photos, name)); err != nil {
		t.Fatal(err)
	}
	return b
}

// Reference is a part of what libvips makes of a photo, and that part of
// ours.
func Reference(t testing.TB, file string, ours image.Image, at image.Point) (want, got image.Image) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err = png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	part := image.NewRGBA(image.Rectangle{Max: want.Bounds().Size()})
	draw.Draw(part, part.Rect, ours, at, draw.Src)
	return want, part
}

// Metadata lists what exiftool finds in a file beside its pixels, as
// group:tag. Without exiftool the test is skipped.
func Metadata(t testing.TB, file []byte) []string {
	t.Helper()
	program, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("install the package libimage-exiftool-perl to look for metadata with exiftool")
	}
	cmd := exec.CommandContext(t.Context(), program, "-a", "-u", "-G0", "-s", "-j", "-")
	cmd.Stdin = strings.NewReader(string(file))
	out, err := cmd.Output()
	var found []map[string]any
	if err != nil || json.Unmarshal(out, &found) != nil || len(found) != 1 {
		t.Fatalf("exiftool: %v: %s", err, out)
	}
	var tags []string
	for tag := range found[0] {
		if group, _, named := strings.Cut(tag, ":"); named && group != "File" && group != "ExifTool" && group != "Composite" {
			tags = append(tags, tag)
		}
	}
	return tags
}
