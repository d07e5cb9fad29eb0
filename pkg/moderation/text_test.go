package moderation

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func rules(t testing.TB, cfg Config) *Text {
	t.Helper()
	x, err := NewText(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestIllegalRequestsAreRefusedHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	x := rules(t, Defaults())
	for _, s := range []string{
		"色情", "色 情", "彩色情侣装和色情", "色*情", "色\u200b情", "我想看 一 键 脱 衣 效果", "儿童\n色情",
		"child porn", "CHILD  PORN", "ｃｈｉｌｄ ｐｏｒｎ", "c h i l d porn", "pörn", "child-porn", "How to make a bomb?",
	} {
		if _, err := x.Check(t.Context(), s); fault.CodeOf(err) != fault.NoteRefused || fault.KindOf(err) != fault.Unprocessable {
			t.Errorf("%q: %v, want %s", s, err, fault.NoteRefused)
		}
	}
}

func TestInnocentRequestsPassUnchanged(t *testing.T) {
	t.Parallel()
	x := rules(t, Defaults())
	for _, s := range []string{
		"", "戴一顶红色的帽子", "彩色情侣装", "a therapist by the sea", "popcorn and a bath bomb, please",
		"背景再亮一点，2026年", "make her smile", "I'm 28", "角色 情绪饱满", "穿彩色情侣装，夜色情调",
	} {
		got, err := x.Check(t.Context(), s)
		if err != nil {
			t.Errorf("%q was refused: %v", s, err)
			continue
		}
		if fold(got) != fold(s) {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestControlCharactersAreTakenOutBeforeATextIsJudged(t *testing.T) {
	t.Parallel()
	x := rules(t, Defaults())
	family := "👨\u200d👩\u200d👧 and ❤\ufe0f\u200d🔥"
	for in, want := range map[string]string{
		"a\x00b\x1b[31mc\rd\r\ne\tf":                                "ab[31mcd\ne\tf",
		"left\u202eright\u202c \u2066a\u2069 \u200eb\u200f \u061cc": "leftright a b c",
		"138\x001234\x005678":                                       "***",
		"138\u200b1234\u200d5678, 138\u20601234\u00ad5678":          "***, ***",
		"hidden\U000e0041\U000e0042":                                "hidden",
		family:                                                      family,
	} {
		if got, err := x.Check(t.Context(), in); err != nil || got != want {
			t.Errorf("%q became %q, want %q; %v", in, got, want, err)
		}
	}
	for _, s := range []string{"色\x00情", "色\u202e情", "child po\x1brn", "child p\ro\u200frn", "色13812345678情"} {
		if got, err := x.Check(t.Context(), s); fault.CodeOf(err) != fault.NoteRefused {
			t.Errorf("%q passes as %q, %v", s, got, err)
		}
	}
}

func TestNumbersThatNamePeopleAreMasked(t *testing.T) {
	t.Parallel()
	x := rules(t, Defaults())
	for in, want := range map[string]string{
		"call 13812345678 now":           "call *** now",
		"电话１３８１２３４５６７８":                  "电话***",
		"+86 138-1234-5678":              "***",
		"身份证11010519491231002X，谢谢":       "身份证***,谢谢",
		"me@example.com or 010-12345678": "*** or ***",
		"微信: wxid_12345":                 "***",
		"card 6222 0212 3456 7890 123":   "card ***",
		"in 2026, 100 birds":             "in 2026, 100 birds",
	} {
		if got, err := x.Check(t.Context(), in); err != nil || got != want {
			t.Errorf("%q = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestOperatorsAddTheirOwnWords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(file, []byte("# ours\n某某人 # a name\n\nacme corp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := rules(t, Config{Kind: "local", Words: []string{"Rival"}, WordsFile: file})
	for _, s := range []string{"某 某 人", "with ACME   Corp.", "our rival!"} {
		if _, err := x.Check(t.Context(), s); fault.CodeOf(err) != fault.NoteRefused {
			t.Errorf("%q passed", s)
		}
	}
	if _, err := NewText(Config{Kind: "local", WordsFile: file + "x"}); err == nil {
		t.Error("a missing file was accepted")
	}
	if err := (Config{Kind: "other", Words: []string{"!!"}}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("validate = %v, want two faults", err)
	}
}

// A file that is taken for another would let everything pass, or nothing.
func TestAFileOfWordsThatIsNoneIsAFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, x := range map[string]struct {
		text []byte
		says string
	}{
		"missing": {nil, "no such file"}, "binary": {[]byte("a\x00b"), "UTF-8"}, "gbk": {[]byte("\xc9\xab\xc7\xe9"), "UTF-8"},
		"long": {bytes.Repeat([]byte("word\n"), 1<<18), "1 MiB"}, "empty": {[]byte("good\n!\n，。\n"), "line 2, 3"},
	} {
		path := filepath.Join(dir, name)
		if x.text != nil {
			if err := os.WriteFile(path, x.text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := Config{Kind: "local", WordsFile: path}
		_, err := NewText(c)
		for _, err := range []error{err, c.CheckFiles()} {
			if fault.CodeOf(err) != fault.WordsFileInvalid || !strings.Contains(err.Error(), x.says) || !strings.HasPrefix(err.Error(), "moderation.wordsFile: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := (Config{Kind: "local", WordsFile: dir}).CheckFiles(); err == nil {
		t.Error("a directory was accepted")
	}
	good := filepath.Join(dir, "good")
	if err := os.WriteFile(good, []byte("\ufeff竞品\r\nrival\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := rules(t, Config{Kind: "local", WordsFile: good})
	for _, s := range []string{"竞品", "a rival"} {
		if _, err := x.Check(t.Context(), s); fault.CodeOf(err) != fault.NoteRefused {
			t.Errorf("%q passed", s)
		}
	}
}

func TestTheLocalKindJudgesNoPictures(t *testing.T) {
	t.Parallel()
	p, err := NewPictures(Defaults())
	if err != nil || p.Judges() || p.CheckPicture(t.Context(), nil) != nil {
		t.Errorf("judges = %v, %v", p.Judges(), err)
	}
}

func FuzzCheckNeverPanicsAndStaysShort(f *testing.F) {
	x := rules(f, Defaults())
	f.Add("色情")
	f.Add("13812345678")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		masked, err := x.Check(t.Context(), s)
		if err == nil && len(masked) > 18*len(s)+3 {
			t.Errorf("%d bytes became %d", len(s), len(masked))
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	x := rules(b, Defaults())
	s := strings.Repeat("戴一顶红色的帽子 by the sea ", 8)
	for b.Loop() {
		_, _ = x.Check(b.Context(), s)
	}
}
