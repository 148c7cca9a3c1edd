# Pick python3.11 only where it really runs: a version manager's shim can be there without the version.
PYTHON ?= $(shell python3.11 -c 'print("python3.11")' 2>/dev/null || echo python3)
BIN := .venv/bin
PIP_ARGS ?=
PYTEST_ARGS ?= -n 2 --dist loadfile

.PHONY: help run test lint lint-web engine hostile load broad speed screenshots coverage lock audit container-check
.DEFAULT_GOAL := help

help:
	@echo "make run     install what is missing and open Ganscope on http://127.0.0.1:7860"
	@echo "make test    install what is missing, then lint and run the tests"
	@echo "make lint    check style, formatting and types only"
	@echo "make coverage           every test, and how much of the Python it reaches"
	@echo "make soak               ten minutes of mixed calls (GANSCOPE_TEST_SOAK_MINUTES): does anything grow?"
	@echo "make hostile load broad what make test leaves out: hostile files, fifty visitors, every combination of the page"
	@echo "make speed              how large and how fast every model is here, into REPORT.md"
	@echo "make screenshots        the README's pictures of the tabs, taken anew"
	@echo "make lock audit container-check   for a release: pin with hashes, look for advisories, try the image's steps"
	@echo "Variables:   PYTHON=$(PYTHON), PIP_ARGS (for pip install), PYTEST_ARGS (for pytest)"

run: .venv/run.stamp engine
	$(BIN)/python app.py

test: lint engine
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# What takes minutes; the figures it prints are those of SECURITY.md.
hostile load soak broad: .venv/dev.stamp engine
	$(BIN)/python -m pytest -m $@ -s $(if $(filter broad,$@),tests,tests/$(subst soak,load,$@))

# On a machine that does nothing else: the table of size and speed in REPORT.md.
speed: .venv/dev.stamp engine
	$(BIN)/python -m tests.load.speed_table
	$(BIN)/python -m training report

screenshots: .venv/dev.stamp engine
	$(BIN)/python -m tests.ui.screenshots

coverage: .venv/dev.stamp engine
	$(BIN)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=term:skip-covered --cov-fail-under=90

lock: .venv/release.stamp
	$(BIN)/uv pip compile requirements.txt --generate-hashes --universal --python-version 3.11 --no-header \
	    --no-annotate --no-emit-index-url --quiet --output-file requirements.lock

audit: .venv/release.stamp
	$(BIN)/pip-audit --strict --requirement requirements.lock --require-hashes --disable-pip
	npm audit

container-check: .venv/release.stamp
	$(BIN)/hadolint Dockerfile
	.ci/container-check

# The engine of the visitor's browser; without npm the page takes the same version from a CDN.
engine:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/engine.stamp; \
	else echo "npm is not installed, so the page takes its browser engine from a CDN."; fi

NPM_CI = npm ci --ignore-scripts --no-audit --no-fund
node_modules/engine.stamp: package.json package-lock.json ui/compress.mjs
	$(NPM_CI) --omit=dev
	node ui/compress.mjs
	@touch $@

# npm ci empties node_modules first, so what lints brings the engine, too.
node_modules/dev.stamp: package.json package-lock.json ui/compress.mjs
	$(NPM_CI)
	node ui/compress.mjs
	@touch $@ node_modules/engine.stamp

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-web; \
	else echo "npm is not installed, so ui/web is not checked."; fi

lint-web: node_modules/dev.stamp
	node_modules/.bin/biome check --error-on-warnings

# pip is the last thing that venv makes, so an interrupted venv is made again.
$(BIN)/pip:
	$(PYTHON) -m venv .venv

# A stamp is newer than its requirements only after an installation that succeeded.
.venv/run.stamp: requirements.txt | $(BIN)/pip
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt requirements-queue.txt requirements.txt | $(BIN)/pip
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements-dev.txt
	@touch $@ .venv/run.stamp

.venv/release.stamp: requirements-release.txt | $(BIN)/pip
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements-release.txt
	@touch $@
