// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// longestUpload is for how long Target works on an upload at most.
const longestUpload = 15 * time.Second

// beginningOfUpload begins the body of an upload.
const beginningOfUpload = "batch=thirdPartyId"

// crashUploads are the uploads that a crashTarget has taken. Each takes effect a while later, in
// any order but for one: of two that are the same, the first is done first.
type crashUploads struct {
	refusing bool // all of them, for now
	// rowFails and stuck are how many there are for each that ends so, 0 for none: of the rows those
	// of a few visitors, once, and of the uploads those of several.
	rowFails, stuck int
	// poisons is what becomes of uploads with visitors whose calls all fail.
	poisons string
	most    int // rows of one

	taken []*crashUpload
	calls []time.Time // with those for their status
	// failed are the visitors who may be given up for what Target has said of their rows.
	failed map[string]bool
	// faults are what an exporter must not do.
	faults []string
}

// crashUpload is one that was taken.
type crashUpload struct {
	rows   map[string]url.Values
	over   bool // it overrides those before it
	ends   time.Time
	state  string
	fails  map[string]bool // rows
	untold bool            // its status is never told
	lost   bool            // its answer was
}

// works lets uploads take effect whose time has come. It is called with the lock held.
func (s *crashTarget) works() {
	now := time.Now()
	var done []*crashUpload
	for _, u := range s.uploads.taken {
		if u.state == "incomplete" && !u.ends.After(now) {
			done = append(done, u)
		}
	}
	slices.SortStableFunc(done, func(a, b *crashUpload) int { return a.ends.Compare(b.ends) })
	for _, u := range done {
		u.state = "complete"
		switch {
		case !u.untold && s.poisoned(u) && s.uploads.poisons == "stuck", !u.untold && !u.lost && len(u.rows) > 1 && s.random.chance(s.uploads.stuck):
			u.state = "stuck"
			s.gaveUp(u)
		case !u.untold && !u.lost:
			for visitor := range u.rows {
				if s.poison[visitor] && s.uploads.poisons == "row" ||
					strings.HasSuffix(visitor, "3") && s.random.chance(s.uploads.rowFails) && !s.uploads.failed[visitor] {
					u.fails[visitor], s.uploads.failed[visitor] = true, true
				}
			}
		}
		for visitor, row := range u.rows {
			if u.fails[visitor] || u.state == "stuck" && s.random.chance(2) {
				continue
			}
			if u.over {
				s.override(visitor, row)
			}
			s.apply(visitor, row)
		}
	}
}

// gaveUp notes that who stands in an upload alone may be given up for it.
func (s *crashTarget) gaveUp(u *crashUpload) {
	for visitor := range u.rows {
		if len(u.rows) == 1 {
			s.uploads.failed[visitor] = true
		}
	}
}

func (s *crashTarget) poisoned(u *crashUpload) bool {
	for visitor := range u.rows {
		if s.poison[visitor] {
			return true
		}
	}
	return false
}

// override takes away what earlier uploads have set of a visitor and this one lacks: so the rule of
// consecutive uploads may be read.
func (s *crashTarget) override(visitor string, row url.Values) {
	for parameter := range s.uploaded[visitor] {
		if !row.Has("profile." + parameter) {
			delete(s.left[visitor], parameter)
		}
	}
	s.uploaded[visitor] = make(map[string]bool)
	for name := range row {
		s.uploaded[visitor][strings.TrimPrefix(name, "profile.")] = true
	}
}

// standsIn notes a fault when a visitor is sent something and stands in an upload that is not done,
// unless it is what that holds, of which the answer was lost.
func (s *crashTarget) standsIn(what, visitor string, again *crashUpload) {
	for n, u := range s.uploads.taken {
		if _, in := u.rows[visitor]; !in || u.state != "incomplete" || again != nil && u.lost && reflect.DeepEqual(u.rows[visitor], again.rows[visitor]) {
			continue
		}
		s.uploads.faults = append(s.uploads.faults, fmt.Sprintf("%s of %s, who stands in upload %d of %d", what, visitor, n, len(s.uploads.taken)))
	}
}

