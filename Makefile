# Everything one does with this repository. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# Packages tested at once, the longest first. Their tests wait more than they compute: for servers, locks and timers.
TEST_P ?= 3
TESTED = ./integration ./internal/mysqldb/... ./...
TEST_TIMEOUT ?= 25m
# Fifty test programs link faster without what only a debugger reads; `make lint` has vetted the code.
TEST_FLAGS := -vet=off -ldflags=-w
# A program with the race detector sleeps a second before it ends.
test: export GORACE := atexit_sleep_ms=100
# Compilers, linkers and tests have memory enough to collect garbage a third as often.
test: export GOGC := 300

# Linters are built once into the user's cache, each version into a folder of its own.
GOLANGCI_VERSION := v2.15.0
WORKFLOWCHECK_VERSION := v0.6.0
GOVULNCHECK_VERSION := v1.9.0
TOOLS := $(or $(TABLEHAUL_TOOLS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tablehaul/tools)
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint
WORKFLOWCHECK := $(TOOLS)/workflowcheck-$(WORKFLOWCHECK_VERSION)/workflowcheck
BENCHSTAT_VERSION := v0.0.0-20260908200009-22c9c6c9d4da
BENCHSTAT := $(TOOLS)/benchstat-$(BENCHSTAT_VERSION)/benchstat
GOVULNCHECK := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck
# Folders of the modules that are looked at for vulnerabilities.
VULN_MODULES ?= . worker/standalone integration/bench integration/webui integration/containers integration/kubernetes \
  tools/dist

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z\/-]+:.*## / { printf "  make %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: bin/tablehaul-worker bin/tablehaul bin/tablehaul-standalone ## build the three programs into bin/

# Without symbols for debuggers the programs link faster and are a third smaller; stack traces
# stay whole. internal/devserver builds with the same flags, so that neither redoes the other's.
LDFLAGS := -ldflags='-s -w'

# Go knows best what is out of date, so these are built every time.
.PHONY: FORCE
bin/tablehaul-worker: FORCE ## the worker, for a Temporal server that is already there
	$(GO) build $(LDFLAGS) -o $@ ./worker

bin/tablehaul: FORCE ## the command line
	$(GO) build $(LDFLAGS) -o $@ ./starter

bin/tablehaul-standalone: FORCE ## worker, Temporal server and Web UI in one (cold: about 5 to 8 minutes)
	cd worker/standalone && $(GO) build $(LDFLAGS) -o ../../$@ .

bin/temporal: FORCE ## the official temporal command line, unless one is on PATH (cold: 3 to 9 minutes)
	@if command -v temporal; then exit 0; fi; set -x; \
	cd tools/temporal && $(GO) build $(LDFLAGS) -o ../../$@ github.com/temporalio/cli/cmd/temporal

.PHONY: servers
servers: ## find or fetch the database servers of the tests, and print the choice
	$(GO) run ./internal/testenv/servers/prepare

.PHONY: test
test: bin/tablehaul-standalone bin/temporal servers ## every test, on real servers, with the race detector
	$(GO) test -race $(TEST_FLAGS) -p $(TEST_P) -parallel 8 -timeout $(TEST_TIMEOUT) $(TESTED)
	cd worker/standalone && $(GO) test $(TEST_FLAGS) -timeout $(TEST_TIMEOUT) ./... # with -race, all of Temporal twice
	cd integration/bench && $(GO) test -race $(TEST_FLAGS) -timeout $(TEST_TIMEOUT) ./...

# Apart from `test`: it needs a browser, and more time than it is worth to wait for every time.
.PHONY: test-webui
test-webui: bin/tablehaul-standalone servers ## the Web UI of a live run, in a headless Chromium (fetched once, 150 MB)
	cd integration/webui && $(GO) test -timeout 10m ./...

