// Package faulttest lists the codes of package fault for tests that hold
// tables and sentences against them.
package faulttest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Codes reads every code that package fault declares, by the name of its
// constant.
func Codes(tb testing.TB) map[string]fault.Code {
	tb.Helper()
	return declared[fault.Code](tb, "Code", "*.go")
}

// FieldCodes reads every code of a field that clients may see.
func FieldCodes(tb testing.TB) map[string]fault.FieldCode {
	tb.Helper()
	return declared[fault.FieldCode](tb, "FieldCode", "public.go")
}

func declared[C ~string](tb testing.TB, typeName, files string) map[string]C {
	tb.Helper()
	_, here, _, _ := runtime.Caller(0)
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(here), "..", files))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no source of package fault: %v", err)
	}
	codes := make(map[string]C)
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			tb.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				typ, _ := spec.Type.(*ast.Ident)
				lit, _ := spec.Values[0].(*ast.BasicLit)
				if typ != nil && lit != nil && typ.Name == typeName {
					code, _ := strconv.Unquote(lit.Value)
					codes[spec.Names[0].Name] = C(code)
				}
			}
			return true
		})
	}
	return codes
}
