// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheOperatorsPageHasEveryValueOfALabel goes by metadata.yaml, which tests of the rooms hold against their constants.
func TestTheOperatorsPageHasEveryValueOfALabel(t *testing.T) {
	text := readFile(t, "../"+operating)
	values := 0
	for name, attribute := range readYAML(t, "../metadata.yaml")["attributes"].(map[string]any) {
		list, _ := attribute.(map[string]any)["enum"].([]any)
		for _, value := range list {
			values++
			if !strings.Contains(text, "`"+value.(string)+"`") {
				t.Errorf("%s has no %s of %s", operating, value, name)
			}
		}
	}
	assert.Greater(t, values, 50)
}

func TestTheOperatorsPageHasEveryLineOfTheLog(t *testing.T) {
	text := readFile(t, "../"+operating)
	lines := logLines(t)
	assert.Greater(t, len(lines), 30)
	for _, line := range lines {
		if !strings.Contains(text, line) {
			t.Errorf("%s has no line %q", operating, line)
		}
	}
}

func TestLinesOfTheLogAreFoundInCode(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
func f() {
	s.set.Logger.Warn("dry_run is on: nothing is sent", zap.String("reason", "no line"))
	logger.Warn(fmt.Sprintf("profile::%d::prefix: %q has no dot at its end: more", i, p))
	say(err, s.set.Logger.Error, "The outbox cannot be read, so nothing is sent; said seldom", zap.Error(err))
	message := "The quota is used up: updates go by route " + name
	redis := remedy{"ERR what Redis says", true, "nor"}
	return errors.New("an error is none of the log"), fmt.Errorf("nor is this one: %w", err)
}`, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"dry_run is on: nothing is sent", "has no dot at its end: more",
		"The outbox cannot be read, so nothing is sent", "The quota is used up: updates go by route",
	}, linesOf(file))
}

// logLines returns how the lines begin that the exporter may write to the log.
func logLines(t *testing.T) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("../exporter/*/*.go")
	require.NoError(t, err)
	own, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	for _, name := range append(files, own...) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "config") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		lines = append(lines, linesOf(file)...)
	}
	return lines
}

// linesOf returns the texts in a file that are said to the log: those that are given to a logger, and those that begin as a
// sentence does, for errors do not. A text that is put together of several counts by its longest constant part.
func linesOf(file *ast.File) (lines []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			if logs(n.Fun) && len(n.Args) > 0 {
				lines = append(lines, constantPart(n.Args[0])...)
				return false
			}
			if name := calledName(n); name == "zap.String" { // a field
				return false
			}
		case *ast.KeyValueExpr: // a remedy, which the line of its reason has
			if _, named := n.Value.(*ast.BasicLit); named {
				return false
			}
		case *ast.BinaryExpr:
			if found := constantPart(n); len(found) > 0 && sentence(found[0]) {
				lines = append(lines, found...)
			}
			return false
		case *ast.BasicLit:
			if found := constantPart(n); len(found) > 0 && sentence(found[0]) {
				lines = append(lines, found...)
			}
		}
		return true
	})
	return lines
}

// logs reports whether a function writes to a logger.
func logs(fun ast.Expr) bool {
	method, ok := fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Info", "Warn", "Error"}, method.Sel.Name) {
		return false
	}
	switch on := method.X.(type) {
	case *ast.SelectorExpr:
		return strings.EqualFold(on.Sel.Name, "logger")
	case *ast.Ident:
		return strings.EqualFold(on.Name, "logger")
	}
	return false
}

func calledName(call *ast.CallExpr) string {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	on, ok := method.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return on.Name + "." + method.Sel.Name
}

// sentence reports whether a text is one, by a capital letter and three words. What Redis says begins with a word in capitals.
func sentence(text string) bool {
	return strings.Count(text, " ") >= 2 && unicode.IsUpper(rune(text[0])) && !unicode.IsUpper(rune(text[1]))
}

// verb is what fmt puts a value in the place of.
var verb = regexp.MustCompile(`%[a-z]`)

// constantPart returns the longest part of a text that is always the same, up to what says how often.
func constantPart(e ast.Expr) []string {
	longest := ""
	first := true
	ast.Inspect(e, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING || !first {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			return true
		}
		first = false
		text, _, _ = strings.Cut(text, "; said ")
		for _, part := range verb.Split(text, -1) {
			if part = strings.Trim(part, " :,;"); len(part) > len(longest) {
				longest = part
			}
		}
		return true
	})
	if longest == "" {
		return nil
	}
	return []string{longest}
}
