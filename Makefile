# `make help` lists the targets. Only Python 3.11 or newer and make are needed; everything else goes into .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# By hash and as wheels only: nothing is fetched that is not pinned, what would build a source distribution included.
INSTALL := $(PIP) install --require-hashes --only-binary :all:

# A virtual environment holds absolute paths: one that was copied or moved is of no use and is made anew.
ifneq ($(shell cat $(VENV)/.root 2>/dev/null),$(CURDIR))
STALE := stale
endif

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-19s %s\n", $$1, $$2 }'

.PHONY: demo
demo: $(VENV)/.runtime  ## set up, then show the memory at work
	$(BIN)/talktiers demo

.PHONY: test
test: $(VENV)/.dev  ## set up, then run all tests
	$(BIN)/pytest

.PHONY: check
check: lint types layers  ## formatting, lint, types, layers, then all tests with coverage
	@rm -f .coverage .coverage.*
	$(BIN)/pytest --cov --cov-report=term

.PHONY: servers
servers: $(VENV)/.dev  ## start Redis, PostgreSQL, Chroma and Neo4j for the tests that need them
	$(BIN)/python tests/servers/run.py start

.PHONY: servers-stop
servers-stop:  ## stop them and erase their data
	@test ! -d .servers || $(or $(wildcard $(BIN)/python),python3) tests/servers/run.py stop

.PHONY: lint
lint: $(VENV)/.dev  ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.dev  ## both type checkers
	$(BIN)/mypy -p talktiers
	$(BIN)/mypy tests examples benchmarks
	$(BIN)/basedpyright

.PHONY: layers
layers: $(VENV)/.dev  ## who may import whom
	$(BIN)/lint-imports

.PHONY: bench
bench: $(VENV)/.runtime  ## measure speed, size and recall; prints ratios
	$(BIN)/python benchmarks/run.py

.PHONY: bench-servers
bench-servers: $(VENV)/.dev  ## measure the memory on the four servers beside their drivers; takes an hour
	$(BIN)/python benchmarks/run_servers.py

.PHONY: format
format: $(VENV)/.dev  ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: setup
setup: $(VENV)/.dev  ## .venv with everything for working on the code

.PHONY: lock
lock: $(VENV)/.lock  ## write requirements/*.txt anew from pyproject.toml (UPGRADE=--upgrade takes the newest)
	$(LOCK) pyproject.toml --extra static --group build --output-file requirements/runtime.txt
	$(LOCK) pyproject.toml --extra all --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
	$(LOCK) --group lock --output-file requirements/lock.txt

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: clean
clean: servers-stop  ## remove .venv and everything that is generated
	rm -rf $(VENV) .link .servers build dist ./*.egg-info htmlcov .coverage .coverage.*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .basedpyright
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment; each stamp is newer than what it was made from ---------------------------------------------

# The newest Python that will do; PYTHON=... decides otherwise.
$(VENV)/.root: $(STALE)
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
		command -v "$$python" >/dev/null || continue; \
		if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			fault="$$python is older than 3.11: install Python 3.11, 3.12 or 3.13"; continue; \
		fi; \
		if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
			fault="$$python has no venv module: on Debian and Ubuntu 'apt-get install python3-venv' brings it"; continue; \
		fi; \
		echo "Setting up $(VENV) with $$("$$python" --version), once"; \
		rm -rf $(VENV) && "$$python" -m venv $(VENV) && printf '%s' "$(CURDIR)" > $@; exit; \
	done; \
	echo "make: $${fault:-no Python was found: install Python 3.11, 3.12 or 3.13, or name one with PYTHON=...}" >&2; exit 1

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml $(VENV)/.root
	$(INSTALL) -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(INSTALL) -r requirements/dev.txt
	@mkdir -p .link && ln -sfn .. .link/talktiers
	@touch $@

$(VENV)/.lock: requirements/lock.txt $(VENV)/.root
	$(INSTALL) -r requirements/lock.txt
	@touch $@

.PHONY: stale
stale:
