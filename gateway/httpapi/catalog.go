package httpapi

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/client"
)

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
	out := client.Catalog{
		Version: doc.Version,
		Options: client.Options{
			Aspect: doc.Options.Aspect, Resolution: doc.Options.Resolution, NoteLength: doc.Options.NoteLength,
			Steps: client.Range[int64]{Min: int64(doc.Options.Steps[0]), Max: int64(doc.Options.Steps[1])},
			CFG:   client.Range[float64]{Min: doc.Options.CFG[0], Max: doc.Options.CFG[1]},
			Seed:  client.Range[int64]{Min: 0, Max: 1<<31 - 1},
		},
		Privacy:   client.Privacy{PolicyVersion: doc.PolicyVersion, URL: s.config.PublicURL + "/privacy"},
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
func (s *Server) campaigns() (list []client.Campaign, mark string) {
	state := s.deps.Policy.State()
	for _, name := range state.OpenCampaigns(s.now()) {
		c := state.Campaigns[name]
		list = append(list, client.Campaign{Name: name, To: c.To.UTC(), BrandMark: c.BrandMark, LandingURL: c.LandingURL})
	}
	if len(list) > 0 {
		mark = fmt.Sprintf(".%d.%08x", len(list), crc32.ChecksumIEEE(fmt.Appendf(nil, "%+v", list)))
	}
	return list, mark
}

func (s *Server) choice(c *call, kind, id string, name, description catalog.Text) client.Choice {
	return client.Choice{
		ID: id, Name: name.In(c.language), Description: description.In(c.language),
		PreviewURL: s.config.PublicURL + "/previews/" + kind + "/" + id,
	}
}
