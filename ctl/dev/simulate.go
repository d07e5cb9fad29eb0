package dev

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// mockKind is the one provider that plays itself.
const mockKind = "mock"

// vendor is a provider that --simulate asks for: its entry in the providers
// list, and how its double behaves.
type vendor struct {
	kind, name string
	knobs      string // what the double is told, a query string
	settings   url.Values
	listen     string
	key        string
}

// parseVendors reads "seedream?median=4s,hunyuan": a kind, and what is set of
// it as a query. The settings of a providers entry are dev's to read; all
// others are the double's, which names those that it does not know.
func parseVendors(list []string) ([]vendor, error) {
	var out []vendor
	var errs []error
	for _, item := range list {
		v, err := parseVendor(item)
		if err != nil {
			errs = append(errs, fmt.Errorf("--simulate: %q: %w", item, err))
		} else if slices.ContainsFunc(out, func(o vendor) bool { return o.name == v.name }) {
			errs = append(errs, fmt.Errorf("--simulate: %q is there twice; tell them apart with ?name=", v.name))
		}
		out = append(out, v)
	}
	return out, errors.Join(errs...)
}

func parseVendor(item string) (vendor, error) {
	kind, query, _ := strings.Cut(item, "?")
	v := vendor{kind: kind, name: kind, settings: url.Values{}}
	if kind == "" || strings.ContainsAny(kind, "=&/: ") {
		return v, errors.New("must be a kind of provider, as in seedream?median=4s&rate=0.05")
	}
	knobs, err := url.ParseQuery(query)
	if err != nil {
		return v, fmt.Errorf("is no query string: %w", err)
	}
	for key := range settings() {
		value := knobs.Get(key)
		if value == "" || key == "timeout" && isShare(value) {
			continue
		}
		v.settings.Set(key, value)
		knobs.Del(key)
	}
	if v.settings.Has("name") {
		v.name = v.settings.Get("name")
	}
	v.knobs = knobs.Encode()
	_, err = v.entry()
	return v, err
}

// settings are the keys of a providers entry that --simulate may set, and
// whether they are numbers.
func settings() map[string]bool {
	return map[string]bool{
		"name": false, "model": false, "dialect": false, "imageField": false, "region": false, "timeout": false, "weight": true, "maxConcurrent": true, "priceFen": true,
	}
}

// isShare tells timeout=0.1, a share of calls that time out, from timeout=60s,
// the time of an attempt.
func isShare(v string) bool {
	_, err := strconv.ParseFloat(v, 64)
	return err == nil
}

// simulatedFen is the price of a simulated picture unless one is given, so
// that books and budgets have something to count.
const simulatedFen = 20

// entry is the vendor in the providers list, without its key.
func (v vendor) entry() (map[string]any, error) {
	e := map[string]any{"name": v.name, "kind": v.kind}
	if v.kind == mockKind {
		e["model"] = v.knobs
	} else {
		e["baseUrl"], e["priceFen"] = link(v.listen), simulatedFen
	}
	for key, number := range settings() {
		if !v.settings.Has(key) {
			continue
		}
		e[key] = v.settings.Get(key)
		if number {
			n, err := strconv.Atoi(v.settings.Get(key))
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%s must be a number", key)
			}
			e[key] = n
		}
	}
	return e, nil
}

// doublesName is how the process that plays the vendors is called.
const doublesName = "vendors"

// doublesPlan is the process that plays the vendors.
type doublesPlan struct {
	vendors []vendor
	books   string // where it tells what it counted
	env     []string
}

// planDoubles gives every vendor an address and a key.
func planDoubles(ctx context.Context, c Config, reserved *ports, shared []string) (*doublesPlan, error) {
	vendors, err := parseVendors(c.Simulate)
	if err != nil || len(vendors) == 0 {
		return nil, err
	}
	p := &doublesPlan{vendors: vendors}
	if p.books, err = reserved.free(ctx); err != nil {
		return nil, err
	}
	var doubles []map[string]any
	for i := range vendors {
		v := &vendors[i]
		if v.kind == mockKind {
			continue
		}
		if v.listen, err = reserved.free(ctx); err != nil {
			return nil, err
		}
		v.key = "simulated-" + rand.Text() + ":" + rand.Text()
		doubles = append(doubles, map[string]any{"name": v.name, "kind": v.kind, "listen": v.listen, "apiKey": v.key, "knobs": v.knobs, "dialect": v.settings.Get("dialect")})
	}
	list, err := json.Marshal(doubles)
	if err != nil {
		return nil, err
	}
	p.env = append(slices.Clone(shared), "IMGFLEET_SIMULATE_LISTEN="+p.books, "IMGFLEET_SIMULATE_VENDORS="+string(list))
	return p, nil
}

// providers is the list that replaces the configured one. Only workers are
// given keys.
func (p *doublesPlan) providers(keys bool) (string, error) {
	list := make([]map[string]any, 0, len(p.vendors))
	for _, v := range p.vendors {
		e, err := v.entry()
		if err != nil {
			return "", err
		}
		if keys && v.key != "" {
			e["apiKey"] = v.key
		}
		list = append(list, e)
	}
	text, err := json.Marshal(list)
	return "IMGFLEET_PROVIDERS=" + string(text), err
}

// names are the simulated vendors, for people.
func (p *doublesPlan) names() string {
	var out []string
	for _, v := range p.vendors {
		if v.kind != mockKind {
			out = append(out, v.name)
		}
	}
	return strings.Join(out, ", ")
}

// any reports whether there is a vendor to play.
func (p *doublesPlan) any() bool { return p != nil && p.names() != "" }

// awaitDoubles returns when the vendors are played.
func (p *plan) awaitDoubles(ctx context.Context) error {
	if !p.doubles.any() {
		return nil
	}
	probe := &http.Client{Timeout: readyProbe}
	return until(ctx, func() bool { return answers(ctx, probe, p.doubles.booksURL()) })
}

func (p *doublesPlan) booksURL() string { return link(p.books) + "/books" }
