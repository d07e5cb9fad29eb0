package admin

import (
	"net/http"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func (s *Server) cacheStats(r *http.Request) (any, error) {
	entries, sessions, err := s.deps.Intake.CacheStats(r.Context())
	return operator.CacheStats{Entries: entries, Sessions: sessions}, err
}

// purgeCache forgets cached results. The pictures stay, and equal tasks are
// made again. On request the CDN drops its copies, too. A dry run counts only
// when everything would go.
func (s *Server) purgeCache(r *http.Request, p operator.CachePurge) (any, error) {
	subject, err := purgeSubject(p)
	if err != nil {
		return nil, err
	}
	e, err := edit(r, "cache.purge", subject)
	if err != nil {
		return nil, err
	}
	out := operator.Purged{DryRun: e.DryRun}
	if p.CDN { // first: without one, nothing is purged
		if out.CDN, err = s.deps.Store.RefreshCDN(r.Context(), string(p.Session), store.DryRun(e.DryRun)); err != nil {
			return nil, err
		}
	}
	if e.DryRun {
		if p.All {
			out.Removed, _, err = s.deps.Intake.CacheStats(r.Context())
		}
		return out, err
	}
	if out.Removed, err = s.deps.Intake.PurgeCache(r.Context(), p.Session, p.Style); err != nil {
		return nil, err
	}
	_, err = s.deps.Policy.Note(r.Context(), e, nil, out)
	return out, err
}

// purgeSubject names what is purged, and refuses anything but one choice: a
// forgotten flag must not purge everything.
func purgeSubject(p operator.CachePurge) (string, error) {
	switch {
	case p.CDN && p.Style != "":
		return "", invalid("cdn", "a CDN knows no styles: give session or all")
	case p.All && p.Session == "" && p.Style == "":
		return "all", nil
	case !p.All && p.Session != "" && p.Style == "":
		if !task.ValidID(string(p.Session)) {
			return "", fault.New(fault.SessionNotFound)
		}
		return "session " + string(p.Session), nil
	case !p.All && p.Session == "" && p.Style != "":
		return "style " + p.Style, nil
	default:
		return "", invalid("", "give exactly one of session, style and all")
	}
}
