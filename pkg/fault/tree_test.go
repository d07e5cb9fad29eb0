package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault/faulttest"
)

// source walks the product code of the tree: no tests, no generated code, and
// no vendors, whose codes are their own.
func source(t *testing.T, visit func(fset *token.FileSet, path string, file *ast.File)) {
	t.Helper()
	root, files := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		switch rel = filepath.ToSlash(rel); {
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "node_modules" || d.Name() == "gen" ||
			rel == "worker/provider" || rel == "pkg/fault"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		files++
		visit(fset, rel, file)
		return err
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, err %v", files, err)
	}
}

// oldCodes is the one file that may spell codes: those that are gone.
const oldCodes = "pkg/workerrpc/refusal.go"

func TestACodeIsSpelledInOnePlaceOnly(t *testing.T) {
	t.Parallel()
	spelled := make(map[string]string)
	for name, code := range faulttest.Codes(t) {
		spelled[string(code)] = name
	}
	source(t, func(fset *token.FileSet, path string, file *ast.File) {
		if path == oldCodes {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, lit := range literalCodes(n) {
				t.Errorf("%s: %s is a constant of package fault", fset.Position(lit.Pos()), lit.Value)
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				word, _ := strconv.Unquote(lit.Value)
				if name, ok := spelled[word]; ok && strings.Contains(word, "_") {
					t.Errorf("%s: %s is fault.%s", fset.Position(lit.Pos()), lit.Value, name)
				}
			}
			return true
		})
	})
}

// literalCodes finds what is given as a code and is not a constant.
func literalCodes(n ast.Node) (found []*ast.BasicLit) {
	if kv, ok := n.(*ast.KeyValueExpr); ok {
		key, _ := kv.Key.(*ast.Ident)
		if lit, ok := kv.Value.(*ast.BasicLit); ok && key != nil && key.Name == "Code" && lit.Kind == token.STRING {
			found = append(found, lit)
		}
	}
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return found
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return found
	}
	pkg, _ := sel.X.(*ast.Ident)
	at := -1
	switch {
	case pkg != nil && pkg.Name == "fault" && (sel.Sel.Name == "New" || sel.Sel.Name == "Wrap" || sel.Sel.Name == "Code" || sel.Sel.Name == "FieldCode"),
		pkg != nil && pkg.Name == "task" && sel.Sel.Name == "Fail":
		at = 0
	case sel.Sel.Name == "At" && len(call.Args) == 3:
		at = 1
	}
	if at < 0 || at >= len(call.Args) {
		return found
	}
	if lit, ok := call.Args[at].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		found = append(found, lit)
	}
	return found
}

func TestEveryCodeIsSaidSomewhere(t *testing.T) {
	t.Parallel()
	said := map[string]bool{
		"InternalError":  true, // what nobody classified
		"PictureRefused": true, // by a service that judges pictures; the local judge refuses none
	}
	source(t, func(_ *token.FileSet, _ string, file *ast.File) { uses(file, said) })
	for name := range faulttest.Codes(t) {
		if !said[name] {
			t.Errorf("nothing says fault.%s", name)
		}
	}
	for name := range faulttest.FieldCodes(t) {
		if !said[name] {
			t.Errorf("nothing says fault.%s", name)
		}
	}
}

// uses notes the constants of package fault that are given away. To compare
// with one, or to look something up by it, is not to say it.
func uses(root ast.Node, said map[string]bool) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			return n.Op != token.EQL && n.Op != token.NEQ
		case *ast.CaseClause:
			for _, s := range n.Body {
				uses(s, said)
			}
			return false
		case *ast.KeyValueExpr:
			uses(n.Value, said)
			return false
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "fault" {
				said[n.Sel.Name] = true
			}
		}
		return true
	})
}
