package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestCollectorsGetOneJSONObjectALine(t *testing.T) {
	t.Parallel()
	for _, format := range []string{FormatJSON, FormatAuto, ""} {
		var out bytes.Buffer
		log := NewLogger(&out, "info", format)
		log.Debug("not seen")
		log.Info("task ended", "task", "t1", "took", 1500*time.Millisecond, "error", errors.New("no"))
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("format %q: %v in %q", format, err, out.String())
		}
		if line["msg"] != "task ended" || line["task"] != "t1" || line["took"] != "1.5s" || line["error"] != "no" {
			t.Errorf("line = %v", line)
		}
	}
}

func TestPeopleGetTheMessageFirst(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, "debug", FormatPretty).With("program", "gateway").WithGroup("http")
	log.Warn("slow answer", "status", 200, "took", 1234567*time.Nanosecond, slog.Group("client", "name", "a b"), "empty", "")
	line := out.String()
	if _, rest, _ := strings.Cut(line, " "); rest != "WARN  slow answer program=gateway http.status=200 http.took=1.235ms http.client.name=\"a b\" http.empty=\"\"\n" {
		t.Errorf("line = %q", line)
	}
}

func TestControlCharactersNeverReachATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, "info", FormatPretty)
	log.Info("a\x1b[2Jb\nc", "k\x07", "v\x1b\nw")
	if s := strings.TrimSuffix(out.String(), "\n"); strings.ContainsAny(s, "\x1b\x07\n") {
		t.Errorf("line = %q", s)
	}
}

func TestColoursFollowTheWeight(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(&pretty{w: &out, level: slog.LevelDebug, colour: true, mu: new(sync.Mutex)})
	log.Error("x")
	log.Warn("x")
	log.Info("x")
	log.Debug("x")
	for _, want := range []string{red + "ERROR", yellow + "WARN", cyan + "INFO", dim + "DEBUG"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
}

func TestLinesOfManyGoroutinesStayWhole(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, "info", FormatPretty)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { log.With("a", 1).Info("m", "b", 2) })
	}
	wg.Wait()
	for line := range strings.Lines(out.String()) {
		if !strings.HasSuffix(line, "INFO  m a=1 b=2\n") {
			t.Errorf("line = %q", line)
		}
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	t.Parallel()
	f, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	NewLogger(f, "info", FormatAuto).Info("x")
	data, err := os.ReadFile(f.Name())
	if err != nil || !json.Valid(data) {
		t.Errorf("the file holds %q (%v), want JSON", data, err)
	}
}

func TestUnknownLevelsAreInfo(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]slog.Level{"debug": slog.LevelDebug, " WARN ": slog.LevelWarn, "error": slog.LevelError, "": slog.LevelInfo, "loud": slog.LevelInfo} {
		if got := ParseLevel(name); got != want {
			t.Errorf("ParseLevel(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestTheHandlerServesRuntimeAndBuild(t *testing.T) {
	t.Parallel()
	reg := NewRegistry()
	Built(reg, "gateway", "v1.2.3")
	rec := httptest.NewRecorder()
	Handler(reg).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, want := range []string{"go_goroutines ", "process_resident_memory_bytes ", `imgfleet_build_info{program="gateway",version="v1.2.3"} 1`} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("no %q among the metrics", want)
		}
	}
	Built(nil, "gateway", "tests may pass no registry")
}

func TestMetricsAreNamedForTheirStageAndUnit(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	s := For(reg, "kitchen")
	s.Counter("meals", "h").Inc()
	s.Counters("guests", "h", "table").WithLabelValues("1").Inc()
	s.Gauge("open_doors", "h").Set(1)
	s.Gauges("pots", "h", "stove").WithLabelValues("2").Set(1)
	s.Seconds("meal", "h", []float64{1}).Observe(2)
	s.SecondsBy("wait", "h", []float64{1}, "table").WithLabelValues("1").Observe(2)
	For(nil, "kitchen").Counter("meals", "h").Inc() // counts, and nobody sees it
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	want := []string{
		"imgfleet_kitchen_guests_total", "imgfleet_kitchen_meal_seconds", "imgfleet_kitchen_meals_total",
		"imgfleet_kitchen_open_doors", "imgfleet_kitchen_pots", "imgfleet_kitchen_wait_seconds",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the metrics are %v, want %v", names, want)
	}
}
