package catalog

// Text is a sentence in the languages of our users.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In picks the text for a language tag: English when it is "en…", else Chinese.
func (t Text) In(language string) string {
	if len(language) >= 2 && language[:2] == "en" && t.EN != "" {
		return t.EN
	}
	return t.ZH
}

// Style is how the picture is made. The whole entry travels inside the job.
type Style struct {
	ID          string   `json:"id"`
	Name        Text     `json:"name"`
	Description Text     `json:"description"`
	Prompt      string   `json:"prompt"`             // for models that read English
	PromptZH    string   `json:"promptZh,omitempty"` // for models that read Chinese; "" is Prompt
	Negative    string   `json:"negative,omitempty"` // what the model shall avoid, as a list with commas
	NegativeZH  string   `json:"negativeZh,omitempty"`
	Identity    Text     `json:"identity,omitzero"`  // how the people keep their likeness; zero is the usual wording
	Palette     []string `json:"palette"`            // "#rrggbb", dark to light; the mock paints with it
	Texture     string   `json:"texture"`            // ink | brush | pixel | halftone | glow | paper | grain | facet …
	Strength    float64  `json:"strength,omitempty"` // 0…1, how far from the photo
	Defaults    Defaults `json:"defaults,omitzero"`

	// TemplateVersion counts changes of this entry's words.
	TemplateVersion int `json:"templateVersion,omitempty"`
}

// Defaults are a style's options where the person chose none; a zero value
// leaves the choice to the model.
type Defaults struct {
	Aspect     string  `json:"aspect,omitempty"`
	Resolution string  `json:"resolution,omitempty"`
	Steps      int     `json:"steps,omitempty"`
	CFG        float64 `json:"cfg,omitempty"`
}

// Place is where the picture is set.
type Place struct {
	ID          string   `json:"id"`
	Name        Text     `json:"name"`
	Description Text     `json:"description"`
	Prompt      string   `json:"prompt"`
	PromptZH    string   `json:"promptZh,omitempty"`
	Negative    string   `json:"negative,omitempty"`
	NegativeZH  string   `json:"negativeZh,omitempty"`
	Palette     []string `json:"palette"`
	Backdrop    string   `json:"backdrop"` // skyline | mountains | water | garden | wall | desert … drawn by the mock
}

// Options are the ranges a request may choose from.
type Options struct {
	Aspect     []string   `json:"aspect"`     // e.g. "original", "1:1", "3:4"
	Resolution []string   `json:"resolution"` // e.g. "1k", "2k"
	Steps      [2]int     `json:"steps"`      // min, max
	CFG        [2]float64 `json:"cfg"`        // min, max
	NoteLength int        `json:"noteLength"` // characters
}

// Document is one version of the whole catalogue. It is immutable.
type Document struct {
	Version       int     `json:"version"`
	PolicyVersion string  `json:"policyVersion"` // of the privacy policy that consent refers to
	Styles        []Style `json:"styles"`
	Places        []Place `json:"places"`
	Options       Options `json:"options"`
}

// Style finds a style by id.
func (d *Document) Style(id string) (Style, bool) {
	for _, s := range d.Styles {
		if s.ID == id {
			return s, true
		}
	}
	return Style{}, false
}

// StyleIDs lists the ids of all styles in their order.
func (d *Document) StyleIDs() []string {
	ids := make([]string, len(d.Styles))
	for i, s := range d.Styles {
		ids[i] = s.ID
	}
	return ids
}

// PlaceIDs lists the ids of all places in their order.
func (d *Document) PlaceIDs() []string {
	ids := make([]string, len(d.Places))
	for i, p := range d.Places {
		ids[i] = p.ID
	}
	return ids
}

// Place finds a place by id.
func (d *Document) Place(id string) (Place, bool) {
	for _, p := range d.Places {
		if p.ID == id {
			return p, true
		}
	}
	return Place{}, false
}
