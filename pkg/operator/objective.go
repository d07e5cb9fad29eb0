package operator

// The objectives.
const (
	ObjectiveSuccess = "success" // share of tasks that gave a picture
	ObjectiveP95     = "p95"     // seconds that 95 of 100 pictures take at most
	ObjectiveErrors  = "errors"  // share of answers that failed
)

// Objective is what people are promised, beside what was measured over all
// gateways.
type Objective struct {
	Name      string   `json:"name"`
	Objective float64  `json:"objective"`
	Measured  *float64 `json:"measured,omitempty"` // nil while nothing has happened
	Missed    bool     `json:"missed"`
	Of        int64    `json:"of"` // tasks, pictures or answers that it was measured by
}
