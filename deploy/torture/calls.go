package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/deploy/torture/payments"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// call is one line of the providers' journal: a call that would be paid.
type call struct {
	ID string    `json:"id"` // of the attempt: the task's, a separator, the number
	At time.Time `json:"at"`
}

// attempt takes the id apart.
func (c call) attempt() (id task.ID, number int, ok bool) {
	i := strings.LastIndexFunc(c.ID, func(r rune) bool { return r < '0' || r > '9' })
	if i < 1 {
		return "", 0, false
	}
	number, err := strconv.Atoi(c.ID[i+1:])
	return task.ID(c.ID[:i]), number, err == nil && number > 0 && task.ValidID(c.ID[:i])
}

// calls are all calls by task and attempt number.
type calls map[task.ID]map[int][]call

func (cs calls) count() (n int) {
	for _, attempts := range cs {
		for _, made := range attempts {
			n += len(made)
		}
	}
	return n
}

// readCalls reads the journal that the mock providers write.
func readCalls(path string) (calls, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return calls{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return parseCalls(f)
}

// parseCalls reads lines; one that a kill cut short is an error, because a
// line is one write.
func parseCalls(r io.Reader) (calls, error) {
	out := calls{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var c call
		err := json.Unmarshal(lines.Bytes(), &c)
		id, number, ok := c.attempt()
		if err != nil || !ok {
			return nil, fmt.Errorf("line %d of the journal is %q", n, lines.Text())
		}
		if out[id] == nil {
			out[id] = map[int][]call{}
		}
		out[id][number] = append(out[id][number], c)
	}
	return out, lines.Err()
}

// audit compares a record with policy and with the calls that were made for
// it. doublePaid is the fen that policy allowed to go on with after unknown
// outcomes.
func audit(t operator.Task, made map[int][]call, unknown string) (faults []string, doublePaid int64) {
	faults, doublePaid = payments.Judge(t, unknown)
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	recorded := map[int]bool{}
	for _, a := range t.Attempts {
		recorded[a.Number] = true
		n := len(made[a.Number])
		if n > 1 {
			say("attempt %d was called %d times", a.Number, n)
		}
		if n > 0 && a.Outcome == task.NotSent {
			say("attempt %d was called but counts as not sent", a.Number)
		}
		if n == 0 && a.Outcome == task.OK {
			say("attempt %d gave a picture and was never called", a.Number)
		}
	}
	for number := range made {
		if !recorded[number] {
			say("a call was made for attempt %d, which no record knows", number)
		}
	}
	return faults, doublePaid
}