.PHONY: screenshots
screenshots: bin/tablehaul-standalone servers ## the pictures of docs/images, from the same run
	cd integration/webui && TABLEHAUL_SCREENSHOTS='$(CURDIR)/docs/images' \
	  $(GO) test -count=1 -timeout 10m -run 'TestTheWebUI|TestTheReport' .

# Each test of those files is a fault test: docs/reliability.md has the tables.
tests-of = ^($(shell grep -hoE '^func Test\w+' $(1) | cut -c6- | paste -sd'|'))$$
FAULTS = $(call tests-of,integration/fault*_test.go integration/lossless_test.go integration/interrupted_test.go)
ERRORS = $(call tests-of,internal/mysqldb/mysqlerr/*_test.go internal/mysqldb/target/roles_test.go)

# With all servers, and the larger numbers of what is repeated: see servers.Thorough.
.PHONY: test-faults
test-faults: export TABLEHAUL_TEST_THOROUGH := 1
test-faults: bin/tablehaul-standalone servers ## each fault of docs/reliability.md (TABLEHAUL_TEST_SEED=n repeats one)
	$(GO) test -race -parallel 8 -timeout 20m -run '$(FAULTS)' ./integration # most of them wait
	$(GO) test -race -run '$(ERRORS)' ./internal/mysqldb/mysqlerr ./internal/mysqldb/target
	$(GO) test -race ./internal/testenv/proxy ./internal/staging/s3

# One test for each world and not for each fault: `make test` plays a minute of it, on seeds that
# are known to be good.
.PHONY: test-world
test-world: bin/tablehaul-standalone servers ## random worlds for ten minutes, plays of verify (BUDGET=1h PLAYS=50)
	TABLEHAUL_VERIFY_PLAYS=$(or $(PLAYS),50) \
	  $(GO) test -count=1 -timeout 0 -v -parallel 4 -run TestRandomWritersAndVerify ./integration
	TABLEHAUL_WORLD_SHRINK=1 TABLEHAUL_WORLD_BUDGET=$(or $(BUDGET),10m) \
	  $(GO) test -count=1 -timeout 0 -v -run TestRandomWorld ./integration/world

.PHONY: test-model
test-model: ## all states of the window protocol's model: 26 million, a few minutes (`make test` explores 6 million)
	TABLEHAUL_MODEL_FULL=1 $(GO) test -count=1 -timeout 30m -v ./integration/model

# All checks run, the quick ones first: one that fails hides no other.
TEXT_TESTS := TestNoText|TestNoDeclaration|TestLines|TestLinks|TestTables|TestFunctionsOfTests
.PHONY: lint
lint: $(GOLANGCI) $(WORKFLOWCHECK) $(GOVULNCHECK) ## linters, words, vulnerabilities, deterministic workflows
	@failed=; check() { echo "$$*"; "$$@" || failed+=$$'\n'"  $$*"; }; \
	check $(GO) test -run '$(TEXT_TESTS)' ./tools; \
	check $(WORKFLOWCHECK) -config .workflowcheck.yaml ./workflows/...; \
	check $(GOLANGCI) run ./...; \
	for module in worker/standalone integration/{bench,webui,containers,kubernetes}; do \
	  check env -C $$module $(GOLANGCI) run --config $(CURDIR)/.golangci.yaml ./...; \
	done; \
	check tools/vulncheck.sh $(GOVULNCHECK) $(VULN_MODULES); \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

.PHONY: vulncheck
vulncheck: $(GOVULNCHECK) ## known vulnerabilities (TABLEHAUL_VULNDB=URL asks a mirror of vuln.go.dev)
	@tools/vulncheck.sh $(GOVULNCHECK) $(VULN_MODULES)

.PHONY: fmt
fmt: $(GOLANGCI) ## format all Go code
	$(GOLANGCI) fmt ./...

.PHONY: demo
demo: build ## the whole product on 1,000,000 rows, with nothing installed (KEEP=1 leaves it running)
	$(GO) run ./integration/demo

.PHONY: demo-dlt
demo-dlt: build ## dlt from PyPI stages a MySQL table in a folder, and the folder is loaded (ROWS=n CHANGES=n)
	$(GO) run ./integration/demodlt

# The benchmarks are a module of their own. $(call bench,NAME) builds one of its programs and runs it from here.
bench = cd integration/bench && $(GO) build -o ../../bin/bench-$(1) ./$(1) && cd ../.. && bin/bench-$(1)

.PHONY: bench
bench: build ## figures beside the goals, into docs/benchmarks.md (ROWS=n BIG=0 FLAVOR=mysql ONLY=load)
	$(call bench,goals)

# What needs a server is left out: it would measure the server.
BENCH ?= .
BENCH_TIME ?= 1s
BENCH_PACKAGES := ./internal/mysqldb/... ./internal/rowfile ./activities
.PHONY: bench-micro
bench-micro: ## benchmarks of the hot loops, without any server (BENCH=regexp BENCH_TIME=1s)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCH_TIME) -skip 'FromServer$$' $(BENCH_PACKAGES)

.PHONY: bench-compare
bench-compare: $(BENCHSTAT) ## the same on two commits, in turn: make bench-compare BASE=main (COUNT=6)
	GO='$(GO)' BENCHSTAT=$(BENCHSTAT) BENCH='$(BENCH)' BENCH_TIME=$(BENCH_TIME) COUNT=$(or $(COUNT),6) \
	  bash integration/bench/compare.sh $(or $(BASE),$(error give BASE=commit)) $(BENCH_PACKAGES)

.PHONY: bench-impact
bench-impact: build ## how much other clients of both servers notice, beside the usual way
	$(call bench,impact)

.PHONY: bench-faults
bench-faults: build ## rows/s before, during and after a fault, and what other clients notice (ROWS=n FLAVOR=mysql)
	$(call bench,impact) faults

.PHONY: bench-verify
bench-verify: build ## verify of 2,000,000 rows beside its goals, into docs/benchmarks-verify.md (ROWS=n WAYS=…)
	$(call bench,verify)

.PHONY: bench-backfill
bench-backfill: ## a backfill of one column beside a full run, on both servers (ROWS=n)
	TABLEHAUL_BACKFILL_ROWS=$(or $(ROWS),2000000) \
	  $(GO) test -count=1 -timeout 60m -v -run TestMeasureABackfill ./integration

.PHONY: bench-replace
bench-replace: build ## a run with write: replace against a first load, and readers at its swap (ROWS=n FLAVOR=mysql)
	$(call bench,replace)

.PHONY: bench-writes
bench-writes: build ## write: append and history against upsert: a first load, a tenth of the rows changed (ROWS=n)
	$(call bench,writes)

.PHONY: bench-mapped
bench-mapped: ## what a filter, a rename and each mask cost where rows are read
	$(GO) test -run '^$$' -bench BenchmarkMapped -benchtime $(BENCH_TIME) ./internal/mysqldb/scan

.PHONY: bench-files
bench-files: build ## files of others beside our own, dlt and a script, into docs/benchmarks-files.md (ROWS=n BIG=MiB)
	$(call bench,files)

.PHONY: bench-far
bench-far: build ## a first load and changes through 20 ms of round trip on either side (ROWS=n RTT=50ms FLAVOR=mysql)
	$(call bench,far)

.PHONY: bench-many
bench-many: build ## 1,000 tables on one-minute schedules for ten minutes (TABLES=n MINUTES=n FLAVOR=mariadb)
	$(call bench,many)

.PHONY: bench-stores
bench-stores: build ## a first load with staging in a folder and on S3, by one worker and by two
	$(call bench,stores)

.PHONY: bench-peers
bench-peers: build ## beside dlt, Sling, ingestr and a script, in one run; renews its page and README (ONLY=… TUNING=…)
	$(call bench,peers)

.PHONY: bench-peers-chart
bench-peers-chart: ## the chart and the README's table again, by docs/benchmarks-peers.md
	$(call bench,peers) draw

.PHONY: bench-large
bench-large: build ## 15 GB in parts that are kept: by us, the usual way, dlt; needs 60 GB of disk (ROWS=n)
	$(call bench,peers) large

.PHONY: bench-large-clean
bench-large-clean: ## remove what bench-large keeps
	$(call bench,peers) large-clean

.PHONY: histories
histories: ## record workflow histories for a release: make histories RELEASE=v0.2.0
	TABLEHAUL_RECORD_HISTORIES="$(CURDIR)/workflows/testdata/histories/$(or $(RELEASE),$(error give RELEASE=v1.2.3))" \
	  $(GO) test ./integration -run 'TestFreshHistoriesReplay|TestAReplacedTargetSurvivesAKilledWorker' -count=1

# Containers. The scripts use the Docker engine that answers, else, as root on Debian, one of their own.
ENGINE := integration/images/engine.sh
COMPOSE := docker compose -f docker-compose.temporal.yml

.PHONY: images
images: ## local images without a registry (IMAGES="worker mysql"; make engine-stop ends the engine)
	$(ENGINE) start
	eval "$$($(ENGINE) env)"; integration/images/build.sh $(IMAGES)

.PHONY: up
up: .env ## the whole system in containers (LOCAL=1: with the images of make images)
	$(ENGINE) start
	eval "$$($(ENGINE) env)"; \
	  integration/images/up.sh $(COMPOSE) --env-file .env $(if $(LOCAL),--env-file integration/images/local.env)

.PHONY: down
down: .env ## end the containers of make up; the volumes stay (VOLUMES=1: they go as well)
	eval "$$($(ENGINE) env)"; $(COMPOSE) --profile '*' down $(if $(VOLUMES),--volumes)

.env:
	integration/images/env.sh $@

.PHONY: engine-stop
engine-stop: ## end the Docker engine that make images has started
	$(ENGINE) stop

.PHONY: test-containers
test-containers: ## tests in containers, with local images, and a Docker engine of their own where none answers
	$(ENGINE) run integration/images/test.sh

# A release. tools/dist/build.sh says what can be set.
.PHONY: dist
dist: ## what a release holds, into dist/: archives, .deb, .rpm, checksums, SBOMs (TARGETS=linux/amd64 VERSION=v1.2.3)
	VERSION='$(VERSION)' TARGETS='$(TARGETS)' FORMATS='$(FORMATS)' GO='$(GO)' tools/dist/build.sh dist

.PHONY: test-dist
test-dist: ## make dist twice with the same bytes; the .deb on a bare Debian: install, run, upgrade, remove
	$(ENGINE) run integration/images/test.sh dist

PREFIX ?= /usr/local
.PHONY: install
install: build ## the programs and their completion and manual pages, below PREFIX=/usr/local (DESTDIR=…)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/man/man1' \
	  '$(DESTDIR)$(PREFIX)/share/bash-completion/completions'
	for p in tablehaul tablehaul-worker tablehaul-standalone; do \
	  install -m 0755 bin/$$p '$(DESTDIR)$(PREFIX)/bin/'; \
	  bin/$$p man '$(DESTDIR)$(PREFIX)/share/man/man1'; \
	  bin/$$p completion bash > '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/'$$p; \
	done

.PHONY: clean
clean: ## remove bin/; the caches below ~/.cache/tablehaul and /var/cache/tablehaul stay
	rm -rf bin

$(GOLANGCI):
	GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(WORKFLOWCHECK):
	GOBIN=$(@D) $(GO) install go.temporal.io/sdk/contrib/tools/workflowcheck@$(WORKFLOWCHECK_VERSION)

$(BENCHSTAT):
	GOBIN=$(@D) $(GO) install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT_VERSION)

$(GOVULNCHECK):
	GOBIN=$(@D) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
