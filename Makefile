# Martlet's two commands are `make run` and `make test`; both install what is missing first.
# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/bash
export SWIFT_BACKTRACE := enable=no

# Options of `martlet serve` for `make run`, for instance: make run SERVE="--dev --http 0.0.0.0"
SERVE ?= --dev
# What `make run` builds: release is what one should judge it by, debug builds faster.
CONFIGURATION ?= release
# How long `make test` fuzzes each parser.
FUZZ_SECONDS ?= 3
# What `make quality` measures, for instance: make quality QUALITY="--only viewer-5,viewer-10 --seeds 1"
QUALITY ?=
# What `make e2e` runs, for instance: make e2e E2E="-k whip"
E2E ?=

# What `make compare` measures, for instance: make compare COMPARE="--rounds 1 --cases '1 x 50, bursts'"
COMPARE ?=

.PHONY: help run build web test unit optimized simulate web-test e2e quality fuzz lint format benchmark benchmark-instructions \
	benchmark-signaling compare documentation clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## Install what is missing, build, and serve (SERVE="--dev")
	@scripts/install-dependencies.sh run
	@$(MAKE) --no-print-directory web
	swift build -c $(CONFIGURATION) --product martlet
	exec .build/$(CONFIGURATION)/martlet serve $(SERVE)

build: ## Build everything for debugging, tests included
	swift build --build-tests

web: ## Build the browser SDK and the page into web/dist
	@bash web/build.sh

test: ## Install what is missing and run everything CI runs
	@scripts/install-dependencies.sh test
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory web
	$(MAKE) --no-print-directory build
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory simulate
	$(MAKE) --no-print-directory web-test
	$(MAKE) --no-print-directory e2e
	$(MAKE) --no-print-directory fuzz

# Tests that play and listen in real time over real sockets: beside simulations that take all cores they would starve.
REAL_TIME_TESTS = MartletTests|ClientIOTests

# Tests of rooms that are run once more with each room in a process of its own: one for each way media and words take.
ISOLATED_TESTS = C02_C07|I04_O01|I02_O05|Y03_encoded|D15_D19|D01_D12|RemoteTracksTests

unit: ## Run the unit, architecture and simulation tests
	swift test --skip-build --skip '$(REAL_TIME_TESTS)'
	swift test --skip-build --no-parallel --filter '$(REAL_TIME_TESTS)'
	MARTLET_ISOLATED=1 swift test --skip-build --no-parallel --filter '$(ISOLATED_TESTS)'
	cd Benchmarks && python3 -m unittest -q comparison.test_comparison

optimized: ## Compile with optimization what no other step does
	scripts/compile-optimized.py

simulate: ## Run 1,000 whole systems in virtual time, with faults, from seeds
	scripts/simulate.sh

web-test: ## Run the browser SDK's own tests
	bash web/test.sh

.venv/ready: e2e/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r e2e/requirements.txt
	touch $@

e2e: .venv/ready ## Drive the real server with real browsers (E2E="-k name")
	cd e2e && ../.venv/bin/python run.py $(E2E)

quality: .venv/ready ## Measure calls over bad networks with real browsers (QUALITY="--only clean --seeds 1")
	@$(MAKE) --no-print-directory web
	swift build -c release --product martlet
	swift build -c release --product martlet-impair
	cd e2e && MARTLET_BUILD=$(CURDIR)/.build/release ../.venv/bin/python -m quality $(QUALITY)

fuzz: ## Fuzz every parser for FUZZ_SECONDS each
	scripts/fuzz.sh --seconds $(FUZZ_SECONDS)

benchmark: ## Measure what forwarding costs: one publisher to 50 and to 100 receivers
	MARTLET_SANS_IO_ONLY=1 swift build -c release --product martlet-benchmark
	.build/release/martlet-benchmark --receivers 50
	.build/release/martlet-benchmark --receivers 100

benchmark-instructions: ## Count the instructions a forwarded packet and a join cost, against Benchmarks/thresholds.json
	@scripts/install-dependencies.sh benchmark
	MARTLET_SANS_IO_ONLY=1 swift build -c release --product martlet-instructions
	Benchmarks/instructions.py .build/release/martlet-instructions

benchmark-signaling: ## Measure what a room of 2,000 members costs the signalling side
	swift build -c release --product martlet-signal-benchmark
	.build/release/martlet-signal-benchmark

compare: ## Measure forwarding beside Janus's, in one sitting (COMPARE="--rounds 1")
	@scripts/install-dependencies.sh compare
	swift build -c release --product martlet
	swift build -c release --product martlet-benchmark
	scripts/compare-janus.sh $(COMPARE)

lint: ## Check the format of the Swift sources
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples Fuzz

format: ## Format the Swift sources in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples Fuzz

documentation: ## Build the native SDK's documentation into .build/documentation; links that lead nowhere fail
	swift build --target Martlet
	scripts/documentation.sh

clean: ## Remove everything that was built
	rm -rf .build .venv web/dist e2e/output
