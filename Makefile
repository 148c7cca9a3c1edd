# Pick python3.11 only where it really runs: a version manager's shim can be there without the version.
PYTHON ?= $(shell python3.11 -c 'print("python3.11")' 2>/dev/null || echo python3)
BIN := .venv/bin
PIP_ARGS ?=
PYTEST_ARGS ?=

.PHONY: help run test lint
.DEFAULT_GOAL := help

help:
	@echo "make run     install what is missing and open Ganscope on http://127.0.0.1:7860"
	@echo "make test    install what is missing, then lint and run every test"
	@echo "make lint    check style and formatting only"
	@echo "Variables:   PYTHON=$(PYTHON), PIP_ARGS (for pip install), PYTEST_ARGS (for pytest)"

run: .venv/run.stamp
	$(BIN)/python app.py

test: lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# pip is the last thing that venv makes, so an interrupted venv is made again.
$(BIN)/pip:
	$(PYTHON) -m venv .venv

# A stamp is newer than its requirements only after an installation that succeeded.
.venv/run.stamp: requirements.txt | $(BIN)/pip
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt requirements.txt | $(BIN)/pip
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements-dev.txt
	@touch $@ .venv/run.stamp
