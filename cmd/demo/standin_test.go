// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// behavior is the environment variable that makes a stand-in behave otherwise.
const behavior = "DEMO_TEST_BEHAVIOR"

// TestMain lets the test's own binary stand in for the programs that the demo
// starts, which it tells apart by their flags.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "emulator":
			os.Exit(playEmulator(os.Getenv(behavior)))
		case "--config":
			os.Exit(playCollector(os.Getenv(behavior)))
		case "-play":
			os.Exit(play(os.Args[2]))
		}
	}
	goleak.VerifyTestMain(m)
}

func play(what string) int {
	switch what {
	case "demo":
		self, _ := os.Executable()
		o := options{collector: self, emulator: self, config: "demo.yaml", data: os.Args[3], listen: "127.0.0.1:0", wait: time.Minute}
		if err := runUntilSignal(o, os.Stdout); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("ended in order")
		return 0
	case "obedient":
		terminated := terminations()
		fmt.Println("ready")
		<-terminated
		fmt.Println("ended in order")
		return 0
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	default:
		for i := range 20 {
			fmt.Println("line", i+1)
		}
		return 3
	}
}

func playEmulator(how string) int {
	if how == "emulator says something else" {
		fmt.Println("hello")
		<-terminations()
		return 0
	}
	terminated := terminations()
	var settings emulator.Settings
	if slices.Contains(os.Args, bulkProcessing) {
		settings.Bulk.Processing = time.Second
	}
	e, err := emulator.New(settings)
	if err != nil {
		return 1
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	go serve(listener, e)
	fmt.Printf("listening on http://%s\n", listener.Addr())
	<-terminated
	return 0
}

// playCollector sends the records, each as a call of its own visitor or as a row
// of one upload, and shows the metrics that a collector would.
func playCollector(how string) int {
	if how == "collector does not start" {
		fmt.Println("Error: failed to build pipelines")
		return 1
	}
	terminated := terminations()
	send := sendRecords
	if os.Getenv("DEMO_ROUTE") == routeBulk {
		send = uploadRecords
	}
	sent, err := send(os.Getenv("DEMO_DATA"), os.Getenv("DEMO_ENDPOINT"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ended := sent
	if how == "collector holds a record" {
		ended--
	}
	page := fmt.Sprintf("# TYPE %[1]s counter\n%[1]s{receiver=\"file_log\"} %[2]d\n%[3]s{outcome=\"delivered\"} %[4]d\n"+
		"%[5]s{http_response_status_code=\"200\",outcome=\"delivered\"} %[4]d\n", metricRead, sent, metricRecords, ended, metricCalls)
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("DEMO_METRICS_HOST"), os.Getenv("DEMO_METRICS_PORT")))
	if err != nil {
		return 1
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page) })
	go serve(listener, handler)
	<-terminated
	return 0
}

func sendRecords(path, endpoint string) (int, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the test names the file
	if err != nil {
		return 0, err
	}
	defer file.Close()
	sent := 0
	for lines := bufio.NewScanner(file); lines.Scan(); sent++ {
		form := fmt.Sprintf("mbox3rdPartyId=crm-%d&profile.text=%s", sent, lines.Text())
		answer, err := http.Post( //nolint:gosec // G704: the test names the endpoint
			endpoint+"/m2/demo/profile/update", "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			return sent, err
		}
		answer.Body.Close()
	}
	return sent, nil
}

// uploadRecords uploads once and waits until the upload is complete, if it was told
// that this takes seconds.
func uploadRecords(path, endpoint string) (int, error) {
	if !slices.Contains(os.Args, shortTimes) {
		return 0, errors.New("an upload would take minutes")
	}
	text, err := os.ReadFile(path) //nolint:gosec // G304: the test names the file
	if err != nil {
		return 0, err
	}
	lines := strings.Fields(string(text))
	batch := []string{"batch=thirdPartyId,text"}
	for i, record := range lines {
		batch = append(batch, fmt.Sprintf("crm-%d,%s", i, record))
	}
	body := strings.Join(batch, "\n")
	address := endpoint + "/m2/demo/v2/profile/batchUpdate"
	answer, err := http.Post(address, "application/x-www-form-urlencoded", strings.NewReader(body)) //nolint:gosec // G704: the test names the endpoint
	if err != nil {
		return 0, err
	}
	answer.Body.Close()
	for ; ; time.Sleep(pollInterval) {
		answer, err := http.Get(endpoint + "/_emulator/uploads") //nolint:gosec // G704: the test names the endpoint
		if err != nil {
			return 0, err
		}
		var uploads []emulator.Upload
		err = json.NewDecoder(answer.Body).Decode(&uploads)
		answer.Body.Close()
		if err != nil || len(uploads) == 1 && uploads[0].Status == "complete" {
			return len(lines), err
		}
	}
}

func serve(listener net.Listener, handler http.Handler) {
	server := http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	_ = server.Serve(listener)
}

func terminations() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	return signals
}
