# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
SHELL := /bin/bash

# The tools, built once from the versions that internal/tools/go.mod pins.
TOOLS := .tools
ADDLICENSE := $(TOOLS)/addlicense
BENCHSTAT := $(TOOLS)/benchstat
BUILDER := $(TOOLS)/builder
CHLOGGEN := $(TOOLS)/chloggen --config .chloggen/config.yaml
GOLANGCI := $(TOOLS)/golangci-lint
GOTESTSUM := $(TOOLS)/gotestsum
MDATAGEN := $(TOOLS)/mdatagen

addlicense.package := github.com/google/addlicense
benchstat.package := golang.org/x/perf/cmd/benchstat
builder.package := go.opentelemetry.io/collector/cmd/builder
chloggen.package := go.opentelemetry.io/build-tools/chloggen
golangci-lint.package := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
gotestsum.package := gotest.tools/gotestsum
mdatagen.package := go.opentelemetry.io/collector/cmd/mdatagen

$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	@echo "building $*"
	@CGO_ENABLED=0 go build -C internal/tools -trimpath -o $(CURDIR)/$@ $($*.package)
	@touch $@

MODULES := . cmd/adobetarget bench internal/tools bench/benthos test/manifests
SOURCES := $(shell find . \( -path ./dist -o -path ./cmd/adobetarget -o -path ./bench -o -path ./.tools -o -path ./.git \) -prune -o \
	-name '*.go' ! -name '*_test.go' -print)
COLLECTOR := dist/otelcol-adobetarget
BENTHOS := $(TOOLS)/benthos
BENTHOS_IMPORTS := $(addprefix github.com/redpanda-data/benthos/v4/public/,components/io components/pure service)
COMPANION := dist/adobetarget
COMPANION_SOURCES := $(shell find cmd/adobetarget -type f ! -name '*_test.go')

PKG ?= ./...
ROUTE ?= single
COUNT ?= 10
BENCHTIME ?= 0.2s
BENCH_OUT ?= dist/bench.txt
BENCH_BASE ?= dist/bench.base.txt
FUZZTIME ?= 10s
DURATION ?= 10m
SOAK_REPORT := $(CURDIR)/dist/soak.md
SCENARIOS := Crashes|Order|Outage|Pace|Quota|Shutdown|Failure|FullQueue|Poison|TwoExporters|Uploads(Are|Hold)|ACrash|A503

##@ Use

.PHONY: build run
build: $(COLLECTOR) $(COMPANION) ## Build the distribution and the companion into dist/

$(COLLECTOR): builder-config.yaml go.mod go.sum $(SOURCES) $(BUILDER)
	@rm -f $@
	$(BUILDER) --config builder-config.yaml

$(COMPANION): go.mod go.sum $(SOURCES) $(COMPANION_SOURCES)
	CGO_ENABLED=0 go build -C cmd/adobetarget -trimpath -ldflags '-s -w' -o $(CURDIR)/$@ .
	@touch $@

run: build ## Run the demo: sample records through the distribution into the emulator (ROUTE=delivery|bulk ARGS=flags)
	@go build -trimpath -o $(TOOLS)/demo ./cmd/demo
	@$(TOOLS)/demo -route $(ROUTE) $(ARGS)

##@ Check

.PHONY: test check vet vet-benthos unit debian unit-companion unit-bench unit-manifests test-newest lint check-generated check-chart render-chart check-tidy license-check chlog-validate
test: check build vet unit test-newest ## Everything CI checks except lint

check: license-check check-generated check-tidy chlog-validate ## The checks that need no compilation

unit: build debian $(GOTESTSUM) $(if $(filter ./...,$(PKG)),unit-companion unit-bench unit-manifests) ## Tests with the race detector (PKG=./exporter/...)
	$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- -race -timeout 20m $(PKG)

debian: ## Programs that the tests need, from Debian's packages
	@scripts/debian.sh promtool chromium

unit-companion: build debian $(GOTESTSUM) ## Tests of the companion, with the race detector
	cd cmd/adobetarget && $(CURDIR)/$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- -race ./...

unit-manifests: $(GOTESTSUM) ## Tests of the manifests for Kubernetes with its own types
	cd test/manifests && $(CURDIR)/$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- ./...

unit-bench: $(GOTESTSUM) ## Tests of the harness that measures, with the race detector
	cd bench && $(CURDIR)/$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- -race ./...

test-newest: $(GOTESTSUM) ## The same against the newest Collector core, without the tests of the built distribution
	$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- -race -timeout 20m -modfile=go.newest.mod \
		$$(go list ./... | grep -v '/adobetargetexporter/test\(/\|$$\)')

vet: vet-benthos ## go vet
	go vet -race ./...
	go -C cmd/adobetarget vet -race ./...
	go -C bench vet -race ./...
	go -C test/manifests vet ./...

# Whether its modules are to be had is asked of what it imports: to ask it of itself would excuse its own mistakes.
vet-benthos:
	@if go -C bench/benthos list -deps $(BENTHOS_IMPORTS) >/dev/null; then go -C bench/benthos vet ./...; \
		else echo "bench/benthos is not vetted: its modules can not be downloaded here" >&2; fi

lint: $(GOLANGCI) ## Linters and formatting (make fmt mends the formatting)
	$(GOLANGCI) run ./...
	cd cmd/adobetarget && $(CURDIR)/$(GOLANGCI) run ./...
	cd bench && $(CURDIR)/$(GOLANGCI) run ./...
	cd test/manifests && $(CURDIR)/$(GOLANGCI) run ./...

