package client

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func decode(r io.Reader) (events []Event, d *decoder, err error) {
	d = newDecoder(r)
	for {
		e, err := d.next()
		if err != nil {
			return events, d, err
		}
		e.Data = append([]byte{}, e.Data...)
		events = append(events, e)
	}
}

func TestTheStandardsExamplesAreUnderstood(t *testing.T) {
	t.Parallel()
	event := func(id, name, data string) Event { return Event{ID: id, Name: name, Data: []byte(data)} }
	for name, tc := range map[string]struct {
		in   string
		want []Event
	}{
		"OneEvent":                  {"id: 3\nevent: progress\ndata: {}\n\n", []Event{event("3", "progress", "{}")}},
		"SeveralDataLines":          {"data: a\ndata: b\n\n", []Event{event("", "message", "a\nb")}},
		"CommentsAreHeartbeats":     {": hi\n\n:\n\ndata: a\n\n", []Event{event("", "message", "a")}},
		"CarriageReturns":           {"data: a\r\rdata: b\r\n\r\n", []Event{event("", "message", "a"), event("", "message", "b")}},
		"AnIdOutlivesItsEvent":      {"id: 1\ndata: a\n\ndata: b\n\n", []Event{event("1", "message", "a"), event("1", "message", "b")}},
		"AnIdWithoutDataCounts":     {"id: 7\n\ndata: b\n\n", []Event{event("7", "message", "b")}},
		"ANameWithoutDataIsDropped": {"event: x\n\ndata: b\n\n", []Event{event("", "message", "b")}},
		"OnlyOneSpaceIsCut":         {"data:  a\n\ndata:b\n\n", []Event{event("", "message", " a"), event("", "message", "b")}},
		"EmptyData":                 {"data\n\n", []Event{event("", "message", "")}},
		"UnknownFields":             {"foo: 1\ndata: a\n\n", []Event{event("", "message", "a")}},
		"ByteOrderMark":             {"\ufeffdata: a\n\n", []Event{event("", "message", "a")}},
		"ACutEventIsDropped":        {"data: a\n\ndata: b\n", []Event{event("", "message", "a")}},
		"AnIdWithNulIsIgnored":      {"id: 1\nid: 2\x00\ndata: a\n\n", []Event{event("1", "message", "a")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := decode(strings.NewReader(tc.in))
			if !errors.Is(err, io.EOF) || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestRetryIsRead(t *testing.T) {
	t.Parallel()
	_, d, _ := decode(strings.NewReader("retry: 1500\nretry: x\nretry: -1\n\n"))
	if d.retry != 1500*time.Millisecond {
		t.Errorf("retry = %v, want 1.5 s", d.retry)
	}
}

func TestAnEndlessEventIsRefused(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"OneLine":   "data: " + strings.Repeat("x", maxEventBytes+1),
		"ManyLines": strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 2+maxEventBytes/1000),
	} {
		if _, _, err := decode(strings.NewReader(in)); !errors.Is(err, errEventTooLong) {
			t.Errorf("%s: err = %v, want %v", name, err, errEventTooLong)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add("id: 3\nevent: progress\ndata: {}\n\n")
	f.Add("retry: 5\r\n\r\ndata\rdata\r\r")
	f.Add("\ufeff: c\nid\n\ndata: a\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		whole, _, _ := decode(strings.NewReader(in))
		pieces, _, _ := decode(iotest.OneByteReader(strings.NewReader(in)))
		if !reflect.DeepEqual(whole, pieces) {
			t.Errorf("the cuts of the network matter: %q and %q", whole, pieces)
		}
		for _, e := range whole {
			if strings.ContainsAny(e.Name+e.ID, "\r\n") {
				t.Errorf("a line end in a field: %q", e)
			}
		}
	})
}
