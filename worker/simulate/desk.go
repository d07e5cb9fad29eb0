package simulate

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const maxKnobs = 4 << 10

// Books are what all vendors counted, as GET /books tells it.
type Books struct {
	Vendors map[string]double.Books `json:"vendors"` // by name
}

// Books is what was counted until now.
func (s *Simulation) Books() Books {
	b := Books{Vendors: make(map[string]double.Books, len(s.doubles))}
	for name, d := range s.doubles {
		b.Vendors[name] = d.Books()
	}
	return b
}

// desk is where a simulation is read and steered: GET /books, GET
// /vendors/NAME/submissions, and PUT /vendors/NAME/knobs with a query string as
// its body, which replaces what the vendor was told before.
func (s *Simulation) desk() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /books", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Books())
	})
	mux.HandleFunc("GET /vendors/{name}/submissions", func(w http.ResponseWriter, r *http.Request) {
		d, ok := s.doubles[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(d.Asked())
	})
	mux.HandleFunc("PUT /vendors/{name}/knobs", s.steer)
	return mux
}

func (s *Simulation) steer(w http.ResponseWriter, r *http.Request) {
	d, ok := s.doubles[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxKnobs))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	k, err := double.ParseKnobs(string(body), behaviour())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.Set(k)
	s.logger.Info("vendor behaves otherwise", "vendor", r.PathValue("name"), "knobs", string(body))
	w.WriteHeader(http.StatusNoContent)
}
