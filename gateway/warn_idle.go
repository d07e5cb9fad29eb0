package main

import (
	"fmt"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

// idle warns of keys that have no effect beside the others, and of those that
// are missed.
func (c *Config) idle() []string {
	var said []string
	warn := func(when bool, format string, args ...any) {
		if when {
			said = append(said, fmt.Sprintf(format, args...))
		}
	}
	external, usual := !c.Engine.URL.Empty(), defaults()
	warn(external && !c.Store.Shared && c.HTTP.Node == "", "http.node: is not set; a load balancer cannot tell where a resumable upload goes on")
	warn(external && c.Engine.Listen != "", "engine.listen: has no effect with engine.url")
	warn(c.Store.Kind != kindOBS && c.Store.OBS != usual.Store.OBS, "store.obs: has no effect, because store.kind is %s", c.Store.Kind)
	warn(c.CDN.BaseURL == "" && (c.CDN.Validity != 0 || c.CDN.EnterpriseProject != "" || c.CDN.Endpoint != ""), "cdn: has no effect without cdn.baseUrl")
	warn(c.CDN.BaseURL != "" && !c.refresh(secret.Sealed).Enabled(), "cdn.accessKey: is not set; pictures that are removed stay in the CDN until its caches expire")
	warn(c.Limits.TaskTimeout > c.Retention && c.Limits.TaskTimeout != usual.Limits.TaskTimeout,
		"limits.taskTimeout: is %v, but tasks end with the retention of %v", c.Limits.TaskTimeout, c.Retention)
	return said
}
