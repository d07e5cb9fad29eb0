package objective

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says what people are promised.
type Config struct {
	// The share of tasks that end with a picture of a real model. What a person canceled, or was refused for its content, does not count.
	Success float64 `config:"success" range:"0…1" example:"0.99"`
	// The time from accept to picture that 95 of 100 pictures take at most. Set it to what the models that you chose can do.
	P95 time.Duration `config:"p95" range:"above 0" example:"20s"`
	// The share of answers to people that may be a failure of ours (HTTP 5xx).
	Errors float64 `config:"errors" range:"0…1" example:"0.01"`
}

// Defaults are what a quick model is good for.
func Defaults() Config { return Config{Success: 0.995, P95: 7 * time.Second, Errors: 0.005} }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(!(c.Success >= 0 && c.Success <= 1), "objectives.success: must be 0…1, such as 0.995, is %v", c.Success)
	faults.If(c.P95 <= 0, "objectives.p95: must be above 0, such as 7s, is %v", c.P95)
	faults.If(!(c.Errors >= 0 && c.Errors <= 1), "objectives.errors: must be 0…1, such as 0.005, is %v", c.Errors)
	return faults.Err()
}
