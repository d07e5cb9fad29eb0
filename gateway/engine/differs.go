package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Names of options, as the engine spells them.
const (
	optionSubjects = "subjects"
	optionReplicas = "num_replicas"
	optionDirect   = "allow_direct"
	permits        = "allow_" // begins the names of options that permit more
)

// Difference is an option that is not what the configuration of this gateway
// asks for.
type Difference struct {
	Stream  string // "" for a setting that gateways share
	Option  string // as operators read it
	Has     string
	Wants   string
	Problem string // why it could not be changed; "" when it was or nobody tried

	change map[string]any
}

// additions are the options that a stream lacks and that can be added without
// taking anything from anybody.
func additions(has, wants jetstream.StreamConfig) (map[string]any, error) {
	missing := make(map[string]any)
	subjects := slices.Clone(has.Subjects)
	for _, s := range wants.Subjects {
		if !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
			missing[optionSubjects] = subjects
		}
	}
	if has.Replicas > 1 && has.AllowDirect { // reads may miss what was acknowledged
		missing[optionDirect] = false
	}
	here, there, err := both(has, wants)
	for option, value := range there {
		if fresh := strings.HasPrefix(option, permits) && value == true || added(option, value); fresh && option != optionDirect && none(here[option]) {
			missing[option] = value
		}
	}
	return missing, err
}

// added reports whether an option, where it was not set before, only adds.
func added(option string, value any) bool {
	return (option == "republish" || option == "subject_delete_marker_ttl") && !none(value)
}

// differences are the options of a stream that are not as wanted and that a
// start leaves alone. replicas is how many are wanted.
func differences(has, wants jetstream.StreamConfig, replicas int) ([]Difference, error) {
	var out []Difference
	if has.Replicas != replicas {
		out = append(out, Difference{
			Stream: has.Name, Option: "replicas", Has: fmt.Sprint(has.Replicas), Wants: fmt.Sprint(replicas),
			change: map[string]any{optionReplicas: replicas, optionDirect: replicas == 1},
		})
	}
	missing, err := additions(has, wants)
	if err != nil {
		return nil, err
	}
	here, there, err := both(has, wants)
	for _, option := range slices.Sorted(maps.Keys(there)) {
		value := there[option]
		_, isNew := missing[option]
		if isNew || unjudged(option) || none(value) && !bounds(option) || same(here[option], value) {
			continue
		}
		out = append(out, Difference{
			Stream: has.Name, Option: strings.ReplaceAll(option, "_", " "), Has: spell(option, here[option]), Wants: spell(option, value),
			change: map[string]any{option: value},
		})
	}
	return out, err
}

// unjudged are options of which a configuration may say nothing.
func unjudged(option string) bool {
	switch option {
	case "name", optionSubjects, optionReplicas, optionDirect, "mirror_direct", "consumer_limits", "metadata":
		return true
	}
	return false
}

// bounds are options whose nothing means no bound, and is meant.
func bounds(option string) bool {
	return slices.Contains([]string{"max_msgs", "max_bytes", "max_age", "max_msgs_per_subject"}, option)
}

// both gives two configurations by the engine's names of options.
func both(has, wants jetstream.StreamConfig) (here, there map[string]any, err error) {
	if here, err = options(has); err != nil {
		return nil, nil, err
	}
	there, err = options(wants)
	return here, there, err
}

func options(c jetstream.StreamConfig) (out map[string]any, err error) {
	raw, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

func optionNames(options map[string]any) []string { return slices.Sorted(maps.Keys(options)) }

// none reports whether an option says nothing, or no limit.
func none(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v <= 0
	case string:
		return v == ""
	}
	return false
}

func same(x, y any) bool {
	if none(x) && none(y) {
		return true
	}
	a, errA := json.Marshal(x)
	b, errB := json.Marshal(y)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// spell writes a value for people.
func spell(option string, value any) string {
	n, number := value.(float64)
	switch {
	case none(value) && bounds(option):
		return "unlimited"
	case none(value):
		return "none"
	case number && slices.Contains([]string{"max_age", "duplicate_window", "subject_delete_marker_ttl"}, option):
		return time.Duration(n).String()
	case number:
		return fmt.Sprintf("%.0f", n)
	}
	if words, ok := value.(string); ok {
		return words
	}
	raw, _ := json.Marshal(value)
	return string(raw)
}
