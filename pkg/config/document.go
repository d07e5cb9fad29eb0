package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxFileBytes = 1 << 20
	maxDepth     = 16
)

// readFile reads at most maxFileBytes, also from a device or a pipe.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("%s: larger than 1 MiB", name)
	}
	return data, nil
}

// parseYAML gives the top mapping of a document, nil for an empty one.
// Anchors and aliases are refused: a configuration needs none, and they are
// how a small file becomes a large one.
func parseYAML(data []byte) (*yaml.Node, error) {
	if len(data) > maxFileBytes {
		return nil, errors.New("larger than 1 MiB")
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document")
	}
	if len(doc.Content) != 1 {
		return nil, nil
	}
	top := doc.Content[0]
	if err := plain(top, 0); err != nil {
		return nil, err
	}
	if isNull(top) {
		return nil, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, errors.New("must be a mapping of keys to values")
	}
	return top, nil
}

// plain refuses what a configuration does not need.
func plain(n *yaml.Node, depth int) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return fmt.Errorf("line %d: anchors and aliases are not allowed", n.Line)
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return fmt.Errorf("line %d: tags are not allowed", n.Line)
	case depth > maxDepth:
		return fmt.Errorf("line %d: nested too deeply", n.Line)
	}
	for _, c := range n.Content {
		if err := plain(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// parseJSON gives a JSON list or object, as environment and flags carry it,
// in the shape that the file has.
func parseJSON(text string) (*yaml.Node, error) {
	if len(text) > maxFileBytes {
		return nil, errors.New("larger than 1 MiB")
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	n, err := jsonNode(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return n, nil
}

func jsonNode(dec *json.Decoder, depth int) (*yaml.Node, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	switch v := tok.(type) {
	case json.Delim:
		return jsonBranch(dec, v, depth)
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, nil
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v)}, nil
	}
}

func jsonBranch(dec *json.Decoder, open json.Delim, depth int) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	if open == '{' {
		n.Kind = yaml.MappingNode
	}
	for dec.More() {
		c, err := jsonNode(dec, depth+1)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, c)
		if n.Kind == yaml.MappingNode { // the decoder has made sure that c is a string
			if c, err = jsonNode(dec, depth+1); err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
	}
	_, err := dec.Token()
	return n, err
}
