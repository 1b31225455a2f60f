package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// ourPackages begin the paths of packages of this module.
const ourPackages = "github.com/tablehaul/tablehaul/"

// comments are those of the fields of a package's structs, by "Type.Field".
var comments = func() func(pkg string) map[string]string {
	var mu sync.Mutex
	known := map[string]map[string]string{}
	return func(pkg string) map[string]string {
		mu.Lock()
		defer mu.Unlock()
		if known[pkg] == nil {
			known[pkg] = readComments(pkg)
		}
		return known[pkg]
	}
}()

// readComments reads a package of this module. The types of a program have the package path "main".
func readComments(pkg string) map[string]string {
	out := map[string]string{}
	dir, ours := strings.CutPrefix(pkg, ourPackages)
	switch {
	case pkg == "main" || dir == "starter":
		dir = "."
	case !ours:
		return out
	default:
		dir = filepath.Join("..", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return out
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments)
		if err != nil {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					readFields(out, spec.Name.Name, s)
				}
			}
			return true
		})
	}
	return out
}

func readFields(out map[string]string, typ string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			out[typ+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
}

// describe adds the comments of the Go fields to a schema, all the way down.
func describe(s *jsonschema.Schema, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch typ.Kind() {
	case reflect.Slice, reflect.Array:
		if s.Items != nil {
			describe(s.Items, typ.Elem())
		}
	case reflect.Map:
		if s.AdditionalProperties != nil {
			describe(s.AdditionalProperties, typ.Elem())
		}
	case reflect.Struct:
		describeFields(s, typ)
	default:
	}
}

func describeFields(s *jsonschema.Schema, typ reflect.Type) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous && f.Tag.Get("json") == "" {
			describe(s, f.Type)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := s.Properties[name]
		if property == nil {
			continue
		}
		if property.Description == "" {
			property.Description = comments(typ.PkgPath())[typ.Name()+"."+f.Name]
		}
		describe(property, f.Type)
	}
}
