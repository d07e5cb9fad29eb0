package rig

// token is every secret of a rig: all its listeners are on loopback and live
// for minutes.
const token = "bench-bench-bench-bench-bench-32"

// Options say what a measurement needs. All limits but Daily are off.
type Options struct {
	Dir      string // emptied by Close
	Sync     string // engine.sync
	Model    string // of the mock provider
	Capacity int    // of each worker
	Daily    int64  // tasks per session and day; 0: nobody counts
}

// ports are the listeners of one rig.
type ports struct{ http, admin, fleet, engine string }

// config is the one configuration of the gateway and its workers.
func (o Options) config(p ports, data string) map[string]any {
	type section = map[string]any
	return section{
		"http":   section{"listen": p.http},
		"admin":  section{"listen": p.admin, "token": token},
		"fleet":  section{"listen": p.fleet, "token": token, "gateways": []string{p.fleet}},
		"engine": section{"sync": o.Sync, "listen": p.engine, "token": token},
		"data":   section{"dir": data},
		"limits": section{
			"sessionDaily": o.Daily, "sessionActive": 0, "sessionStreams": 0, "sessionUploadBytes": 0, "sessionPerMinute": 0, "ipPerMinute": 0,
			"ipDaily": 0, "ipSessionsPerHour": 0, "queueDepth": 0, "taskFen": 0,
		},
		"providers": []section{{"name": "mock", "kind": "mock", "model": o.Model}},
		"worker":    section{"listen": "127.0.0.1:0", "capacity": o.Capacity},
	}
}
