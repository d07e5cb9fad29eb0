package prompt

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
)

func TestEveryModelReadsTheBuiltInCatalogue(t *testing.T) {
	t.Parallel()
	if list := Excesses(catalog.Builtin()); len(list) > 0 {
		t.Errorf("too long: %+v", list)
	}
}

// What is listed is what Build refuses at any place, and only that.
func TestExcessesAreWhatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	doc := catalog.Builtin()
	doc.Styles[0].PromptZH = strings.Repeat("墨", 200)
	doc.Styles[1].Prompt = strings.Repeat("word ", 119)
	doc.Styles[2].NegativeZH = strings.Repeat("丑", 250)
	doc.Places[3].Name.ZH = strings.Repeat("远", 30)
	doc.Places[4].Prompt, doc.Places[4].PromptZH = "A: "+strings.Repeat("far ", 100), "甲："+strings.Repeat("远", 150)
	list, b := Excesses(doc), New()
	for _, s := range doc.Styles {
		for _, p := range Profiles() {
			worst := 0
			for _, place := range doc.Places {
				_, err := b.Build(p, Input{Style: s, Place: place})
				var t tooLong
				if errors.As(err, &t) {
					worst = max(worst, t.over)
				}
			}
			i := slices.IndexFunc(list, func(e Excess) bool { return e.Style == s.ID && e.Model == p.Name })
			switch {
			case worst == 0 && i >= 0:
				t.Errorf("%s fits %s, but is listed: %+v", s.ID, p.Name, list[i])
			case worst > 0 && (i < 0 || list[i].Over != worst || list[i].Unit == ""):
				t.Errorf("%s is %d too long for %s, listed are %+v", s.ID, worst, p.Name, list)
			}
		}
	}
	if len(list) == 0 {
		t.Error("nothing is too long")
	}
	t.Logf("%+v", list)
}

func TestAPromptThatIsOneCharacterTooLongIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	p, in := named(t, "irag-1.0"), simple()
	in.Options.Note = ""
	for {
		in.Style.PromptZH += "墨"
		_, err := New().Build(p, in)
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "1 characters too many") {
			t.Error(err)
		}
		return
	}
}
