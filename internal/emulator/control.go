// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"errors"
	"io"
	"net/http"
	"strconv"
)

const maxControlBytes = 1 << 20

// control is one thing that can be asked for or changed.
type control struct {
	get    func(r *http.Request) answer
	change func(body []byte) error
	// method is that of change.
	method string
}

func (e *Emulator) controls(name string) control {
	switch name {
	case "stats":
		return control{get: func(*http.Request) answer { return jsonAnswer(http.StatusOK, e.Stats()) }}
	case "profiles":
		return control{get: e.showProfiles}
	case "visitors":
		return control{get: e.showVisitors}
	case "visitor":
		return control{get: e.showVisitor}
	case "call":
		return control{get: e.showCall}
	case "history":
		return control{get: e.showHistory}
	case "receipts":
		return control{get: e.showReceipts, method: http.MethodPut, change: e.changeReceipts}
	case "faults":
		return control{get: e.showFaults, method: http.MethodPut, change: e.changeFaults}
	case "uploads":
		return control{get: e.showUploads}
	case "single":
		return control{method: http.MethodPut, change: e.changeSingle}
	case "bulk":
		return control{method: http.MethodPut, change: e.changeBulk}
	case "latency":
		return control{get: e.showLatency, method: http.MethodPut, change: e.changeLatency}
	case "token":
		return control{method: http.MethodPut, change: e.changeToken}
	case "quota":
		return control{get: e.showQuota, method: http.MethodPut, change: e.changeQuota}
	case "reset":
		return control{method: http.MethodPost, change: func([]byte) error { e.Reset(); return nil }}
	}
	return control{}
}

func (e *Emulator) serveControl(w http.ResponseWriter, r *http.Request, name string) {
	c := e.controls(name)
	switch {
	case name == "events" && r.Method == http.MethodGet:
		e.serveEvents(w, r)
	case c.get == nil && c.change == nil:
		jsonError(http.StatusNotFound, "the control has no such path").write(w)
	case c.get != nil && r.Method == http.MethodGet:
		c.get(r).write(w)
	case c.change != nil && r.Method == c.method:
		changed(r, c.change).write(w)
	default:
		a := jsonError(http.StatusMethodNotAllowed, "the control does not take this method here")
		a.allow = c.allowed()
		a.write(w)
	}
}

func (c control) allowed() string {
	switch {
	case c.change == nil:
		return http.MethodGet
	case c.get == nil:
		return c.method
	}
	return http.MethodGet + ", " + c.method
}

func changed(r *http.Request, change func([]byte) error) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxControlBytes+1))
	if err == nil && len(body) > maxControlBytes {
		err = errors.New("the body has more than 1 MiB")
	}
	if err == nil {
		err = change(body)
	}
	if err != nil {
		return jsonError(http.StatusBadRequest, err.Error())
	}
	return answer{status: http.StatusNoContent}
}

func (e *Emulator) showProfiles(r *http.Request) answer {
	limit, limitErr := wholeNumber(r, "limit")
	offset, offsetErr := wholeNumber(r, "offset")
	if err := errors.Join(limitErr, offsetErr); err != nil {
		return jsonError(http.StatusBadRequest, err.Error())
	}
	s := e.current().store
	keys := s.keys()
	total := len(keys)
	keys = keys[min(offset, total):]
	if limit > 0 {
		keys = keys[:min(limit, len(keys))]
	}
	return jsonAnswer(http.StatusOK, struct {
		Total    int       `json:"total"`
		Profiles []Profile `json:"profiles"`
	}{total, s.profiles(keys)})
}

func wholeNumber(r *http.Request, name string) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, errors.New(name + " must be a whole number, 0 or more")
	}
	return n, nil
}

func (e *Emulator) showHistory(r *http.Request) answer {
	if !e.settings.History {
		return jsonError(http.StatusConflict, "the history is off")
	}
	return jsonAnswer(http.StatusOK, e.History(r.URL.Query().Get("visitor")))
}

func (e *Emulator) showReceipts(*http.Request) answer {
	return jsonAnswer(http.StatusOK, e.Receipts())
}

func (e *Emulator) changeReceipts(body []byte) error {
	var w receiptsWire
	if err := decodeStrictly(body, &w); err != nil {
		return err
	}
	e.SetReceipts(w.Prefix)
	return nil
}

func (e *Emulator) showFaults(*http.Request) answer {
	return jsonAnswer(http.StatusOK, e.faultsOnWire())
}

func (e *Emulator) faultsOnWire() []faultWire {
	onWire := []faultWire{}
	for _, f := range e.Faults() {
		onWire = append(onWire, faultOnWire(f))
	}
	return onWire
}

func (e *Emulator) changeFaults(body []byte) error {
	var onWire []faultWire
	if err := decodeStrictly(body, &onWire); err != nil {
		return err
	}
	faults := make([]Fault, 0, len(onWire))
	for i, w := range onWire {
		f, err := w.fault()
		if err != nil {
			return errors.New("fault " + strconv.Itoa(i+1) + ": " + err.Error())
		}
		faults = append(faults, f)
	}
	return e.SetFaults(faults)
}

func (e *Emulator) showLatency(*http.Request) answer {
	return jsonAnswer(http.StatusOK, e.latencyOnWire())
}

func (e *Emulator) latencyOnWire() latencyWire {
	latency := e.latency.get()
	return latencyWire{Fixed: duration(latency.Fixed), Jitter: duration(latency.Jitter)}
}

func (e *Emulator) changeLatency(body []byte) error {
	var w latencyWire
	if err := decodeStrictly(body, &w); err != nil {
		return err
	}
	return e.SetLatency(Latency{Fixed: w.Fixed.std(), Jitter: w.Jitter.std()})
}

func (e *Emulator) changeToken(body []byte) error {
	var w tokenWire
	if err := decodeStrictly(body, &w); err != nil {
		return err
	}
	e.SetToken(w.Token)
	return nil
}

func (e *Emulator) changeQuota(body []byte) error {
	var w quotaWire
	if err := decodeStrictly(body, &w); err != nil {
		return err
	}
	return e.SetQuota(Quota{Calls: w.Calls, Window: w.Window.std(), RetryAfter: w.RetryAfter.std()})
}
