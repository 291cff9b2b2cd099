# The front door: `make run` and `make test` do all the set-up themselves on a fresh Debian 12.
# What must be installed: Tests/setup.sh. What `make test` does, step by step: Tests/run.py.

# swift.org installs to /opt or by swiftly to the home folder; a session without a login shell has neither in its PATH.
SWIFT ?= $(firstword $(shell command -v swift 2>/dev/null) $(wildcard /opt/swift/usr/bin/swift \
	$(HOME)/.local/share/swiftly/bin/swift $(HOME)/.swiftly/bin/swift))
PYTHON := .build/venv/bin/python
PYTEST := $(PYTHON) -m pytest
SERVER := .build/release/hutong
# More for `make run`, for example ARGS="--listen 0.0.0.0:7880 --announce 192.168.1.20 --tls-self-signed".
ARGS ?=
# Seconds for each fuzz target of `make fuzz`.
SECONDS_EACH ?= 60

export SWIFT

.DEFAULT_GOAL := help
.PHONY: help run build load test show bench fuzz format proto clean setup setup-tests

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Install what is missing, build, and serve meetings on this machine
	exec $(SERVER) serve --dev $(ARGS)

# Release: the packet core is compiled with -O3 there, and a debug server spends most of its time in Swift's checks.
build: setup ## Build the server
	$(SWIFT) build -c release --product hutong

load: build ## Build the server and hutong-load, which shows what N participants do to it (docs/load-testing.md)
	$(SWIFT) build -c release --product hutong-load

test: setup-tests ## Run all tests, real browsers included, and end with one line of counts
	@$(PYTHON) Tests/run.py

show: setup-tests build ## Measure the figures a release is judged by (about 35 minutes) and print them as a table
	$(PYTEST) Tests/EndToEnd --show -q

bench: setup ## Measure the packet core's cost per packet
	$(MAKE) -s -C Tests/Bench bench

fuzz: setup ## Fuzz each parser for a minute (SECONDS_EACH=60)
	$(MAKE) -C Tests/Fuzz/c fuzz SECONDS_EACH=$(SECONDS_EACH)
	$(MAKE) -C Tests/Fuzz/swift fuzz SECONDS_EACH=$(SECONDS_EACH)

format: setup ## Format all Swift
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests loadtest

proto: ## Generate the Swift messages again after a change of the .proto files
	@bash Tests/setup.sh proto
	sh Sources/LiveKitProtocol/Protos/generate.sh

clean: ## Remove everything built
	rm -rf .build
	$(MAKE) -s -C Tests/CRelayTests clean
	$(MAKE) -s -C Tests/Bench clean
	$(MAKE) -s -C Tests/Fuzz/c clean
	$(MAKE) -s -C Tests/Fuzz/swift clean

setup:
	@bash Tests/setup.sh build

setup-tests:
	@bash Tests/setup.sh build test
