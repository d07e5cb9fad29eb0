package httpapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// codesInSource finds every code that this module's source can put into a
// fault or into a task's failure.
func codesInSource(t *testing.T, root string) map[string]string {
	t.Helper()
	codes := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "ctl" || name == "testdata" || name == "node_modules" || name == "gen") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, code := range codesOf(n) {
				codes[code] = path
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func codesOf(n ast.Node) []string {
	var found []ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || len(n.Args) < 2 || (sel.Sel.Name != "New" && sel.Sel.Name != "Wrap") {
			return nil
		}
		if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "fault" {
			return nil
		}
		found = append(found, n.Args[1])
	case *ast.CompositeLit:
		sel, ok := n.Type.(*ast.SelectorExpr)
		if !ok || (sel.Sel.Name != "Fault" && sel.Sel.Name != "Failure") {
			return nil
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "provider" { // a vendor's code, for operators and logs
			return nil
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Code" {
					found = append(found, kv.Value)
				}
			}
		}
	}
	var codes []string
	for _, e := range found {
		if lit, ok := e.(*ast.BasicLit); ok {
			if code, err := strconv.Unquote(lit.Value); err == nil {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

func TestEveryCodeHasASentenceInBothLanguages(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	for code, path := range codesInSource(t, filepath.Join("..", "..")) {
		if text, ok := s[code]; !ok || text.ZH == "" || text.EN == "" {
			t.Errorf("%s: code %q has no sentence in sentences.json", path, code)
		}
	}
	for k := fault.Internal; k <= fault.Canceled; k++ {
		for _, prefix := range []string{"kind:", "title:"} {
			if text, ok := s[prefix+k.String()]; !ok || text.ZH == "" || text.EN == "" {
				t.Errorf("kind %v has no %s", k, prefix)
			}
		}
	}
}

func TestInternalFailuresTellNothing(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	f := fault.Wrap(fault.Internal, "object_key_invalid", strconv.ErrSyntax).With("key", "secret").At("/x", "y", "secret")
	p := s.describe(f, english, "r1")
	if p.Status != 500 || p.Code != "internal" || len(p.Errors) != 0 || strings.Contains(p.Detail, "secret") {
		t.Errorf("leaked: %+v", p)
	}
}
