// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Suite is what came of one file, for a report.
type Suite struct {
	Path    string
	Results []*Result
	// Err is why the file could not be run.
	Err error
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a report as CI systems read it.
func WriteJUnit(w io.Writer, suites []Suite) error {
	var all junitSuites
	for _, s := range suites {
		suite := s.junit()
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *Suite) junit() junitSuite {
	suite := junitSuite{Name: s.Path}
	var took time.Duration
	for _, r := range s.Results {
		c := junitCase{Class: s.Path, Name: r.Name, File: s.Path, Time: seconds(r.Took)}
		if !r.Passed() {
			c.Failure = &junitMessage{Message: fmt.Sprintf("%s:%d", s.Path, r.Line), Text: strings.Join(r.Differences, "\n")}
			suite.Failures++
		}
		took += r.Took
		suite.Cases = append(suite.Cases, c)
	}
	if s.Err != nil {
		suite.Errors++
		suite.Cases = append(suite.Cases, junitCase{
			Class: s.Path, Name: "the file", File: s.Path, Time: seconds(0), Error: &junitMessage{Message: "the file cannot be run", Text: s.Err.Error()},
		})
	}
	suite.Tests, suite.Time = len(suite.Cases), seconds(took)
	return suite
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