# Tests have no network to get the chart by, and compare with what it made. Who has it and helm renews that.
check-chart: ## The chart still makes of our values what is recorded (CHART=path/to/opentelemetry-collector HELM=helm)
	@scripts/chart.sh $(or $(CHART),$(error CHART is missing, for example CHART=../opentelemetry-helm-charts/charts/opentelemetry-collector)) | \
		diff -u test/manifests/testdata/chart.yaml -

render-chart: ## Record what the chart makes of our values (CHART=path/to/opentelemetry-collector HELM=helm)
	@scripts/chart.sh $(or $(CHART),$(error CHART is missing, see make check-chart)) >dist/chart.yaml
	@mv dist/chart.yaml test/manifests/testdata/chart.yaml

check-generated: $(MDATAGEN) ## Generated files fit metadata.yaml
	scripts/generate.sh --check

check-tidy: ## Every go.mod and go.sum is tidy
	@for module in $(MODULES); do echo "go mod tidy -diff in $$module"; go -C $$module mod tidy -diff || exit 1; done
	scripts/newest.sh --check

license-check: ## Every source file has the licence header
	scripts/license.sh

chlog-validate: $(TOOLS)/chloggen ## The entries in .chloggen are valid
	$(CHLOGGEN) validate

##@ Write

.PHONY: fmt generate screenshots tidy license-add chlog-new chlog-preview chlog-update
fmt: $(GOLANGCI) ## Format the Go code
	$(GOLANGCI) fmt

generate: $(MDATAGEN) ## Generate what is made of metadata.yaml, config.schema.yaml and the alerts
	scripts/generate.sh
	go test . -count 1 -run EditorSchema -update
	go test ./test -count 1 -run 'TheFilesForNamesWithSuffixes|TheRulesForKubernetes' -update

screenshots: debian ## Make the pictures of the page in docs/ anew
	cd cmd/adobetarget && go test ./internal/page -count 1 -run TestScreenshots -screenshots $(CURDIR)/docs

tidy: ## Tidy every go.mod and renew go.newest.mod
	@for module in $(MODULES); do echo "go mod tidy in $$module"; go -C $$module mod tidy || exit 1; done
	scripts/newest.sh

license-add: $(ADDLICENSE) ## Add missing licence headers
	scripts/license.sh --add

chlog-new: $(TOOLS)/chloggen ## Start a changelog entry (NAME=what-changed)
	$(CHLOGGEN) new --filename $(or $(NAME),$(error NAME is missing, for example NAME=quota-window))

chlog-preview: $(TOOLS)/chloggen ## Show the changelog of the next release
	$(CHLOGGEN) update --dry

chlog-update: $(TOOLS)/chloggen ## Move the entries into CHANGELOG.md (VERSION=v0.2.0)
	$(CHLOGGEN) update --version $(or $(VERSION),$(error VERSION is missing, for example VERSION=v0.2.0))

##@ Measure

.PHONY: bench bench-base bench-compare benchstat fuzz soak
# Ten short runs rather than few long ones: benchstat tells change from chance by their number.
bench: $(if $(wildcard $(BENCH_BASE)),$(BENCHSTAT)) ## Go benchmarks into dist/bench.txt, compared with the baseline if there is one, 2 minutes (COUNT=10 PKG=./...)
	@mkdir -p $(dir $(BENCH_OUT))
	@set -o pipefail; go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -count $(COUNT) $(PKG) | tee $(BENCH_OUT).part
	@mv $(BENCH_OUT).part $(BENCH_OUT)
	@if [[ -f $(BENCH_BASE) ]]; then $(BENCHSTAT) $(BENCH_BASE) $(BENCH_OUT); \
		else echo "There is no baseline to compare with. make bench-base makes this run the one of the next."; fi

bench-base: ## Make the last run of make bench the baseline of the next ones
	cp $(if $(wildcard $(BENCH_OUT)),$(BENCH_OUT),$(error $(BENCH_OUT) is missing, make bench writes it)) $(BENCH_BASE)

bench-compare: build $(BENTHOS) ## Compare with net/http alone and with Benthos, into docs/performance.md (ARGS=-quick)
	@go build -C bench -trimpath -o $(CURDIR)/$(TOOLS)/bench .
	@$(TOOLS)/bench $(ARGS)

# Without its modules the comparison goes on, and says that Benthos is missing.
$(BENTHOS): bench/benthos/go.mod bench/benthos/go.sum bench/benthos/main.go
	@echo "building benthos"
	@rm -f $@
	@CGO_ENABLED=0 go build -C bench/benthos -trimpath -o $(CURDIR)/$@ . || echo "Benthos can not be built here" >&2

benchstat: $(BENCHSTAT) ## Compare two saved outputs of make bench (OLD=a.txt NEW=b.txt)
	$(BENCHSTAT) $(or $(OLD),$(error OLD is missing, for example OLD=dist/bench.base.txt)) \
		$(or $(NEW),$(error NEW is missing, for example NEW=dist/bench.txt))

fuzz: ## Each fuzz function for a short while (FUZZTIME=10s)
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

# The quota's scenario waits for its windows beside the others, which go one after the other.
soak: build ## Reliability scenarios for as long as asked, a table in dist/soak.md (DURATION=10m)
	go test ./test -count 1 -parallel 2 -timeout 0 -v -run '$(SCENARIOS)' -soak $(DURATION) -soak-report $(SOAK_REPORT)

##@ Other

.PHONY: help clean
help: ## This text
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## Remove what make built: dist/ and .tools/
	rm -rf dist .tools
