package limit

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/imgfleet/imgfleet/pkg/config"
)

// Limits is the table: a limit is one field, and the field is all that a new
// limit needs beside the check in the stage that owns it. 0 turns a limit off.
//
// The tags give the key in configuration files and in the admin API, the unit,
// the value where nobody sets one, and words that go on after the unit:
// "tasks accepted from one session on a Shanghai day".
type Limits struct {
	SessionDaily       int64 `config:"sessionDaily" unit:"tasks" default:"20" help:"accepted from one session on a Shanghai day"`
	SessionActive      int64 `config:"sessionActive" unit:"tasks" default:"3" help:"of one session, queued or running at once"`
	SessionStreams     int64 `config:"sessionStreams" unit:"streams" default:"8" help:"of events that one session has open at once"`
	SessionUploadBytes int64 `config:"sessionUploadBytes" unit:"bytes" default:"1GiB" help:"that one session has stored as uploads at once"`
	SessionPerMinute   int64 `config:"sessionPerMinute" unit:"requests" default:"600" help:"of one session in a minute, without streams, waiting for a task, and files"`
	IPPerMinute        int64 `config:"ipPerMinute" unit:"requests" default:"120" help:"with POST from one address in a minute"`
	IPDaily            int64 `config:"ipDaily" unit:"tasks" default:"200" help:"accepted from one address in a day"`
	IPSessionsPerHour  int64 `config:"ipSessionsPerHour" unit:"sessions" default:"60" help:"begun by one address in an hour"`
	AddressConnections int64 `config:"addressConnections" unit:"connections" default:"1000" help:"from one address at once, without those that showed a good token"`
	QueueDepth         int64 `config:"queueDepth" unit:"tasks" default:"100_000" help:"of everybody, queued or running at once"`
	MaxUploadBytes     int64 `config:"maxUploadBytes" unit:"bytes" default:"64MiB" help:"of one photo"`
	MaxPixels          int64 `config:"maxPixels" unit:"pixels" default:"100_000_000" help:"of one photo"`
	TaskFen            int64 `config:"taskFen" unit:"fen" default:"200" help:"that one task may cost"`
}

// Unit is what a limit counts.
type Unit string

// The units that are written in a way of their own.
const (
	Bytes  Unit = "bytes"
	Pixels Unit = "pixels"
	Fen    Unit = "fen" // 0.01 CNY
)

// Limit is a line of the table.
type Limit struct {
	Key     string // "sessionDaily": below "limits" in a file, and in the admin API
	Unit    Unit
	Default int64
	Help    string // goes on after the unit

	field int
}

// All lists the table in its order.
func All() []Limit {
	t := reflect.TypeFor[Limits]()
	all := make([]Limit, t.NumField())
	for i := range all {
		tag := t.Field(i).Tag
		usual, err := config.ParseBytes(strings.ReplaceAll(tag.Get("default"), "_", ""))
		if err != nil {
			panic(fmt.Sprintf("limit: the default of %s %v", t.Field(i).Name, err))
		}
		all[i] = Limit{Key: tag.Get("config"), Unit: Unit(tag.Get("unit")), Default: int64(usual), Help: tag.Get("help"), field: i}
	}
	return all
}

// Find returns a limit by its key.
func Find(key string) (l Limit, known bool) {
	for _, l := range All() {
		if l.Key == key {
			return l, true
		}
	}
	return Limit{}, false
}

// Flag is the limit as a flag is spelled: session-daily.
func (l Limit) Flag() string {
	var b strings.Builder
	for i, r := range l.Key {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Of is the limit's value in a set of limits.
func (l Limit) Of(s Limits) int64 { return reflect.ValueOf(s).Field(l.field).Int() }

// Defaults are the limits that apply where nobody sets any.
func Defaults() (s Limits) {
	for _, l := range All() {
		reflect.ValueOf(&s).Elem().Field(l.field).SetInt(l.Default)
	}
	return s
}

// With returns the limits with overrides on top. Unknown keys are ignored: a
// newer version of us wrote them.
func (s Limits) With(overrides map[string]int64) Limits {
	for _, l := range All() {
		if value, given := overrides[l.Key]; given {
			reflect.ValueOf(&s).Elem().Field(l.field).SetInt(value)
		}
	}
	return s
}

// Validate names every limit that is negative.
func (s Limits) Validate() error {
	var errs []error
	for _, l := range All() {
		if v := l.Of(s); v < 0 {
			errs = append(errs, fmt.Errorf("limits.%s: must not be negative, is %d", l.Key, v))
		}
	}
	return errors.Join(errs...)
}
