# Everything a newcomer or a developer types. `make` alone lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
MEMBERS := shared services/intake-web services/intake-media services/router services/notifier deploy/local
TIERS := tests/unit tests/contract tests/component tests/connected tests/browser
LINTED := shared services deploy tests
LINTED_TYPES := $(wildcard shared/src/shared services/*/src/* deploy/local/src/minsheng)
EXPORT := $(UV) export -q --frozen --all-packages --no-emit-workspace --format requirements-txt --no-header --no-annotate --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev system up down demo test coverage check lint types imports schemas lock bench bench-media chaos-rows chaos-short chaos hostile screenshots

help: ## list what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## make the environment in .venv from requirements.lock (needs Python 3.11, 3.12 or 3.13)

$(VENV)/.uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "Minsheng needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setup: virtual environment in $(VENV)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "setup: uv $(UV_VERSION)"
	@$(PY) -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.ready: $(VENV)/.uv-$(UV_VERSION) requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@echo "setup: libraries of requirements.lock, each checked against its hash (first time: some hundred megabytes)"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip sync -q --compile-bytecode --require-hashes requirements.lock
	@rm -f $(VENV)/.ready-dev
	@echo "setup: our own packages"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install -q --compile-bytecode --no-deps $(MEMBERS:%=-e ./%)
	@touch $@
	@echo "setup: done"

setup-dev: $(VENV)/.ready-dev

$(VENV)/.ready-dev: $(VENV)/.ready tests/requirements.lock
	@echo "setup: tools for tests and checks"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install -q --compile-bytecode --require-hashes -r tests/requirements.lock
	@touch $@

system: # Debian packages that the tests need: a browser, ffmpeg, a robot's voice, a Chinese font
	@missing=""; command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v ffmpeg >/dev/null || missing="$$missing ffmpeg"; \
	command -v espeak-ng >/dev/null || missing="$$missing espeak-ng"; \
	fc-list :lang=zh 2>/dev/null | grep -q . || missing="$$missing fontconfig fonts-noto-cjk"; \
	test -z "$$missing" && exit 0; \
	if command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
	  echo "setup: Debian packages$$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "The tests need$$missing. On Debian: sudo apt-get install$$missing" >&2; exit 1; fi

up: setup ## start everything, wait until healthy, print the addresses; Ctrl-C stops all (SECURE=1: Kafka with users and grants)
	@exec $(VENV)/bin/minsheng up

down: setup ## stop a running stack
	@$(VENV)/bin/minsheng down

demo: setup ## with the stack up: one real input per channel, each followed to its notice
	@$(VENV)/bin/minsheng demo

test: setup-dev system ## all tests: unit, contract, component, connected, browser
	@$(PY) -m pytest $(TIERS)

coverage: setup-dev system ## the same with the lines that no test ran, in every process: a third slower
	@$(PY) -m pytest $(TIERS) --cov --cov-report=term:skip-covered

check: lint types imports ## lint, types, import rules

lint: setup-dev ## ruff
	@$(VENV)/bin/ruff check $(LINTED)
	@$(VENV)/bin/ruff format --check $(LINTED)

types: setup-dev ## mypy --strict
	@$(VENV)/bin/mypy $(LINTED_TYPES)

imports: setup-dev ## who may import whom
	@$(VENV)/bin/lint-imports

schemas: setup-dev ## write the JSON Schemas and AsyncAPI from the models
	@$(PY) -m tests.contract.generate

lock: setup ## write requirements.lock, those of the tests and of each image: hashes, no addresses
	@$(UV) lock
	@$(EXPORT) --no-dev -o requirements.lock >/dev/null
	@$(UV) export -q --frozen --only-group dev --no-emit-workspace --format requirements-txt --no-header --no-annotate --no-emit-index-url -o tests/requirements.lock >/dev/null
	@for service in intake-web intake-media router notifier; do $(UV) export -q --frozen --package $$service --no-dev --no-emit-workspace --format requirements-txt --no-header --no-annotate --no-emit-index-url -o deploy/locks/$$service.lock >/dev/null || exit 1; done
	@! grep -nE '://|--index|--find-links' requirements.lock tests/requirements.lock deploy/locks/*.lock

bench: setup-dev ## rates and delays of the text path and of decisions with the text model
	@$(PY) -m pytest -q -p no:cacheprovider --timeout 1800 tests/bench/test_classification.py
	@$(PY) -m tests.bench.pipeline

bench-media: setup-dev ## rates and delays of the transcribing workers
	@$(PY) -m tests.bench.media

chaos-rows: setup-dev system ## one failure at a time, each with its test (tests/chaos/README.md)
	@$(PY) -m pytest tests/chaos

chaos-short: setup-dev system ## faults for three minutes, the same ones every time: nothing lost, nothing doubled
	@$(PY) -m tests.chaos.campaign --seed 20261124 --submissions 900 --rate 15 --faults 30 --outage 10 --full uploads-disk

chaos: setup-dev system ## faults at length, with a report
	@$(PY) -m tests.chaos.campaign --submissions 20000 --faults 250 --report tests/chaos/report.md

hostile: setup-dev system ## hostile and broken uploads through the sandbox, with a report
	@$(PY) -m tests.hostile.report

screenshots: setup-dev system ## the README's pictures, taken from a running stack
	@$(PY) -m tests.browser.screenshots
