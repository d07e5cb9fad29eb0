package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/config"
)

const module = "github.com/imgfleet/imgfleet/"

// comments reads the words of fields from the code.
type comments struct {
	root string
	own  string                 // the directory of package main
	read map[string][]*ast.File // by directory
}

// of gives what the comment of a key's field says, or the words of its tag.
func (c *comments) of(k config.Key) (string, error) {
	if k.Help != "" {
		return strings.ToUpper(k.Unit[:1]) + k.Unit[1:] + " " + k.Help + ". 0 is no limit.", nil
	}
	dir := c.own
	if k.Package != "main" {
		dir = strings.TrimPrefix(k.Package, module)
	}
	files, err := c.files(filepath.Join(c.root, dir))
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if said := comment(f, k.Struct, k.Field); said != "" {
			return said, nil
		}
	}
	return "", fmt.Errorf("%s: %s.%s in %s has no comment that says what it does", k.Path, k.Struct, k.Field, dir)
}

func (c *comments) files(dir string) ([]*ast.File, error) {
	if files, ok := c.read[dir]; ok {
		return files, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	var errs []error
	for _, e := range entries {
		if isSource(e) {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
			files, errs = append(files, f), append(errs, err)
		}
	}
	if c.read == nil {
		c.read = map[string][]*ast.File{}
	}
	c.read[dir] = files
	return files, errors.Join(errs...)
}

func isSource(e fs.DirEntry) bool {
	return strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go")
}

// comment is that of a field of a struct in a file, in one line.
func comment(f *ast.File, name, field string) (said string) {
	ast.Inspect(f, func(n ast.Node) bool {
		t, ok := n.(*ast.TypeSpec)
		if !ok || t.Name.Name != name {
			return true
		}
		if s, ok := t.Type.(*ast.StructType); ok {
			for _, one := range s.Fields.List {
				for _, n := range one.Names {
					if n.Name == field {
						said = one.Doc.Text()
					}
				}
			}
		}
		return false
	})
	return strings.Join(strings.Fields(said), " ")
}
