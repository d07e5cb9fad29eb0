package main

import (
	"path/filepath"

	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
	"github.com/imgfleet/imgfleet/gateway/upload/tus"
)

// buildPartials opens what keeps photos that arrive in pieces. It lies beside
// the objects, so that a whole one becomes an object by a rename.
func (g *gateway) buildPartials() (err error) {
	pc := partial.Defaults()
	pc.Dir = filepath.Join(g.config.Data.Dir, "partial")
	pc.Room = g.room
	pc.Keep = min(upload.Defaults().PutWithin, g.config.Retention)
	pc.SweepEvery = min(pc.SweepEvery, pc.Keep/2)
	g.partials, err = partial.Open(pc, g.log)
	return err
}

// buildTus opens resumable uploads. Gateways with one queue and no common
// directory need names by which a load balancer finds the one that has the
// bytes.
func (g *gateway) buildTus() (err error) {
	g.tus, err = tus.New(tus.Deps{
		Uploads: g.uploads, Files: g.partials, Keys: g.keys, Limits: g.policy.Limits, PublicURL: g.config.HTTP.PublicURL, Node: g.config.HTTP.Node,
	})
	return err
}