// isUploaded takes an upload, and returns the status and the text of the answer, 0 for none.
func (s *crashTarget) isUploaded(path string, body []byte) (status int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works()
	s.uploads.calls = append(s.uploads.calls, time.Now())
	u := &crashUpload{
		rows: rowsOf(body), over: strings.Contains(path, "/v2/"), state: "incomplete", fails: make(map[string]bool),
		ends: time.Now().Add(time.Duration(1+s.random.IntN(int(longestUpload/time.Millisecond))) * time.Millisecond),
	}
	if len(u.rows) > s.uploads.most {
		s.uploads.faults = append(s.uploads.faults, fmt.Sprintf("an upload of %d rows", len(u.rows)))
	}
	fails := s.outage || s.random.chance(s.failing)
	switch {
	case fails && s.random.chance(2):
		return s.failedUpload(true)
	case s.uploads.refusing, s.poisoned(u) && s.uploads.poisons == "refused":
		s.gaveUp(u)
		return http.StatusOK, "<response><success>false</success><batchStatus></batchStatus><message>no</message></response>"
	}
	for visitor := range u.rows {
		s.standsIn("upload", visitor, u)
	}
	for _, same := range s.uploads.taken {
		if same.state == "incomplete" && reflect.DeepEqual(same.rows, u.rows) && same.ends.After(u.ends) {
			u.ends = same.ends
		}
	}
	s.uploads.taken = append(s.uploads.taken, u)
	if fails {
		u.lost = true
		return s.failedUpload(false)
	}
	where := "http://target.invalid/m2/acme/profile/batchStatus?batchId=" + strconv.Itoa(len(s.uploads.taken)-1)
	if u.untold = s.random.chance(25); u.untold {
		where = []string{"", "http://elsewhere.invalid/status?batchId=0", where}[s.random.IntN(3)]
	}
	return http.StatusOK, "<response><success>true</success><batchStatus>" + where + "</batchStatus><message>Batch submitted</message></response>"
}

// forgets notes that the process may have ended before it had written what became of its last upload.
func (s *crashTarget) forgets() {
	if n := len(s.uploads.taken); n > 0 {
		s.uploads.taken[n-1].lost = true
	}
}

// failedUpload is the answer of a call that failed. A pause of 65 s is seldom, and never comes of one
// that was taken.
func (s *crashTarget) failedUpload(throttled bool) (int, string) {
	answers := []int{0, http.StatusInternalServerError, http.StatusBadGateway}
	if throttled && s.random.chance(3) {
		answers = []int{http.StatusTooManyRequests, http.StatusTooManyRequests, http.StatusServiceUnavailable}
	}
	return answers[s.random.IntN(len(answers))], ""
}

// isAsked tells the status of an upload.
func (s *crashTarget) isAsked(query url.Values) (status int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works()
	s.uploads.calls = append(s.uploads.calls, time.Now())
	n, err := strconv.Atoi(query.Get("batchId"))
	if err != nil || n >= len(s.uploads.taken) {
		panic("a status of no upload")
	}
	u := s.uploads.taken[n]
	switch {
	case u.untold:
		return http.StatusNotFound, ""
	case s.outage || s.random.chance(s.failing):
		return s.failedUpload(true)
	}
	var rows bytes.Buffer
	if u.state == "complete" {
		for visitor := range u.fails {
			fmt.Fprintf(&rows, "<profile><id>%s</id><status>failed</status></profile>", visitor)
		}
	}
	return http.StatusOK, fmt.Sprintf("<response><status>%s</status><batchSize>%d</batchSize><failedUpdates>%d</failedUpdates>%s</response>",
		u.state, len(u.rows), len(u.fails), &rows)
}

// rowsOf returns the rows of a file, each as the form of a call would be.
func rowsOf(body []byte) map[string]url.Values {
	text, is := strings.CutPrefix(string(body), beginningOfUpload)
	if !is {
		panic("not the file of an upload")
	}
	lines := strings.Split(text, "\n")
	names := strings.Split(lines[0], ",")
	rows := make(map[string]url.Values)
	for _, line := range lines[1:] {
		fields := strings.Split(line, ",")
		row := url.Values{}
		for n, field := range fields[1:] {
			if field != "" {
				value, err := url.PathUnescape(field)
				if err != nil {
					panic(err)
				}
				row.Set("profile."+names[n+1], value)
			}
		}
		if rows[fields[0]] != nil {
			panic("two rows of a visitor")
		}
		rows[fields[0]] = row
	}
	return rows
}

// callTarget carries out any call, and returns its answer.
func (s *crashTarget) callTarget(req *http.Request, body []byte) (status int, text string) {
	switch path := req.URL.Path; {
	case strings.HasSuffix(path, "/batchUpdate"):
		return s.isUploaded(path, body)
	case strings.HasSuffix(path, "/batchStatus"):
		if req.URL.Host != "target.invalid" {
			panic("a status is asked for elsewhere")
		}
		return s.isAsked(req.URL.Query())
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		panic(err)
	}
	return s.arrives(form), "true"
}

// bodyOf reads the body of a request, if it has one.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// mostWithin returns the largest number of calls within any time of that length.
func mostWithin(calls []time.Time, window time.Duration) (most int) {
	first := 0
	for i, at := range calls {
		for at.Sub(calls[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
