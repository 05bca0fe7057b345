// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.yaml.in/yaml/v3"
)

const indent = 2

// Updated returns the file with what came of the tests that did not pass in place of what was expected of them. All else
// stays as it is written.
func (f *File) Updated(results []*Result) ([]byte, error) {
	lines, end := linesOf(string(f.text))
	for _, r := range slices.Backward(results) { // the lines before stay where they are
		if r.Passed() {
			continue
		}
		var err error
		if lines, err = r.rewrite(lines, end); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	text := []byte(strings.Join(lines, ""))
	written, err := parse(f.Path, text)
	if err == nil && !slices.EqualFunc(f.Tests, written.Tests, sameRecords) {
		err = errors.New("its records would change")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be updated as it is written: %w", f.Path, err)
	}
	return text, nil
}

// lineBreak is what ends a line of YAML, so that lines have the numbers that its nodes have.
var lineBreak = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")

// linesOf returns the lines of a text, each with what ends it, and what ends the first.
func linesOf(text string) (lines []string, end string) {
	end = cmp.Or(lineBreak.FindString(text), "\n")
	begin := 0
	for _, at := range lineBreak.FindAllStringIndex(text, -1) {
		lines = append(lines, text[begin:at[1]])
		begin = at[1]
	}
	if begin < len(text) {
		lines = append(lines, text[begin:]+end)
	}
	return lines, end
}

// sameRecords reports whether two tests are of the same records.
func sameRecords(a, b *Test) bool {
	var marshaler plog.ProtoMarshaler
	return a.Name == b.Name && slices.EqualFunc(a.records, b.records, func(a, b plog.Logs) bool {
		textOfA, errOfA := marshaler.MarshalLogs(a)
		textOfB, errOfB := marshaler.MarshalLogs(b)
		return errOfA == nil && errOfB == nil && bytes.Equal(textOfA, textOfB)
	})
}

// rewrite replaces the lines of what is expected of a test, or adds them at its end.
func (r *Result) rewrite(lines []string, end string) ([]string, error) {
	if r.node.Style&yaml.FlowStyle != 0 || len(r.node.Content) == 0 {
		return nil, at(r.node, "%s: is written in braces, write it as a block to have it updated", r.Name)
	}
	first := r.node.Content[0]
	written, err := r.got.yaml(strings.Repeat(" ", first.Column-1), end)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(r.node.Content); i += 2 {
		if key := r.node.Content[i]; key.Value == "expect" {
			begin := key.Line - 1
			if before := lines[begin][:key.Column-1]; strings.TrimSpace(before) != "" { // "- " of the test
				written[0] = before + strings.TrimLeft(written[0], " ")
			}
			return slices.Replace(lines, begin, endOf(lines, begin, key.Column-1), written...), nil
		}
	}
	begin := first.Line - 1
	return slices.Insert(lines, endOf(lines, begin, first.Column-2), written...), nil
}

// endOf returns the line behind those that belong to one: the ones that are indented deeper. Empty lines at their end do not
// belong to it, nor comments that are not indented as they are.
func endOf(lines []string, begin, column int) int {
	end := begin + 1
	for i := end; i < len(lines); i++ {
		text := strings.TrimLeft(lines[i], " ")
		switch deeper := len(lines[i])-len(text) > column; {
		case strings.TrimSpace(text) == "":
		case deeper:
			end = i + 1
		case !strings.HasPrefix(text, "#"):
			return end
		}
	}
	return end
}

// yaml returns the lines of what is expected, each between an indentation and its end.
func (e *Expected) yaml(before, end string) ([]string, error) {
	expect := pairsNode()
	if len(e.Calls) > 0 {
		calls := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range e.Calls {
			calls.Content = append(calls.Content, e.Calls[i].yaml())
		}
		add(expect, "calls", calls)
	}
	if len(e.Skipped) > 0 {
		skipped := &yaml.Node{Kind: yaml.SequenceNode}
		for _, s := range e.Skipped {
			n := pairsNode("record", strconv.Itoa(s.Record), "reason", s.Reason, "place", s.Place)
			n.Content[1].Tag, n.Style = "!!int", yaml.FlowStyle
			skipped.Content = append(skipped.Content, n)
		}
		add(expect, "skipped", skipped)
	}
	root := pairsNode()
	add(root, "expect", expect)
	var written bytes.Buffer
	encoder := yaml.NewEncoder(&written)
	encoder.SetIndent(indent)
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(written.String(), "\n"), "\n")
	for i := range lines {
		if lines[i] != "" {
			lines[i] = before + lines[i]
		}
		lines[i] += end
	}
	return lines, nil
}

func (c *Call) yaml() *yaml.Node {
	n := pairsNode()
	records := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, record := range c.Records {
		records.Content = append(records.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(record)})
	}
	add(n, "records", records)
	visitor := pairsNode(sorted(c.Visitor)...)
	visitor.Style = yaml.FlowStyle
	add(n, "visitor", visitor)
	add(n, "parameters", pairsNode(sorted(c.Parameters)...))
	return n
}

// pairsNode returns a map of texts.
func pairsNode(pairs ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for pair := range slices.Chunk(pairs, 2) {
		value := &yaml.Node{}
		value.SetString(pair[1])
		value.Style &^= yaml.LiteralStyle
		if strings.ContainsAny(pair[1], "\n\r\t") {
			value.Style = yaml.DoubleQuotedStyle
		}
		add(n, pair[0], value)
	}
	return n
}

func add(n *yaml.Node, key string, value *yaml.Node) {
	name := &yaml.Node{}
	name.SetString(key)
	n.Content = append(n.Content, name, value)
}
