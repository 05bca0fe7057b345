# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
SHELL := /bin/bash

# The tools, built once from the versions that internal/tools/go.mod pins.
TOOLS := .tools
ACTIONLINT := $(TOOLS)/actionlint
ADDLICENSE := $(TOOLS)/addlicense
BENCHSTAT := $(TOOLS)/benchstat
BUILDER := $(TOOLS)/builder
CHLOGGEN := $(TOOLS)/chloggen --config .chloggen/config.yaml
CYCLONEDX := $(TOOLS)/cyclonedx-gomod
GOLANGCI := $(TOOLS)/golangci-lint
GOTESTSUM := $(TOOLS)/gotestsum
MDATAGEN := $(TOOLS)/mdatagen
NFPM := $(TOOLS)/nfpm

actionlint.package := github.com/rhysd/actionlint/cmd/actionlint
addlicense.package := github.com/google/addlicense
benchstat.package := golang.org/x/perf/cmd/benchstat
builder.package := go.opentelemetry.io/collector/cmd/builder
chloggen.package := go.opentelemetry.io/build-tools/chloggen
cyclonedx-gomod.package := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
golangci-lint.package := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
gotestsum.package := gotest.tools/gotestsum
mdatagen.package := go.opentelemetry.io/collector/cmd/mdatagen
nfpm.package := github.com/goreleaser/nfpm/v2/cmd/nfpm

$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	@echo "building $*"
	@CGO_ENABLED=0 go build -C internal/tools -trimpath -o $(CURDIR)/$@ $($*.package)
	@touch $@

# A module that is inside of another one stands before it.
MODULES := . test/manifests test cmd/adobetarget bench/benthos bench internal/tools
# Without the tools, which hold no code of ours, and Benthos, whose modules are not to be had everywhere.
CODE_MODULES := $(filter-out internal/tools bench/benthos,$(MODULES))
SOURCES := $(shell find . \( -path ./dist -o -path ./test -o -path ./cmd/adobetarget -o -path ./bench -o -path ./.tools -o -path ./.git \) -prune -o \
	\( -name '*.go' ! -name '*_test.go' -o -name '*.lua' \) -print)
COLLECTOR := dist/otelcol-adobetarget
BENTHOS := $(TOOLS)/benthos
BENTHOS_IMPORTS := $(addprefix github.com/redpanda-data/benthos/v4/public/,components/io components/pure service)
COMPANION := dist/adobetarget
COMPANION_SOURCES := $(shell find cmd/adobetarget -type f ! -name '*_test.go')
STRIPPED := -trimpath -ldflags '-s -w'

ARCHS ?= amd64 arm64
PACKAGES := dist/packages

RENDER_CHART = scripts/chart.sh $(or $(CHART),$(error CHART is missing, for example CHART=../opentelemetry-helm-charts/charts/opentelemetry-collector))
RENDERED := test/manifests/testdata/chart.yaml

PKG ?= ./...
# The module that PKG is in, and PKG as a path in it.
MODULE := $(or $(firstword $(foreach module,$(filter-out .,$(CODE_MODULES)),$(if $(filter ./$(module) ./$(module)/%,$(PKG)),$(module)))),.)
IN_MODULE := $(if $(filter .,$(MODULE)),$(PKG),$(patsubst ./$(MODULE)%,.%,$(PKG)))
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

.PHONY: build packages run
build: $(COLLECTOR) $(COMPANION) ## Build the distribution and the companion into dist/

$(COLLECTOR): builder-config.yaml go.mod go.sum $(SOURCES) $(BUILDER)
	@rm -f $@
	$(BUILDER) --config builder-config.yaml

$(COMPANION): go.mod go.sum $(SOURCES) $(COMPANION_SOURCES)
	CGO_ENABLED=0 go build -C cmd/adobetarget $(STRIPPED) -o $(CURDIR)/$@ .
	@touch $@

packages: $(addprefix dist/linux_,$(ARCHS)) $(NFPM) ## deb, rpm and archives for Linux into dist/packages/ (ARCHS=amd64)
	@rm -rf $(PACKAGES)
	@for arch in $(ARCHS); do scripts/packages.sh $$arch dist/linux_$$arch $(PACKAGES) || exit 1; done

# In dist/ is what the builder generated, whose build it repeats.
dist/linux_%: build
	GOOS=linux GOARCH=$* CGO_ENABLED=0 go build -C dist $(STRIPPED) -o linux_$*/otelcol-adobetarget .
	GOOS=linux GOARCH=$* CGO_ENABLED=0 go build -C cmd/adobetarget $(STRIPPED) -o $(CURDIR)/$@/adobetarget .

run: build ## Run the demo: sample records through the distribution into the emulator (ROUTE=delivery|bulk ARGS=flags)
	@go build -trimpath -o $(TOOLS)/demo ./cmd/demo
	@$(TOOLS)/demo -route $(ROUTE) $(ARGS)

##@ Check

.PHONY: test check vet vet-benthos unit debian unit-companion unit-bench unit-manifests test-newest lint check-chart check-generated check-tidy check-workflows license-check chlog-validate
test: check build vet unit test-newest ## Everything CI checks except lint

check: license-check check-generated check-tidy check-workflows chlog-validate ## The checks that need no compilation

