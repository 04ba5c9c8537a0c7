# Everything a person does with this repository. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
# One file says that the virtual environment holds what the lock file names.
INSTALLED := $(VENV)/.installed
LOCK := requirements-dev.txt
COMPOSE := docker compose -f deploy/compose/compose.yaml
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml

# The first Python that is 3.11 to 3.14; say `make PYTHON=/path/to/python ...` to choose another.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; \
	then echo "$$each"; break; fi; done)

MAKE_VENV = "$(PYTHON)" -m venv $(VENV)
# Debian's Python comes without what makes virtual environments; root may fetch it.
GET_VENV = test "$$(id -u)" -eq 0 && command -v apt-get >/dev/null && { echo "fetching python3-venv" && apt-get update -qq \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >&2

.PHONY: help setup demo test fmt lint types lock lock-check kafka bench replay up down clean

##@ Try it
help: ## List these targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make the virtual environment in .venv from the hashed lock file

demo: setup ## A year of a small lender's book in a minute, everything embedded (ARGS="--borrowers 200")
	@$(PY) -m deploy.local demo $(ARGS)

replay: setup ## Decide a file of events without broker or database (ARGS="EVENTS.ndjson --out DIR")
	@$(PY) -m services.warning replay $(ARGS)

##@ Work on it
test: setup ## Run all tests; on a real Kafka too where Java and Maven are present (ARGS="-k words")
	@$(PY) -m pytest $(ARGS)

fmt: setup ## Format the code and mend what can be mended
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

lint: setup ## Check style, and who may import whom
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports

types: setup ## Check the types, strictly
	@$(VENV)/bin/mypy

bench: setup ## Measure on a real Kafka, to a table and build/bench.json (ARGS="--only ingest")
	@$(PY) -m tests.bench $(ARGS)

lock: setup ## Compile the lock files anew from pyproject.toml
	@$(COMPILE) -o requirements.txt
	@$(COMPILE) --group dev -o $(LOCK)

lock-check: setup ## Fail where a lock file is not in step with pyproject.toml
	@mkdir -p build/lock && cp requirements.txt $(LOCK) build/lock/
	@$(COMPILE) -o build/lock/requirements.txt && $(COMPILE) --group dev -o build/lock/$(LOCK)
	@for each in requirements.txt $(LOCK); do \
		grep -v '^#' $$each > build/lock/committed; grep -v '^#' build/lock/$$each | diff build/lock/committed - \
		|| { echo "$$each is not in step with pyproject.toml; run: make lock" >&2; exit 1; }; done

##@ Run it
kafka: setup ## Fetch and run a real single-node Kafka in the foreground (needs Java and Maven)
	@$(PY) -m deploy.local kafka $(ARGS)

up: ## Kafka, PostgreSQL, the services, Prometheus, Alertmanager and Grafana with Docker Compose
	@sh deploy/compose/keys.sh
	$(COMPOSE) up --build --detach --wait

down: ## Stop what `make up` started, and remove its data
	$(COMPOSE) down --volumes

clean: ## Remove everything that can be made again
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): $(LOCK)
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 to 3.14 on the PATH, found none; install one, or: make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(PY) || $(MAKE_VENV) || { $(GET_VENV) && rm -rf $(VENV) && $(MAKE_VENV); } || { rm -rf $(VENV); \
		echo "could not make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing what $(LOCK) names into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	@touch $@
