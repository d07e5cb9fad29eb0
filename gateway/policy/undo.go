package policy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// History returns the newest changes first, at most limit, or all that are
// kept (1000) when limit is 0.
func (s *Store) History(ctx context.Context, limit int) ([]Change, error) {
	entries, err := s.bucket.History(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("policy history: %w", err)
	}
	if limit > 0 && len(entries) > limit {
		entries = entries[len(entries)-limit:]
	}
	changes := make([]Change, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		r, err := read(e.Value)
		if err != nil {
			return nil, fmt.Errorf("policy history: %w", err)
		}
		changes = append(changes, r.Change)
	}
	return changes, nil
}

// Undo reverses one change and keeps all later ones. When a later change
// touched the same field, Undo is refused with fault.UndoSuperseded; that
// change has to be undone first. The undo is a change of its own.
func (s *Store) Undo(ctx context.Context, version int, edit Edit) (Change, error) {
	changes, err := s.History(ctx, 0)
	if err != nil {
		return Change{}, err
	}
	i := slices.IndexFunc(changes, func(c Change) bool { return c.Version == version })
	switch {
	case i < 0:
		return Change{}, fault.New(fault.ChangeNotFound).With("version", strconv.Itoa(version))
	case changes[i].Final:
		return Change{}, fault.New(fault.NotUndoable).With("version", strconv.Itoa(version))
	}
	edit.Action, edit.Subject = cmp.Or(edit.Action, "undo"), cmp.Or(edit.Subject, strconv.Itoa(version))
	return s.Apply(ctx, edit, func(state *State) error { return revert(changes[i], state) })
}

// revert takes a change out of a state.
func revert(c Change, state *State) error {
	current, errCurrent := tree(state)
	before, errBefore := tree(c.Before)
	after, errAfter := tree(c.After)
	if err := errors.Join(errCurrent, errBefore, errAfter); err != nil {
		return err
	}
	if !replace(current, after, before) {
		return fault.New(fault.UndoSuperseded).With("version", strconv.Itoa(c.Version))
	}
	raw, err := json.Marshal(current)
	if err != nil {
		return err
	}
	*state = State{}
	return json.Unmarshal(raw, state)
}

// differ returns the parts of two states that differ. The version is not one
// of them. Lists are compared whole.
func differ(x, y map[string]any) (before, after json.RawMessage, err error) {
	delete(x, "version")
	delete(y, "version")
	strip(x, y)
	before, errBefore := json.Marshal(x)
	after, errAfter := json.Marshal(y)
	return before, after, errors.Join(errBefore, errAfter)
}

// strip removes what both have in common. A missing object counts as an empty
// one, so that each of its fields is shown as a change.
func strip(x, y map[string]any) {
	for key := range union(x, y) {
		xo, yo, objects := objects(x, y, key)
		switch {
		case objects:
			strip(xo, yo)
			keep(x, key, xo)
			keep(y, key, yo)
		case reflect.DeepEqual(x[key], y[key]):
			delete(x, key)
			delete(y, key)
		}
	}
}

// replace puts the fields of to where current has those of from. It reports
// false when current has something else there; current is then half changed
// and must not be used.
func replace(current, from, to map[string]any) bool {
	for key := range union(from, to) {
		fo, too, nested := objects(from, to, key)
		if nested {
			co, ok := current[key].(map[string]any)
			if !ok && current[key] != nil {
				return false
			}
			co = filled(co)
			if !replace(co, fo, too) {
				return false
			}
			keep(current, key, co)
			continue
		}
		if !reflect.DeepEqual(current[key], from[key]) {
			return false
		}
		delete(current, key)
		if v, ok := to[key]; ok {
			current[key] = v
		}
	}
	return true
}

// objects returns a field of both when it is an object in at least one of
// them and nothing else in the other.
func objects(x, y map[string]any, key string) (xo, yo map[string]any, ok bool) {
	xo, xok := x[key].(map[string]any)
	yo, yok := y[key].(map[string]any)
	if !xok && !yok || !xok && x[key] != nil || !yok && y[key] != nil {
		return nil, nil, false
	}
	return filled(xo), filled(yo), true
}

func keep(m map[string]any, key string, o map[string]any) {
	if len(o) == 0 {
		delete(m, key)
		return
	}
	m[key] = o
}

// union has the keys of both.
func union(x, y map[string]any) map[string]any {
	keys := maps.Clone(x)
	maps.Copy(keys, y)
	return keys
}

// tree turns anything that marshals to an object into one: numbers untouched,
// nulls gone.
func tree(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	m := map[string]any{}
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	dropNulls(m)
	return m, nil
}

// dropNulls makes null and missing the same thing.
func dropNulls(m map[string]any) {
	for key, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, key)
		case map[string]any:
			dropNulls(v)
		}
	}
}
