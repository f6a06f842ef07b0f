# Bare `make` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo down test check wire bench bench-full lock tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: tools $(READY) ## start Neo4j and the bridge server, and run cypher/*.cypher on MovieLens
	@$(BIN)/bridge demo

down: ## stop what `make demo` or `bridge up` started
	@if [ -x $(BIN)/bridge ]; then $(BIN)/bridge down; fi

test: check ## everything: check, Python tests, plugin tests, tests against a real Neo4j
	@# tests/jobs apart: a process has one fork server, and these tests want their own. They wait most of their time.
	mvn --batch-mode --quiet -f plugin/pom.xml test & plugin=$$!; \
	  $(BIN)/python -m pytest tests/jobs; jobs=$$?; wait $$plugin && exit $$jobs
	$(BIN)/python -m pytest --ignore tests/jobs -n 2 --dist loadscope --no-loadscope-reorder

check: tools $(READY) ## what needs no database: style, types, import contracts, wire format, generated code
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint proto
	$(BIN)/buf breaking proto --against proto/image.binpb
	@if command -v uv >/dev/null; then $(BIN)/python -m bridge.generate --check --protobuf; \
	else $(BIN)/python -m bridge.generate --check && echo 'No uv here: bridge/v1 was not compared with proto/.'; fi
	mvn --batch-mode --quiet -f plugin/pom.xml spotless:check

wire: $(READY) ## accept the wire format as it is now: what `check` compares with from then on
	$(BIN)/buf build proto -o proto/image.binpb

bench: tools $(READY) ## the benchmarks that together end within 25 minutes
	$(BIN)/python -m benchmarks

bench-full: tools $(READY) ## all benchmarks
	$(BIN)/python -m benchmarks --full

lock: ## resolve requirements.lock anew (needs uv)
	printf 'hatchling\neditables\n' | uv pip compile pyproject.toml - --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --upgrade --quiet --output-file requirements.lock

# Before anything is downloaded: a missing program gets a sentence.
tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'bridge needs Python 3.11 or newer, and `$(PYTHON)` is not: install one, then `make demo PYTHON=python3.11`.' >&2; exit 1; }
	@command -v javac >/dev/null || [ -x "$$JAVA_HOME/bin/javac" ] || \
	  { echo 'bridge needs a JDK 17 or newer, and there is no `javac`: install one (`apt install openjdk-17-jdk-headless`, `dnf install java-17-openjdk-devel`, `brew install openjdk@21`).' >&2; exit 1; }
	@command -v mvn >/dev/null || \
	  { echo 'bridge needs Maven, and there is no `mvn`: install it (`apt install maven`, `dnf install maven`, `brew install maven`).' >&2; exit 1; }

$(READY): requirements.lock pyproject.toml
	@echo 'Into $(VENV): Python packages, about 3 GB to download and 6 GB on disk on Linux, because torch from PyPI brings CUDA.'
	@echo 'Later, into .bridge and ~/.m2: Neo4j, Browser, Graph Data Science and what builds the plugin, about 300 MB. All this only once.'
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" $(VENV) && \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/pip install --quiet --require-hashes -r requirements.lock && \
	  $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .; \
	fi
	@$(BIN)/python -m compileall -q bridge
	@touch $@
