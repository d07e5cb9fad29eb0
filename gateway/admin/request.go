package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const maxBodyBytes = 64 << 10

// jsonOnly refuses bodies that do not say that they are JSON.
func jsonOnly(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return fault.New(fault.UnsupportedMediaType)
	}
	return nil
}

// decode reads a small strict JSON body: one object, no unknown field.
func decode(r *http.Request, into any) error {
	if err := jsonOnly(r); err != nil {
		return err
	}
	return strict(http.MaxBytesReader(nil, r.Body, maxBodyBytes), into)
}

// strict decodes one JSON value and names the field that is wrong.
func strict(body io.Reader, into any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	d.UseNumber()
	err := d.Decode(into)
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if err == nil {
		return nil
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.Wrap(fault.BodyTooLarge, err).With("most", "64 KiB")
	}
	f := fault.Wrap(fault.InvalidRequest, err)
	var typed *json.UnmarshalTypeError
	unknown, isUnknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case isUnknown:
		return f.At("/"+strings.Trim(unknown, `"`), fault.FieldUnknownField, "is not known here")
	case errors.As(err, &typed):
		return f.At(strings.TrimSuffix("/"+strings.ReplaceAll(typed.Field, ".", "/"), "/"), fault.FieldWrongType, fmt.Sprintf("must be %s, is %s", kindOf(typed.Type), typed.Value))
	default:
		return f.At("", fault.FieldSyntax, err.Error())
	}
}

// kindOf says what JSON a Go type is read from.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}

// edit reads who changes something, why, and under what conditions.
func edit(r *http.Request, action, subject string) (policy.Edit, error) {
	e := policy.Edit{Who: spoken(r, operator.HeaderWho), Action: action, Subject: subject, Reason: spoken(r, operator.HeaderReason)}
	if e.Who == "" {
		e.Who = "unnamed"
	}
	switch r.URL.Query().Get("dryRun") {
	case "", "false":
	case "true":
		e.DryRun = true
	default:
		return e, invalid("dryRun", "must be true or false")
	}
	if tag := r.Header.Get("If-Match"); tag != "" && tag != "*" {
		v, err := strconv.Atoi(strings.Trim(tag, `"`))
		if err != nil {
			return e, invalid("If-Match", "must be the version of the operator state")
		}
		e.Expect = &v
	}
	return e, nil
}

// spoken decodes a header that holds percent-encoded words of a person.
func spoken(r *http.Request, header string) string {
	raw := r.Header.Get(header)
	if text, err := url.PathUnescape(raw); err == nil {
		raw = text
	}
	return strings.TrimSpace(strings.ToValidUTF8(raw, ""))
}

func invalid(name, detail string) error {
	return fault.New(fault.InvalidRequest).At(name, fault.FieldInvalid, detail)
}

// number reads a query parameter within a range.
func number(r *http.Request, name string, fallback, least, most int) (int, error) {
	raw := r.URL.Query().Get(name)
	if raw == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < least || n > most {
		return 0, invalid(name, fmt.Sprintf("must be %d…%d", least, most))
	}
	return n, nil
}

// taskID and sessionID read an id from the path. An id of the wrong shape is
// answered like one that does not exist.
func taskID(r *http.Request) (task.ID, error) {
	if id := r.PathValue("id"); task.ValidID(id) {
		return task.ID(id), nil
	}
	return "", fault.New(fault.TaskNotFound)
}

func sessionID(r *http.Request) (task.SessionID, error) {
	if id := r.PathValue("id"); task.ValidID(id) {
		return task.SessionID(id), nil
	}
	return "", fault.New(fault.SessionNotFound)
}
