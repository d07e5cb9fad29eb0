package sandbox

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/picturetest"
)

// TestMain is the decoder too: the sandbox starts this very program.
func TestMain(m *testing.M) {
	if Wanted(os.Args[1:]) {
		os.Exit(Child(os.Args[1:], os.Stdin))
	}
	os.Exit(m.Run())
}

// config has this very program decode.
func config(t testing.TB, change func(*Config)) Config {
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
	return cfg
}

func box(t testing.TB, change func(*Config)) *Sandbox {
	t.Helper()
	cfg := config(t, change)
	s := New(cfg, quiet())
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

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func asItIs(*Config) {}

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func phone(t testing.TB, name string) []byte {
	t.Helper()
	return picturetest.Phone(t, name)
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

func TestAStuckOrGreedyDecoderIsReplaced(t *testing.T) {
	t.Parallel()
	s := box(t, func(c *Config) { c.CPU = 50 * time.Millisecond }) // no photo of a phone is that fast
	_, _, err := s.Decode(t.Context(), phone(t, "heic-24bit-exif.heic"), 2048)
	if fault.CodeOf(err) != fault.PhotoTooDemanding || !errors.Is(err, errLost) || !errors.Is(err, errTime) {
		t.Errorf("stuck: %v", err)
	}
	s.cfg.CPU = time.Minute
	if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
		t.Errorf("after a stuck one: %v", err)
	}
	p := s.get()
	_ = p.cmd.Process.Kill()
	<-p.ended
	s.put(p)
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

// peak is the most memory that the idle process ever held, in megabytes.
func peak(t testing.TB, s *Sandbox) int {
	t.Helper()
	p := s.get()
	defer s.put(p)
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kb, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kb >> 10
}

func BenchmarkHEIC12MP(b *testing.B) {
	for _, h := range []HEIF{WASM, Native} {
		b.Run(string(h), func(b *testing.B) {
			s, raw := boxOf(b, h), phone(b, "heic-orientation-6.heic")
			normalise(b, s, raw)
			for b.Loop() {
				normalise(b, s, raw)
			}
			b.ReportMetric(float64(peak(b, s)), "peak-MB")
		})
	}
}
