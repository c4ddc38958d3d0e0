# The only command surface. Each target installs what it needs into .venv first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on
ARGS   ?=

# Images for containers like to set it. Then each of our many processes would compile all that it imports, at every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run up setup test test-containers check format bench chaos selftest new-provider lock schemas clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: $(VENV)/run.stamp ## the demo on this machine: everything, over a simulated world
	@exec $(BIN)/holdfast up --demo $(ARGS)

up: $(VENV)/run.stamp ## the real thing on this machine, with your holdfast.toml
	@exec $(BIN)/holdfast up $(ARGS)

setup: $(VENV)/dev.stamp ## only install, tests and checks included

# Files as tests/support/longest.py orders them, not by how many tests are in them: the longest have one or two.
test: $(VENV)/dev.stamp ## all tests
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "not chaos and not bench" $(ARGS)

test-containers: $(VENV)/dev.stamp ## the integration suites against the official NATS and ClickHouse images
	$(BIN)/pytest --containers -m "not chaos and not bench" tests/messaging tests/registry tests/warehouse tests/aggregator tests/api $(ARGS)

check: $(VENV)/dev.stamp ## lint, strict types, import rules, the lints of the design
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q tests/architecture

format: $(VENV)/dev.stamp ## put the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp ## measure: make bench [BENCH=ingest] [QUICK=1]
	$(BIN)/python -m tests.bench $(if $(QUICK),--quick) $(BENCH)

chaos: $(VENV)/dev.stamp ## break it on purpose and compare with the truth
	$(BIN)/pytest -m chaos -p no:xdist $(ARGS) tests

selftest: $(VENV)/run.stamp ## the whole stack against the simulated world's own truth
	$(BIN)/holdfast selftest $(ARGS)

new-provider: $(VENV)/dev.stamp ## make new-provider NAME=acme
	$(BIN)/python -m holdfast.providers.kit.scaffold $(NAME)

lock: $(VENV)/dev.stamp ## resolve requirements/*.txt again from pyproject.toml
	$(PIP) --quiet uv
	cd requirements && for set in "services --extra services --extra build" \
	    "run --extra services --extra embedded --extra build -c services.txt" "dev --extra dev -c run.txt"; do \
	    set -- $$set; name=$$1; shift; \
	    ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --no-header --no-annotate ../pyproject.toml "$$@" -o $$name.txt || exit 1; done

schemas: $(VENV)/dev.stamp ## write everything that is generated: event schemas, AsyncAPI, schema.sql, .env.example
	$(BIN)/python -m holdfast.events.schemas
	$(BIN)/python -m holdfast.warehouse.schema
	$(BIN)/python -m tests.support.env_example

clean: ## forget the environment and the caches; data/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Holdfast needs Python 3.11 to 3.13; {sys.executable} is {v[0]}.{v[1]}. Name another: make PYTHON=python3.12 …")'
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what it runs on (about 70 packages, the ClickHouse engine among them)"
	@$(PIP) --quiet --require-hashes -r requirements/run.txt
	@$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what it runs on, and the tools for tests and checks"
	@$(PIP) --quiet --require-hashes -r requirements/dev.txt
	@$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/run.stamp
