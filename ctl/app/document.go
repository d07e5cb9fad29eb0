package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"go.yaml.in/yaml/v3"
)

const (
	maxDocumentBytes = 1 << 20
	maxDepth         = 32
)

// ReadDocument reads a YAML or JSON file ("-" is stdin) as JSON. Whether it
// is a good document is the gateway's to say.
func (a *App) ReadDocument(path string) ([]byte, error) {
	raw, err := a.readFile(path)
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(raw, &node); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if node.Kind == 0 {
		return nil, fmt.Errorf("%s: is empty", path)
	}
	value, err := plainValue(&node, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return json.Marshal(value)
}

func (a *App) readFile(path string) ([]byte, error) {
	in := a.Streams.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxDocumentBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(raw) > maxDocumentBytes {
		return nil, fmt.Errorf("%s: is larger than 1 MiB", path)
	}
	return raw, nil
}

// plainValue turns YAML into what JSON can say. A date stays the text that it
// was written as; aliases are refused, since a few of them can stand for
// gigabytes.
func plainValue(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: is nested too deeply", n.Line)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return plainValue(n.Content[0], depth)
	case yaml.MappingNode:
		return plainObject(n, depth)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = plainValue(item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		return plainScalar(n)
	default:
		return nil, fmt.Errorf("line %d: aliases are not allowed here", n.Line)
	}
}

func plainObject(n *yaml.Node, depth int) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if _, twice := object[key.Value]; twice {
			return nil, fmt.Errorf("line %d: %q is given twice", key.Line, key.Value)
		}
		v, err := plainValue(value, depth+1)
		if err != nil {
			return nil, err
		}
		object[key.Value] = v
	}
	return object, nil
}

func plainScalar(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strconv.ParseBool(n.Value)
	case "!!int", "!!float":
		var number float64
		if err := n.Decode(&number); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		if _, err := json.Marshal(number); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, errors.New("is no number that JSON can say"))
		}
		return number, nil
	default:
		return n.Value, nil
	}
}
