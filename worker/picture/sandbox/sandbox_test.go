package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/worker/picture"
)

// TestMain is the decoder too: the sandbox starts this very program.
func TestMain(m *testing.M) {
	if Wanted(os.Args[1:]) {
		os.Exit(Child(os.Args[1:], os.Stdin))
	}
	os.Exit(m.Run())
}

func box(t testing.TB, change func(*Config)) *Sandbox {
	t.Helper()
	cfg := Defaults()
	var err error
	if cfg.Program, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	change(&cfg)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s := New(cfg, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		s.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return s
}

func asItIs(*Config) {}

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// phone reads a photo that a real phone made.
func phone(t testing.TB, name string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/davidbyttow/govips/v2@v2.16.0").Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(out, &module) != nil {
		t.Skipf("no module with photos: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(module.Dir, "resources", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func normalise(t testing.TB, s *Sandbox, raw []byte) (picture.Photo, image.Image) {
	t.Helper()
	p, err := picture.New(picture.Defaults(), s).Normalise(t.Context(), raw, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	return p, img
}

func near(got color.Color, r, g, b int) bool {
	x, y, z, _ := got.RGBA()
	for _, d := range []int{int(x>>8) - r, int(y>>8) - g, int(z>>8) - b} {
		if d > 8 || d < -8 {
			return false
		}
	}
	return true
}

func TestHEICEndsAsItLooks(t *testing.T) {
	t.Parallel()
	s := box(t, asItIs)
	for _, name := range []string{"quadrants.heic", "quadrants-10bit.heic"} {
		p, img := normalise(t, s, file(t, name))
		if p.ContentType != "image/heic" || p.Width != 160 || p.Height != 100 || img.Bounds().Size() != image.Pt(160, 100) {
			t.Errorf("%s: %s, told %d × %d, is %v", name, p.ContentType, p.Width, p.Height, img.Bounds())
		}
		if !near(img.At(40, 25), 220, 30, 30) || !near(img.At(120, 25), 30, 200, 30) || !near(img.At(40, 75), 30, 30, 220) || !near(img.At(120, 75), 250, 250, 250) {
			t.Errorf("%s: colours %v %v %v %v", name, img.At(40, 25), img.At(120, 25), img.At(40, 75), img.At(120, 75))
		}
	}
}

func TestPhotosOfPhonesEndUprightAndSmall(t *testing.T) {
	t.Parallel()
	s := box(t, asItIs)
	for name, want := range map[string][4]int{
		"heic-orientation-6.heic": {3024, 4032, 1536, 2048}, "heic-24bit-exif.heic": {4032, 3024, 2048, 1536},
		"heic-24bit.heic": {1440, 960, 1440, 960}, "heic-ftypmsf1.heic": {1280, 720, 1280, 720},
	} {
		p, img := normalise(t, s, phone(t, name))
		if got := [4]int{p.Width, p.Height, img.Bounds().Dx(), img.Bounds().Dy()}; got != want || !picture.Bare(p.JPEG) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestWebPIsDecodedThereToo(t *testing.T) {
	t.Parallel()
	s := box(t, asItIs)
	for _, name := range []string{"lossless.webp", "lossy-alpha.webp"} {
		if _, img := normalise(t, s, file(t, name)); !near(img.At(40, 25), 220, 30, 30) {
			t.Errorf("%s: red became %v", name, img.At(40, 25))
		}
	}
}

func TestADamagedPhotoEndsItsOwnJobOnly(t *testing.T) {
	t.Parallel()
	s := box(t, asItIs)
	n := picture.New(picture.Defaults(), s)
	good := file(t, "quadrants.heic")
	huge := bytes.Replace(good, []byte("ispe\x00\x00\x00\x00\x00\x00\x00\xa0\x00\x00\x00\x64"), []byte("ispe\x00\x00\x00\x00\x00\x00\x17\x70\x00\x00\x17\x70"), 1)
	claim := bytes.Replace(good, []byte("ispe\x00\x00\x00\x00\x00\x00\x00\xa0\x00\x00\x00\x64"), []byte("ispe\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x10\x00"), 1)
	for name, c := range map[string]struct {
		raw  []byte
		code string
	}{
		"cut in half": {good[:len(good)/2], "photo_broken"}, "cut in the boxes": {good[:100], "photo_broken"},
		"36 MP": {huge, "photo_heic_too_large"},
	} {
		if _, err := n.Normalise(t.Context(), c.raw, picture.Limits{}); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if p, err := n.Normalise(t.Context(), claim, picture.Limits{}); err == nil && max(p.Width, p.Height) > 4096 {
		t.Errorf("a claim of 4096²: %d × %d", p.Width, p.Height)
	}
	if _, err := n.Normalise(t.Context(), good, picture.Limits{}); err != nil {
		t.Errorf("the next photo: %v", err)
	}
}

func TestAStuckOrGreedyDecoderIsReplaced(t *testing.T) {
	t.Parallel()
	s := box(t, func(c *Config) { c.Timeout = 100 * time.Millisecond }) // no photo of a phone is that fast
	_, _, err := s.Decode(t.Context(), phone(t, "heic-24bit-exif.heic"), 2048)
	if !errors.Is(err, errLost) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stuck: %v", err)
	}
	s.cfg.Timeout = 20 * time.Second
	if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
		t.Errorf("after a stuck one: %v", err)
	}
	p := <-s.turn
	_ = p.cmd.Process.Kill() // as the kernel would, short of memory
	<-p.ended
	s.turn <- p
	if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
		t.Errorf("after a death: %v", err)
	}
}

func TestACallerThatLeavesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := box(t, asItIs)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := picture.New(picture.Defaults(), s).Normalise(ctx, file(t, "quadrants.heic"), picture.Limits{})
	if fault.KindOf(err) != fault.Canceled {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestMemoryOfTheProcessIsBounded(t *testing.T) {
	t.Parallel()
	s := box(t, func(c *Config) { c.Memory = 256 << 20 })
	raw := phone(t, "heic-24bit-exif.heic") // takes more than that
	if _, _, err := s.Decode(t.Context(), raw, 2048); err == nil {
		t.Error("12 MP were decoded in 256 MiB: nothing bounds the process")
	}
	if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func TestAnswersAreNotBelieved(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]string{
		"too wide": "\x00\x00\x00\x00" + strings.Repeat("\x00\x00\x10\x00", 4), "empty": strings.Repeat("\x00", 20), "cut": "\x00",
	} {
		if _, _, err := readAnswer(strings.NewReader(b), 2048); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	var b bytes.Buffer
	_ = writePicture(&b, image.Pt(8, 8), image.NewYCbCr(image.Rect(0, 0, 4, 4), image.YCbCrSubsampleRatio420))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, _, err := readAnswer(bytes.NewReader(b), 64); err == nil && max(p.Rect.Dx(), p.Rect.Dy()) > 64 {
			t.Error(p.Rect)
		}
	})
}

// The averages are those of heif-convert and ImageMagick with Little CMS.
// Without the conversion, blue is three to five levels off.
func TestColoursOfPhonesAreConverted(t *testing.T) {
	t.Parallel()
	s := box(t, asItIs)
	for name, want := range map[string][3]float64{
		"heic-orientation-6.heic": {150.0, 122.4, 91.8}, "heic-24bit-exif.heic": {58.9, 58.3, 43.9},
	} {
		_, img := normalise(t, s, phone(t, name))
		got := average(img)
		for ch := range got {
			if d := got[ch] - want[ch]; d > 1.5 || d < -1.5 {
				t.Errorf("%s: %.1f, want %.1f", name, got, want)
				break
			}
		}
	}
}

func average(img image.Image) (sum [3]float64) {
	b := img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := img.At(x, y).RGBA()
			sum[0], sum[1], sum[2] = sum[0]+float64(r>>8), sum[1]+float64(g>>8), sum[2]+float64(bl>>8)
		}
	}
	for ch := range sum {
		sum[ch] /= float64(b.Dx() * b.Dy())
	}
	return sum
}

// peak is the most memory that the idle process ever held, in megabytes.
func peak(t testing.TB, s *Sandbox) int {
	t.Helper()
	p := <-s.turn
	defer func() { s.turn <- p }()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kb, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kb >> 10
}

func BenchmarkHEIC12MP(b *testing.B) {
	s, raw := box(b, asItIs), phone(b, "heic-orientation-6.heic")
	normalise(b, s, raw)
	for b.Loop() {
		normalise(b, s, raw)
	}
	b.ReportMetric(float64(peak(b, s)), "peak-MB")
}
