package catalog

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// The bounds of a document. It travels in one message of the engine together
// with the state it replaces, and each entry travels inside every job.
const (
	MaxBytes      = 192 << 10
	maxEntries    = 200
	maxFaults     = 200
	maxText       = 120 // characters
	paletteLength = 5
)

// The lengths of words for models, in characters. A Chinese character says
// about as much as three Latin letters. With these lengths a style and the safety
// wording fit every model that reads 600 characters or more.
const (
	maxPrompt, maxPromptZH     = 600, 200
	maxNegative, maxNegativeZH = 300, 150
	maxIdentity, maxIdentityZH = 300, 120
)

// validator collects what is wrong with a document, each fault at its JSON
// pointer: fault.CatalogInvalid.
type validator struct{ fault *fault.Fault }

func (v *validator) check(ok bool, pointer, detail string) {
	if ok {
		return
	}
	if v.fault == nil {
		v.fault = fault.New(fault.CatalogInvalid)
	}
	if len(v.fault.Violations) >= maxFaults { // a longer list is not read
		return
	}
	v.fault = v.fault.At(pointer, fault.FieldInvalid, detail)
}

func (v *validator) document(d *Document) {
	v.check(d.Version >= 1, "/version", "must be at least 1")
	v.check(d.PolicyVersion != "" && len(d.PolicyVersion) <= 32, "/policyVersion", "must be 1…32 characters")
	v.check(len(d.Styles) >= 1 && len(d.Styles) <= maxEntries, "/styles", "must be 1…200 entries")
	v.check(len(d.Places) >= 1 && len(d.Places) <= maxEntries, "/places", "must be 1…200 entries")
	ids := map[string]bool{}
	for i, s := range d.Styles {
		v.style(fmt.Sprintf("/styles/%d", i), ids, s, d.Options)
	}
	for i, e := range d.Places {
		p := fmt.Sprintf("/places/%d", i)
		v.entry(p, ids, "place "+e.ID, e.ID, e.Name, e.Description, e.Palette)
		v.words(p, e.Prompt, e.PromptZH, e.Negative, e.NegativeZH)
		v.check(slices.Contains(Backdrops(), e.Backdrop), p+"/backdrop", "must be one of "+strings.Join(Backdrops(), ", "))
	}
	v.options(d.Options)
}

func (v *validator) style(p string, ids map[string]bool, s Style, o Options) {
	v.entry(p, ids, "style "+s.ID, s.ID, s.Name, s.Description, s.Palette)
	v.words(p, s.Prompt, s.PromptZH, s.Negative, s.NegativeZH)
	v.optional(p+"/identity/zh", s.Identity.ZH, maxIdentityZH)
	v.optional(p+"/identity/en", s.Identity.EN, maxIdentity)
	v.check(slices.Contains(Textures(), s.Texture), p+"/texture", "must be one of "+strings.Join(Textures(), ", "))
	v.check(s.Strength >= 0 && s.Strength <= 1, p+"/strength", "must be 0…1")
	v.check(s.TemplateVersion >= 0 && s.TemplateVersion < 1<<20, p+"/templateVersion", "must not be negative")
	d := s.Defaults
	v.check(d.Aspect == "" || slices.Contains(o.Aspect, d.Aspect), p+"/defaults/aspect", "must be one of options.aspect")
	v.check(d.Resolution == "" || slices.Contains(o.Resolution, d.Resolution), p+"/defaults/resolution", "must be one of options.resolution")
	v.check(d.Steps == 0 || d.Steps >= o.Steps[0] && d.Steps <= o.Steps[1], p+"/defaults/steps", "must be within options.steps")
	v.check(d.CFG == 0 || d.CFG >= o.CFG[0] && d.CFG <= o.CFG[1], p+"/defaults/cfg", "must be within options.cfg")
}

