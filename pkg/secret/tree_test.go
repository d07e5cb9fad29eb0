package secret

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What reads like a secret and is none.
func exceptions() map[string]string {
	return map[string]string{
		"gateway/admin Files.Key":              "as above",
		"gateway/engine TLS.Key":               "as above",
		"pkg/workerrpc Identity.Key":           "the path of a file; its owner alone may read it",
		"gateway obsConfig.Credentials":        "static or ecs: where the keys come from",
		"gateway/store/obs Config.Credentials": "as above",
	}
}

// Every field of a configuration that reads like a secret is one, in every
// program: a struct counts when its name says so or when one of its fields is
// a key.
func TestWhatReadsLikeASecretIsOne(t *testing.T) {
	t.Parallel()
	like := regexp.MustCompile(`(?i)token|key|secret|passw|passphrase|credential`)
	kept, seen, structs := exceptions(), map[string]bool{}, 0
	each(t, "../..", func(dir, name string, s *ast.StructType) {
		if !isConfiguration(name, s) {
			return
		}
		structs++
		for _, f := range s.Fields.List {
			names := []string{tagOf(f)}
			for _, n := range f.Names {
				names = append(names, n.Name)
			}
			if !like.MatchString(strings.Join(names, " ")) || isSecret(f.Type) {
				continue
			}
			at := dir + " " + name + "." + names[len(names)-1]
			seen[at] = true
			if _, ok := kept[at]; !ok {
				t.Errorf("%s reads like a secret; make it a secret.Ref or a secret.Value", at)
			}
		}
	})
	for at := range kept {
		if !seen[at] {
			t.Errorf("%s is an exception and not there any more", at)
		}
	}
	if structs < 20 {
		t.Errorf("%d configurations were found", structs)
	}
}

// each visits every struct type of the programs.
func each(t *testing.T, root string, visit func(dir, name string, s *ast.StructType)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == "node_modules" || n == "gen" || n == "testdata" || strings.HasPrefix(n, ".") && n != "." && n != ".." {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		names := map[ast.Node]string{} // of those that have one
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				names[n.Type] = n.Name.Name
			case *ast.StructType:
				visit(filepath.ToSlash(dir), names[n], n)
			}
			return true
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isConfiguration(name string, s *ast.StructType) bool {
	return strings.HasSuffix(strings.ToLower(name), "config") || slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool { return tagOf(f) != "" })
}

func tagOf(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	return reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("config")
}

// isSecret reports whether a type, or what a list, a table or a pointer is of,
// hides what it holds. A function or an interface holds nothing to print.
func isSecret(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		pkg, _ := x.X.(*ast.Ident)
		return pkg != nil && (pkg.Name == "secret" && slices.Contains([]string{"Ref", "URL", "Value", "Source"}, x.Sel.Name) || pkg.Name == "config" && x.Sel.Name == "Ignored")
	case *ast.StarExpr:
		return isSecret(x.X)
	case *ast.ArrayType:
		return isSecret(x.Elt)
	case *ast.MapType:
		return isSecret(x.Value)
	case *ast.FuncType:
		return true
	}
	return false
}