GOTEST := $(CURDIR)/$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- -race -timeout 20m
# Go would take the result of an earlier run when files outside of the module have changed, such as documents and binaries.
GOTEST_OF_ALL := $(GOTEST) -count 1

# The tests of the built binaries wait more than they compute: the others run beside them.
unit: build debian $(NFPM) $(GOTESTSUM) $(if $(filter ./...,$(PKG)),unit-companion unit-bench unit-manifests) ## Tests with the race detector (PKG=./exporter/... or PKG=./test ARGS='-run Outage')
ifeq ($(PKG),./...)
	@(cd test && exec $(GOTEST_OF_ALL) ./...) & test=$$!; $(GOTEST) -p 1 ./...; status=$$?; wait $$test && exit $$status
else
	cd $(MODULE) && $(if $(filter .,$(MODULE)),$(GOTEST),$(GOTEST_OF_ALL)) $(IN_MODULE) $(ARGS)
endif

debian: ## Programs that the tests need, from Debian's packages
	@scripts/debian.sh promtool chromium redis-server $(if $(filter 0,$(shell id -u)),rpm systemd)

unit-companion: build debian $(GOTESTSUM) ## Tests of the companion, with the race detector
	cd cmd/adobetarget && $(GOTEST_OF_ALL) ./...

unit-manifests: $(GOTESTSUM) ## Tests of the manifests for Kubernetes with its own types
	cd test/manifests && $(GOTEST_OF_ALL) ./...

unit-bench: $(GOTESTSUM) ## Tests of the harness that measures, with the race detector
	cd bench && $(GOTEST) ./...

test-newest: debian $(GOTESTSUM) ## The exporter's against the newest Collector core
	$(GOTEST) -modfile=go.newest.mod ./...

vet: vet-benthos ## go vet
	@for module in $(CODE_MODULES); do echo "go vet in $$module"; go -C $$module vet -race ./... || exit 1; done

# Whether its modules are to be had is asked of what it imports: to ask it of itself would excuse its own mistakes.
vet-benthos:
	@if go -C bench/benthos list -deps $(BENTHOS_IMPORTS) >/dev/null; then go -C bench/benthos vet ./...; \
		else echo "bench/benthos is not vetted: its modules can not be downloaded here" >&2; fi

lint: $(GOLANGCI) ## Linters and formatting (make fmt mends the formatting)
	@for module in $(CODE_MODULES); do echo "linting $$module"; (cd $$module && $(CURDIR)/$(GOLANGCI) run ./...) || exit 1; done

# Tests have no network to get the chart by, and compare with what it made. Who has it and helm renews that.
check-chart: ## The chart still makes of our values what is recorded (CHART=path/to/opentelemetry-collector HELM=helm)
	@$(RENDER_CHART) | diff -u $(RENDERED) -

check-generated: $(MDATAGEN) ## Generated files fit metadata.yaml
	scripts/generate.sh --check

check-tidy: ## Every go.mod and go.sum is tidy, and the exporter's brings no tools to those who require it
	@for module in $(MODULES); do echo "go mod tidy -diff in $$module"; go -C $$module mod tidy -diff || exit 1; done
	scripts/newest.sh --check
	scripts/consumer.sh

# shellcheck is not everywhere, and what it says depends on its version.
check-workflows: $(ACTIONLINT) ## The workflows of GitHub
	$(ACTIONLINT) -shellcheck= -pyflakes=

license-check: ## Every source file has the licence header
	scripts/license.sh

chlog-validate: $(TOOLS)/chloggen ## The entries in .chloggen are valid
	$(CHLOGGEN) validate

##@ Write

.PHONY: fmt generate render-chart screenshots tidy license-add chlog-new chlog-preview chlog-update
fmt: $(GOLANGCI) ## Format the Go code
	$(GOLANGCI) fmt

generate: $(MDATAGEN) ## Generate what is made of metadata.yaml, config.schema.yaml and the alerts
	scripts/generate.sh
	go test . -count 1 -run EditorSchema -update
	go -C test test -count 1 -run 'TheFilesForNamesWithSuffixes|TheRulesForKubernetes' -update

render-chart: ## Record what the chart makes of our values (CHART=path/to/opentelemetry-collector HELM=helm)
	@$(RENDER_CHART) >$(RENDERED).part
	@mv $(RENDERED).part $(RENDERED)

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

##@ Release

.PHONY: release release-check
release: packages $(CYCLONEDX) $(TOOLS)/chloggen ## What a release has to download, into dist/release/ (TAG=v0.2.0; without it a trial)
	scripts/release.sh

release-check: release ## The same, all of it looked at and built a second time: a release but for signing and publishing
	go -C test test . -count 1 -run TestTheReleaseIsWhole -release $(CURDIR)/dist/release
	scripts/rebuild.sh

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

# The scenarios of the quota wait for their windows beside the others, which go one after the other.
soak: build ## Reliability scenarios for as long as asked, a table in dist/soak.md (DURATION=10m)
	go -C test test -count 1 -parallel 3 -timeout 0 -v -run '$(SCENARIOS)' -soak $(DURATION) -soak-report $(SOAK_REPORT)

##@ Other

.PHONY: help clean
help: ## This text
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## Remove what make built: dist/ and .tools/
	rm -rf dist .tools
