package main

import (
	"context"
	"path/filepath"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/gateway/watch"
)

// alarmsFile lies in data.dir: since when the alarms of this gateway stand.
const alarmsFile = "alarms.json"

// buildWatch makes what looks at this gateway's surroundings.
func (g *gateway) buildWatch(context.Context) error {
	c, dir := g.config, g.config.Data.Dir
	d := watch.Deps{
		Alarms: g.alarms, Workers: g.fleet.Workers, Heard: g.fleet.Heard, Policy: g.policy.State, Engine: g.engine.Degraded, Led: g.led,
		Disk: func() (watch.Disk, error) { return diskOf(dir) }, Embedded: c.Engine.URL.Empty(), Version: version,
		Certs: []watch.Cert{
			{Key: "tls.cert", File: c.TLS.Cert}, {Key: "tls.clientCA", File: c.TLS.ClientCA}, {Key: "admin.tls.cert", File: c.Admin.TLS.Cert},
			{Key: "engine.tls.cert", File: c.Engine.TLS.Cert}, {Key: "engine.tls.ca", File: c.Engine.TLS.CA},
		},
	}
	if c.Store.Kind == kindDisk {
		d.MinFree = int64(c.Store.MinFree)
	}
	for _, p := range c.Providers {
		if p.Region != "" {
			d.Regions = append(d.Regions, p.Region)
		}
	}
	if c.Dispatch.Region != "" {
		d.Regions = append(d.Regions, c.Dispatch.Region)
	}
	g.watch = watch.New(d)
	return nil
}

// led reports whether some gateway dispatches. While the engine is away nobody
// knows, and that is what is said.
func (g *gateway) led() bool { return g.dispatch.Led() || g.alarms.Stands(alarm.EngineUnavailable) }

// keepAlarms makes alarms outlive this process.
func (g *gateway) keepAlarms() { g.alarms.Keep(filepath.Join(g.config.Data.Dir, alarmsFile)) }

// diskOf is how much room the file system of a directory has.
func diskOf(dir string) (watch.Disk, error) {
	free, total, err := room.Disk(dir)
	return watch.Disk{Free: free, Total: total}, err
}

// alarmOf raises and clears the alarm of a check of readiness. Workers have
// rules of their own.
func (g *gateway) alarmOf(check string, cause error) {
	name := alarm.EngineUnavailable
	switch check {
	case checkStore:
		name = alarm.StoreUnavailable
	case checkWorkers:
		return
	}
	if cause == nil {
		g.alarms.Clear(name, "")
		return
	}
	g.alarms.Raise(name, "", alarm.Critical, cause.Error())
}
