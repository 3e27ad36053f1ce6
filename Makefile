# zerodte: `make run` shows a market, `make test` tries each part. Both set themselves up, once.
VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# A module's tests share what is expensive, so they stay in one process; some rooms' modules too,
# see tests/conftest.py, which also puts the longest first, so that all processes end together.
WORKERS ?= auto
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
HOST ?= 127.0.0.1
PORT ?= 8017
ALLOW_HOST ?=
# OPEN=1 answers other machines without keys; KEYS=FILE requires keys.
OPEN ?=
KEYS ?=
SPEED ?=
# Of the simulated market; empty ones are the command's own defaults.
DATE ?=
SEED ?=
SYMBOLS ?=
IMPACT ?=
SHOTS ?= shots
# Whoever imports hundreds of modules in many processes compiles them once.
unexport PYTHONDONTWRITEBYTECODE
ADDRESS = --host $(HOST) --port $(PORT) $(if $(ALLOW_HOST),--allow-host $(ALLOW_HOST)) \
	$(if $(KEYS),--keys $(KEYS)) $(if $(OPEN),--open)
CHOICES = $(if $(SPEED),--speed $(SPEED)) $(if $(DATE),--date $(DATE)) $(if $(SEED),--seed $(SEED)) \
	$(if $(SYMBOLS),--symbols $(SYMBOLS)) $(if $(IMPACT),--impact $(IMPACT))

.PHONY: run test drill coverage check bench shots notebooks js study help clean
.DEFAULT_GOAL := help

help: ## This list
	@echo "make run           serve a simulated market on http://$(HOST):$(PORT) (PORT=N, HOST=H, SPEED=X,"
	@echo "                   DATE=D, SEED=N, SYMBOLS=A,B; TAPE=DIR serves a tape instead;"
	@echo "                   KEYS=FILE requires keys, OPEN=1 lets other machines in without)"
	@echo "make test          run the tests of every part, a few minutes, in parallel (ARGS=..., WORKERS=N)"
	@echo "make drill         run the long tests: feeds under faults, kills, damage, browsers, recorded days"
	@echo "make coverage      run both, and measure how much of the code they run"
	@echo "make check         lint, types (of the dashboard and the TypeScript client too), import directions"
	@echo "make bench         measure speed against named peers"
	@echo "make shots         take pictures of the dashboard, into the folder shots (SHOTS=DIR;"
	@echo "                   ARGS=--eyes also as colour-blind eyes see them)"
	@echo "make notebooks     run the notebooks of examples/, and make the docs' pictures of them"
	@echo "make js            build the TypeScript client, into clients/js/dist"
	@echo "make study         measure the simulated market against real ones (ARGS=NAME)"
	@echo "make clean         remove what set-up made"

run: $(VENV)/run-ready ## Serve a market, or the tape in TAPE
ifdef TAPE
	@exec $(BIN)/zerodte serve "$(TAPE)" $(ADDRESS) $(if $(SPEED),--speed $(SPEED))
else
	@exec $(BIN)/zerodte demo $(ADDRESS) $(CHOICES)
endif

# What tests use beside the package, each in an environment of its own.
OTHERS = $(foreach name,s3 clients tastytrade alpaca massive,$(VENV)/$(name)-ready)

test: $(VENV)/dev-ready $(VENV)/s3-ready ## Run the tests of every part
	@$(PYTEST) $(ARGS)

drill: $(VENV)/dev-ready $(OTHERS) ## Run the long tests
	@$(PYTEST) -m drill $(ARGS)

coverage: $(VENV)/dev-ready $(OTHERS) ## Run both, and measure how much of the code they run
	@$(PYTEST) --cov --cov-report=term -m "drill or not drill" $(ARGS)

check: $(VENV)/dev-ready ## Lint, types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/ui/check_types.py
	@$(BIN)/python -m tools.client.build --check

bench: $(VENV)/dev-ready ## Measure speed against named peers
	@$(BIN)/python -m benchmarks $(ARGS)

shots: $(VENV)/dev-ready ## Take pictures of the dashboard, into SHOTS
	@$(BIN)/python tools/ui/shots.py $(SHOTS) $(ARGS)

notebooks: $(VENV)/dev-ready ## Run the notebooks of examples/, and make the docs' pictures of them
	@$(BIN)/python tools/notebooks.py examples/notebooks --images docs/images

js: $(VENV)/dev-ready ## Build the TypeScript client, into clients/js/dist
	@$(BIN)/python -m tools.client.build

study: $(VENV)/dev-ready ## Measure the simulated market against real ones
	@$(BIN)/python -m studies $(ARGS)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "zerodte needs Python 3.11 or newer on the PATH; found: $$(python3 --version 2>&1)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "could not make a virtual environment (on Debian or Ubuntu: apt install python3-venv)" >&2; exit 1; }

$(VENV)/run-ready: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Setting up (once, about a minute) ..."
	@$(PIP) install -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m zerodte.runtime.warmup
	@touch $@

$(VENV)/dev-ready: requirements/dev.txt $(VENV)/run-ready
	@echo "Setting up the tests' tools (once, under a minute) ..."
	@$(PIP) install -r requirements/dev.txt
	@touch $@

$(VENV)/s3-ready: requirements/s3.txt | $(BIN)/python
	@echo "Setting up an object store to test with (once, some seconds) ..."
	@$(BIN)/python -m venv $(VENV)/s3
	@$(VENV)/s3/bin/python -m pip --quiet --disable-pip-version-check --no-input install -r requirements/s3.txt
	@touch $@

$(VENV)/clients-ready: requirements/clients.txt | $(BIN)/python
	@echo "Setting up generators of clients to test with (once, some seconds) ..."
	@$(BIN)/python -m venv $(VENV)/clients
	@$(VENV)/clients/bin/python -m pip --quiet --disable-pip-version-check --no-input install -r requirements/clients.txt
	@touch $@

$(VENV)/tastytrade-ready: requirements/tastytrade.txt | $(BIN)/python
	@echo "Setting up a client of tastytrade's to test with (once, some seconds) ..."
	@$(BIN)/python -m venv $(VENV)/tastytrade
	@$(VENV)/tastytrade/bin/python -m pip --quiet --disable-pip-version-check --no-input install -r requirements/tastytrade.txt
	@touch $@

$(VENV)/alpaca-ready: requirements/alpaca.txt | $(BIN)/python
	@echo "Setting up a client of Alpaca's to test with (once, some seconds) ..."
	@$(BIN)/python -m venv $(VENV)/alpaca
	@$(VENV)/alpaca/bin/python -m pip --quiet --disable-pip-version-check --no-input install -r requirements/alpaca.txt
	@touch $@

$(VENV)/massive-ready: requirements/massive.txt | $(BIN)/python
	@echo "Setting up a client of Massive's to test with (once, some seconds) ..."
	@$(BIN)/python -m venv $(VENV)/massive
	@$(VENV)/massive/bin/python -m pip --quiet --disable-pip-version-check --no-input install -r requirements/massive.txt
	@touch $@

clean: ## Remove what set-up made
	@rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
