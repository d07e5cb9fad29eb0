package web

import (
	"regexp"
	"strings"
	"testing"
)

func TestPagesKeepToTheContentPolicy(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)<script>|<style|\son[a-z]+=|\sstyle=|javascript:|https?://`)
	for _, name := range []string{"index.html", "privacy.html", "terms.html"} {
		body, _, ok := Page(name, "zh-CN")
		if !ok {
			t.Fatalf("%s is not embedded", name)
		}
		if found := inline.Find(body); found != nil {
			t.Errorf("%s holds %q, which the content policy forbids", name, found)
		}
	}
}

func TestEveryWordIsInBothLanguages(t *testing.T) {
	t.Parallel()
	html, _, _ := Page("index.html", "zh-CN")
	script, _, _, _ := Asset("app.js")
	for _, m := range regexp.MustCompile(`data-t="(\w+)"`).FindAllSubmatch(html, -1) {
		if got := len(regexp.MustCompile(`\b`+string(m[1])+`: ['(]`).FindAll(script, -1)); got < 2 {
			t.Errorf("%s is said in %d languages", m[1], got)
		}
	}
}

func TestPagesKnowTheirLanguage(t *testing.T) {
	t.Parallel()
	zh, zhTag, _ := Page("index.html", "zh-CN")
	en, enTag, _ := Page("index.html", "en")
	if !strings.Contains(string(zh), `lang="zh-CN"`) || !strings.Contains(string(en), `lang="en"`) || zhTag == enTag {
		t.Error("the page does not follow the language")
	}
}

func TestOnlyAssetsAreServed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../web.go", "index.html", "", "no.js", "../../web.js"} {
		if _, _, _, ok := Asset(name); ok {
			t.Errorf("%q was served", name)
		}
	}
}