// entry checks what styles and places share.
func (v *validator) entry(p string, ids map[string]bool, unique, id string, name, description Text, palette []string) {
	v.check(validEntryID(id), p+"/id", "must be lower-case words joined by hyphens, at most 40 characters")
	v.check(!ids[unique], p+"/id", "is used twice")
	ids[unique] = true
	for _, t := range []struct{ key, text string }{
		{"/name/zh", name.ZH}, {"/name/en", name.EN}, {"/description/zh", description.ZH}, {"/description/en", description.EN},
	} {
		v.check(readable(t.text, maxText), p+t.key, "must be 1…120 printable characters")
	}
	v.palette(p+"/palette", palette)
}

// words checks the wording for models.
func (v *validator) words(p, prompt, promptZH, negative, negativeZH string) {
	v.check(readable(prompt, maxPrompt), p+"/prompt", fmt.Sprintf("must be 1…%d printable characters", maxPrompt))
	v.optional(p+"/promptZh", promptZH, maxPromptZH)
	v.optional(p+"/negative", negative, maxNegative)
	v.optional(p+"/negativeZh", negativeZH, maxNegativeZH)
}

func (v *validator) optional(p, text string, most int) {
	v.check(text == "" || readable(text, most), p, fmt.Sprintf("must be at most %d printable characters", most))
}

func (v *validator) palette(p string, palette []string) {
	v.check(len(palette) == paletteLength, p, "must be five colours")
	before := -1.0
	for i, c := range palette {
		light, err := lightness(c)
		v.check(err == nil, fmt.Sprintf("%s/%d", p, i), `must be a colour such as "#1a2b3c"`)
		v.check(err != nil || light > before, fmt.Sprintf("%s/%d", p, i), "must be lighter than the colour before")
		before = light
	}
}

func (v *validator) options(o Options) {
	v.check(len(o.Aspect) > 0 && len(o.Aspect) <= 20, "/options/aspect", "must be 1…20 entries")
	for i, a := range o.Aspect {
		v.check(validAspect(a), fmt.Sprintf("/options/aspect/%d", i), `must be "original" or such as "3:4"`)
	}
	v.check(len(o.Resolution) > 0 && len(o.Resolution) <= 10, "/options/resolution", "must be 1…10 entries")
	for i, r := range o.Resolution {
		v.check(regexp.MustCompile(`^[1-8]k$`).MatchString(r), fmt.Sprintf("/options/resolution/%d", i), `must be such as "1k"`)
	}
	v.check(o.Steps[0] >= 1 && o.Steps[0] <= o.Steps[1] && o.Steps[1] <= 1000, "/options/steps", "must be [min, max] within 1…1000")
	v.check(o.CFG[0] >= 0 && o.CFG[0] <= o.CFG[1] && o.CFG[1] <= 100, "/options/cfg", "must be [min, max] within 0…100")
	v.check(o.NoteLength >= 0 && o.NoteLength <= 1000, "/options/noteLength", "must be 0…1000")
}

// validEntryID keeps ids safe in URLs, object keys and metric labels.
func validEntryID(id string) bool {
	return len(id) <= 40 && regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(id)
}

func validAspect(a string) bool {
	if a == "original" {
		return true
	}
	w, h, _ := strings.Cut(a, ":")
	x, errW := strconv.ParseUint(w, 10, 8)
	y, errH := strconv.ParseUint(h, 10, 8)
	return errW == nil && errH == nil && x > 0 && y > 0 && x <= 20*y && y <= 20*x
}

// readable reports whether s is 1…limit characters that can be shown.
func readable(s string, limit int) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// lightness is the relative luminance of "#rrggbb", 0…1.
func lightness(colour string) (float64, error) {
	if len(colour) != 7 || colour[0] != '#' {
		return 0, errors.New("not a colour")
	}
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		return 0, err
	}
	linear := func(c uint64) float64 { return math.Pow(float64(c&0xff)/255, 2.2) }
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n), nil
}
