package command

import (
	"reflect"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// fieldFlags makes a flag for each field of T that names one.
func fieldFlags[T any](f *pflag.FlagSet) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, usage := field.Tag.Get("flag"), "`"+field.Tag.Get("unit")+"` "+field.Tag.Get("help")
		switch {
		case name == "":
		case field.Type.Kind() == reflect.Int64:
			f.Int64(name, 0, usage)
		default: // words and times
			f.String(name, "", usage)
		}
	}
}

// given is a merge patch of T that holds the flags a person gave. An empty
// word takes its field away.
func given[T any](f *pflag.FlagSet, now time.Time) (operator.Patch, error) {
	p := operator.Patch{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		flag := f.Lookup(field.Tag.Get("flag"))
		if flag == nil || !flag.Changed {
			continue
		}
		key, text := jsonName(field), flag.Value.String()
		switch {
		case field.Type.Kind() == reflect.Int64:
			p[key], _ = f.GetInt64(flag.Name)
		case field.Type == reflect.TypeFor[time.Time]():
			t, err := parseMoment(text, now)
			if err != nil {
				return p, app.Usage("--%s %v", flag.Name, err)
			}
			p[key] = t
		case text == "":
			p[key] = nil
		default:
			p[key] = text
		}
	}
	return p, nil
}

// jsonName is how a field is called in JSON.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}
