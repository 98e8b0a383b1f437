# What people type. CMake does the work; each target does the set-up that it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PRESET ?= release
JOBS ?= $(shell nproc)
BUILD := build/$(PRESET)
PREFIX ?= /usr/local
export LLKV_TEST_DATA ?= $(abspath $(CURDIR)/../shared)

.PHONY: help build test demo bench lint lint-all format fuzz crash install docs sanitize differential clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

build: ## Build the program build/release/bin/llkv
	@tools/bootstrap build
	@cmake --preset $(PRESET) $(CMAKE_ARGS) >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet llkv_cli

test: ## Build everything and run all tests
	@tools/bootstrap test
	@cmake --preset $(PRESET) $(CMAKE_ARGS) >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet
	@ctest --preset $(PRESET) -j $(JOBS) $(CTEST_ARGS)

demo: ## Load TPC-H data into one file, query it, kill the process, reopen
	@tools/bootstrap demo
	@$(MAKE) --no-print-directory build
	@demos/tpch/run.sh $(BUILD)/bin/llkv

BENCH ?= sum,tpch,execution
SCALE ?= 1
THREADS ?= 1,2
bench: ## Compare with DuckDB and SQLite: BENCH=sum,tpch,execution,load,open,space,point SCALE=1 THREADS=1,2
	@tools/bootstrap bench
	@cmake --preset release >/dev/null
	@ninja -C build/release -j $(JOBS) --quiet llkv_cli llkv_bench $(if $(findstring point,$(BENCH)),llkv_points)
	@.venv/bin/python bench/run.py --bench $(BENCH) --scale $(SCALE) --threads $(THREADS)

lint: ## Check format, layers, sizes, stand-alone headers; clang-tidy on changed files
	@tools/bootstrap lint
	@cmake --preset release >/dev/null
	@tools/lint/run.py

lint-all: ## The same with clang-tidy on all files
	@tools/bootstrap lint
	@cmake --preset release >/dev/null
	@tools/lint/run.py --all

format: ## Format all sources
	@tools/bootstrap lint
	@git ls-files '*.h' '*.cc' | xargs clang-format-14 -i

sanitize: ## Run the tests under ASan and UBSan, and those labelled threads under TSan
	@tools/bootstrap test
	@cmake --preset asan >/dev/null && ninja -C build/asan -j $(JOBS) --quiet && ctest --preset asan -j $(JOBS)
	@cmake --preset tsan >/dev/null && ninja -C build/tsan -j $(JOBS) --quiet threads_tests && ctest --preset tsan -j $(JOBS)

crash: ## Run the crash suite: the storage stopped at every operation
	@$(MAKE) --no-print-directory test CTEST_ARGS="-L crash"

FUZZ_SECONDS ?= 60
fuzz: ## Run the fuzzers for FUZZ_SECONDS each
	@tools/bootstrap test
	@cmake --preset fuzz >/dev/null && ninja -C build/fuzz -j $(JOBS) --quiet fuzzers
	@for target in build/fuzz/bin/*_fuzz; do $$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 || exit 1; done

QUERIES ?= 20000
SEED ?= 1
differential: ## Compare QUERIES=20000 random queries with DuckDB and SQLite, from SEED=1
	@tools/bootstrap bench
	@$(MAKE) --no-print-directory build
	@.venv/bin/python tools/differential/run.py --llkv $(BUILD)/bin/llkv --queries $(QUERIES) --seed $(SEED)

install: build ## Install the program under PREFIX
	@cmake --install $(BUILD) --prefix $(PREFIX)

docs: ## Check that the documents' links lead somewhere
	@tools/lint/check_docs.py

clean: ## Remove the build folders
	@rm -rf build
