package command

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// armText writes an arm as it is given on the command line; its provider says
// which model.
func armText(a operator.Arm) string {
	text := a.Name + "=" + a.Provider
	v := reflect.ValueOf(a)
	for _, field := range armFields() {
		value, key := v.FieldByIndex(field.Index), jsonName(field)
		if !value.IsZero() && key != "model" && (key != "weight" || a.Weight > 1) {
			text += fmt.Sprintf(",%s=%v", key, value)
		}
	}
	return text
}

// parseArm reads NAME=PROVIDER[,KEY=VALUE…].
func parseArm(s string) (a operator.Arm, err error) {
	first, rest, more := strings.Cut(s, ",")
	var found bool
	if a.Name, a.Provider, found = strings.Cut(first, "="); !found || a.Name == "" || a.Provider == "" {
		return a, app.Usage("--arm must be NAME=PROVIDER[,KEY=VALUE…], is %q", s)
	}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		if err := setArm(&a, part); err != nil {
			return a, err
		}
	}
	return a, nil
}

// setArm takes over one KEY=VALUE.
func setArm(a *operator.Arm, part string) error {
	key, text, _ := strings.Cut(part, "=")
	var known []string
	for _, field := range armFields() {
		known = append(known, jsonName(field))
		if jsonName(field) != key {
			continue
		}
		value := reflect.ValueOf(a).Elem().FieldByIndex(field.Index)
		if value.Kind() == reflect.String && text != "" {
			value.SetString(text)
		} else if err := json.Unmarshal([]byte(text), value.Addr().Interface()); err != nil {
			return app.Usage("%s must be a number, is %q", key, text)
		}
		return nil
	}
	return app.Usage("an arm has %s, and no %q", strings.Join(known, ", "), key)
}

// armFields are those that a KEY of an arm may name: all but name and provider,
// which are the first two.
func armFields() []reflect.StructField {
	return reflect.VisibleFields(reflect.TypeFor[operator.Arm]())[2:]
}
