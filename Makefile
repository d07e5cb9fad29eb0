# All commands of this repository. `make` lists them.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 10s
LINT     := go tool -modfile=deploy/tools/go.mod golangci-lint

.DEFAULT_GOAL := help
.PHONY: help run build web test test-all check lint race fuzz bench torture fleet-sim generate verify clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[36m%-9s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## Build, then start everything on this machine (Ctrl-C drains)
	@exec bin/imgctl dev

build: ## Build bin/gateway, bin/worker and bin/imgctl
	@mkdir -p bin
	go build -ldflags '$(LDFLAGS)' -o bin/gateway ./gateway
	go build -ldflags '$(LDFLAGS)' -o bin/worker ./worker
	go build -ldflags '$(LDFLAGS)' -o bin/imgctl ./ctl

web: ## Bundle the browser client into gateway/web/dist; prints its size
	@deploy/web.sh build
	@deploy/web.sh types

test: ## Run every test; the last line is "N passed, N failed"
	@deploy/test.sh

test-all: build ## Run every test and every long run; one closing line adds all up
	@deploy/test-all.sh

check: verify lint race test ## What a change must pass: verify, lint, race, test

lint: ## Run the linters and the import rules (.golangci.yml)
	$(LINT) run ./...

race: ## Run the short tests under the race detector
	go test -race -short -timeout 10m ./...

fuzz: ## Fuzz every parser of bytes from outside, FUZZTIME each
	@deploy/fuzz.sh $(FUZZTIME)

bench: build ## Measure throughput, latency and memory; prints medians and ratios
	go run ./deploy/bench

torture: build ## Kill processes under load and count what was lost (TORTURE="-vendors -budgets" or "-engines 3")
	go run ./deploy/torture $(TORTURE)

fleet-sim: build ## Run tasks against simulated vendors that fail; prints success, latency and money
	go run ./deploy/fleetsim

generate: ## Generate the wire code, the reference of the configuration, the browser client's types
	go generate ./idl/...
	go run ./deploy/reference
	deploy/web.sh generate

verify: ## Check formatting, vet, modules, links and generated code
	@deploy/verify.sh

clean: ## Remove what the other targets made, but not the data in .imgfleet
	rm -rf bin gateway/web/dist coverage.out
