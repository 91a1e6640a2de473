# `make` alone lists the targets.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PACKAGES := $(wildcard kit/pyproject.toml cli/pyproject.toml sandbox/pyproject.toml services/*/pyproject.toml)
SERVICES := auth catalog cart orders
SOURCES := kit/shopkit $(wildcard cli/shopcli sandbox/paysandbox $(foreach s,$(SERVICES),services/$(s)/$(s)) launcher tools gateway bench)
# Modules stay together on one process, since their databases are made once for each. More processes
# than cores: some wait.
PYTEST := $(BIN)/python -m pytest
FAST := -n 4 --dist loadscope --no-loadscope-reorder -m "not torture"
NO_DATABASE := --ignore=cli --ignore=sandbox $(addprefix --ignore=tests/,gateway architecture bench model launcher security)
# CI tries 5,000 cases, and 60 walks through the shop; a person waits for fewer.
FUZZ_CASES ?= 600
MACHINE_RUNS ?= 10
export FUZZ_CASES MACHINE_RUNS
# Tests start services some hundred times, and would compile them each time.
unexport PYTHONDONTWRITEBYTECODE
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-package shopkit $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres test-compose torture up down lock lint scan format openapi bench bench-profile bench-compare bench-plots bench-growth bench-scale bench-logins bench-overload soak seed-million bench-million clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(READY): requirements.lock $(PACKAGES) tools/venv.sh
	@tools/venv.sh $(VENV)
	@touch $@

run: $(READY) ## Start the whole shop here: services, gateway and payment sandbox (settings: .env.example)
	@exec $(BIN)/python -m launcher

test: $(READY) ## Run every test that needs neither Docker nor PostgreSQL
	$(PYTEST) $(FAST)

test-postgres: $(READY) ## Run the same tests on a private, throw-away PostgreSQL
	$(BIN)/python tools/postgres.py $(PYTEST) $(FAST) $(NO_DATABASE)

test-compose: $(READY) ## Run the end-to-end tests against docker compose
	@tools/test-compose.sh

# Most of it waits for what got lost: more processes than cores. Alone, figures mean something.
TORTURE := $(PYTEST) $(if $(FULL),-n 0,-n 4 --dist loadfile)
SMALLER := kept kills rush refund_races webhooks killed_steps
ON_POSTGRES := $(if $(FULL),tests/faults,$(SMALLER:%=tests/faults/test_%.py))

torture: $(READY) ## Kill, lose and repeat, on both databases (FULL=1: hours, and a report)
	FULL=$(FULL) $(TORTURE) tests/faults tests/model tests/guards $(if $(FULL),tests/security/test_taken_out.py)
	FULL=$(FULL) SCALE=$(or $(SCALE),$(if $(FULL),1,0.15)) $(BIN)/python tools/postgres.py \
		$(TORTURE) $(ON_POSTGRES) $(if $(FULL),tests/guards)
	$(if $(FULL),$(BIN)/python -m tests.faults.report)

up: ## Build and start the shop with docker compose (POSTGRES=1: on PostgreSQL)
	@tools/compose.sh start

down: ## Stop what `make up` started; its data stays
	@tools/compose.sh stop

lock: $(READY) ## Write the requirements locks anew (UPGRADE=1: with the newest versions)
	$(LOCK) -o requirements.lock requirements.in kit/build.in $(PACKAGES)
	for s in $(SERVICES); do $(LOCK) -c requirements.lock -o services/$$s/requirements.lock services/$$s/pyproject.toml kit/build.in || exit; done
	$(LOCK) -c requirements.lock -o cli/requirements.lock cli/pyproject.toml kit/build.in
	for b in bench bench/baseline; do $(LOCK) -o $$b/requirements.lock $$b/requirements.in || exit; done

lint: $(READY) ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports

scan: $(READY) ## Look for known vulnerabilities of packages, and for secrets in files
	$(BIN)/python -m tools.scan

format: $(READY) ## Lay the code out, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(READY) ## Write contracts/openapi/*.json anew from the services
	@mkdir -p contracts/openapi
	for s in $(SERVICES); do $(BIN)/shop-$$s openapi >.openapi.json && mv .openapi.json contracts/openapi/$$s.json || exit; done
	$(BIN)/python -m gateway.merge_openapi

bench: $(READY) ## Measure the shop beside its limits and a baseline, into bench/results/ (a quarter of an hour)
	$(BIN)/python -m bench.run

bench-profile: $(READY) ## Leave flame graphs of each service below var/flames
	$(BIN)/python -m bench.flames

bench-compare: $(READY) ## Say what changed beyond the noise from revision A to B (A=main B=HEAD)
	$(BIN)/python -m bench.compare $(or $(A),main) $(or $(B),HEAD)

bench-plots: $(READY) ## Draw the newest full run for docs/performance.md
	$(BIN)/python -m bench.plots

bench-logins: $(READY) ## Measure what logins tell by their time, and what a flood of them costs others
	$(BIN)/python -m bench.logins

bench-overload: $(READY) ## Measure a minute of ten times what the shop can do
	$(BIN)/python -m bench.overload

bench-growth: $(READY) ## Measure the shop with 10,000, 100,000 and a million orders, carts and accounts
	$(BIN)/python -m bench.growth

bench-scale: $(READY) ## Measure the shop on PostgreSQL with one, two and four copies of each service
	$(BIN)/python -m bench.scale

soak: $(READY) ## Let a few visitors come for a day, and say whether anything grows (HOURS=24; SPEED=24: faster clocks)
	$(BIN)/python -m bench.soak

# Both take DATABASE=postgresql://…, for a catalog that is there.
ON_DATABASE = $(if $(DATABASE),CATALOG_DATABASE_URL=$(DATABASE))
seed-million: $(READY) ## Make a shop of a million products in var/million (an hour at most; PRODUCTS=100000: fewer)
	$(ON_DATABASE) $(BIN)/python -m bench.seed $(if $(PRODUCTS),--products $(PRODUCTS))

bench-million: $(READY) ## Measure it beside a catalog of ten thousand (first: make seed-million)
	$(ON_DATABASE) $(BIN)/python -m bench.million --data var/million $(if $(PRODUCTS),--products $(PRODUCTS))

clean: ## Remove the virtual environment and caches (never the data)
	rm -rf $(VENV) .tools .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
