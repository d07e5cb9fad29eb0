package httpapi

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
)

type catalogDocument struct {
	Version int              `json:"version"`
	Styles  []choiceDocument `json:"styles"`
	Places  []choiceDocument `json:"places"`
	Options optionsDocument  `json:"options"`
	Privacy privacyDocument  `json:"privacy"`

	Campaigns []campaignDocument `json:"campaigns,omitempty"`
}

// campaignDocument is what people may know of an open campaign.
type campaignDocument struct {
	Name       string    `json:"name"`
	To         time.Time `json:"to"`
	BrandMark  string    `json:"brandMark,omitempty"`
	LandingURL string    `json:"landingUrl,omitempty"`
}

type choiceDocument struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	PreviewURL  string `json:"previewUrl"`
}

type optionsDocument struct {
	Aspect     []string   `json:"aspect"`
	Resolution []string   `json:"resolution"`
	Steps      rangePart  `json:"steps"`
	CFG        floatRange `json:"cfg"`
	Seed       rangePart  `json:"seed"`
	NoteLength int        `json:"noteLength"`
}

type rangePart struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

type floatRange struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

type privacyDocument struct {
	PolicyVersion string `json:"policyVersion"`
	URL           string `json:"url"`
}

// showCatalog answers with the styles and places in the caller's language.
func (s *Server) showCatalog(_ context.Context, c *call) error {
	doc := s.deps.Policy.Catalog()
	c.vary("Accept-Language")
	c.set("Content-Language", c.language)
	c.set("Cache-Control", "public, no-cache") // a style that is gone must not be offered
	campaigns, mark := s.campaigns()
	if c.unchanged(strconv.Quote(strconv.Itoa(doc.Version) + mark + "-" + c.language)) {
		return nil
	}
	out := catalogDocument{
		Version: doc.Version,
		Options: optionsDocument{
			Aspect: doc.Options.Aspect, Resolution: doc.Options.Resolution, NoteLength: doc.Options.NoteLength,
			Steps: rangePart{int64(doc.Options.Steps[0]), int64(doc.Options.Steps[1])},
			CFG:   floatRange{doc.Options.CFG[0], doc.Options.CFG[1]},
			Seed:  rangePart{0, 1<<31 - 1},
		},
		Privacy:   privacyDocument{PolicyVersion: doc.PolicyVersion, URL: s.config.PublicURL + "/privacy"},
		Campaigns: campaigns,
	}
	for _, e := range doc.Styles {
		out.Styles = append(out.Styles, s.choice(c, "styles", e.ID, e.Name, e.Description))
	}
	for _, e := range doc.Places {
		out.Places = append(out.Places, s.choice(c, "places", e.ID, e.Name, e.Description))
	}
	return c.answer(http.StatusOK, out)
}

// campaigns lists those that are open. mark is part of the ETag: it changes
// when the list does.
func (s *Server) campaigns() (list []campaignDocument, mark string) {
	state := s.deps.Policy.State()
	for _, name := range state.OpenCampaigns(s.now()) {
		c := state.Campaigns[name]
		list = append(list, campaignDocument{Name: name, To: c.To.UTC(), BrandMark: c.BrandMark, LandingURL: c.LandingURL})
	}
	if len(list) > 0 {
		mark = fmt.Sprintf(".%d.%08x", len(list), crc32.ChecksumIEEE(fmt.Appendf(nil, "%+v", list)))
	}
	return list, mark
}

func (s *Server) choice(c *call, kind, id string, name, description catalog.Text) choiceDocument {
	return choiceDocument{
		ID: id, Name: name.In(c.language), Description: description.In(c.language),
		PreviewURL: s.config.PublicURL + "/previews/" + kind + "/" + id,
	}
}
