package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/simulate"
)

// Vendor is one that a worker plays with -simulate.
type Vendor struct {
	Name, Kind string
	Listen     string
	Prefix     string // of the documented paths
	Knobs      string
	Asked      map[string]any // what its entry in the providers list has beside
}

// Simulated is the configuration of the worker that plays vendors, and the
// providers list of those that call them.
func Simulated(desk string, vendors []Vendor) (config map[string]any, providers []map[string]any) {
	var played []map[string]any
	for _, v := range vendors {
		key := "simulated-" + v.Name
		played = append(played, map[string]any{"name": v.Name, "kind": v.Kind, "listen": v.Listen, "apiKey": key, "knobs": v.Knobs})
		p := map[string]any{"name": v.Name, "kind": v.Kind, "baseUrl": "http://" + v.Listen + v.Prefix, "apiKey": key}
		maps.Copy(p, v.Asked)
		providers = append(providers, p)
	}
	return map[string]any{"simulate": map[string]any{"listen": desk, "vendors": played}}, providers
}

// Desk is the address at which simulated vendors tell what they counted.
type Desk string

// Books are all counts, by vendor.
func (d Desk) Books(ctx context.Context) (map[string]double.Books, error) {
	var b simulate.Books
	err := d.ask(ctx, http.MethodGet, "/books", "", &b)
	return b.Vendors, err
}

// Submissions are those that one vendor counted.
func (d Desk) Submissions(ctx context.Context, vendor string) (list []double.Submission, err error) {
	err = d.ask(ctx, http.MethodGet, "/vendors/"+vendor+"/submissions", "", &list)
	return list, err
}

// Steer makes a vendor behave otherwise from now on.
func (d Desk) Steer(ctx context.Context, vendor, knobs string) error {
	return d.ask(ctx, http.MethodPut, "/vendors/"+vendor+"/knobs", knobs, nil)
}

func (d Desk) ask(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+string(d)+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := new(http.Client).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s of the simulation answered %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
