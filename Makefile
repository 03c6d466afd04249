# Everything runs in a virtual environment that the first call makes; `make help` lists the targets.
#
#   make PYTHON=python3.12 ...   another interpreter (3.11 or newer)
#   make VENV=.venv312 ...       another folder for it
#   make WORKERS=0 ...           tests in one process

PYTHON ?=
VENV ?= .venv
WORKERS ?= 2
COVER ?=
LEAST ?= 100
export PYTHON VENV

BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -rs -n $(WORKERS) --dist loadgroup
# pyright looks for packages where the first `python` on the path looks.
PYRIGHT := PATH="$$(cd $(BIN) && pwd):$$PATH" pyright

.DEFAULT_GOAL := help
.PHONY: help demo test check coverage rest full servers torture conformance bench bench-others clean runtime dev

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: runtime ## run two examples: a question about a folder, and recorded answers of real models over HTTP
	@$(BIN)/python examples/ask_folder.py
	@echo
	@$(BIN)/python examples/recorded.py

test: dev ## run the tests that need no server and little time
	@$(PYTEST) -m "not (server or slow or thorough)" $(COVER)

check: dev ## check style, types, floors and sizes
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/python scripts/check_source.py
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy --strict
	$(PYRIGHT)
	$(PYRIGHT) --verifytypes voxagent --ignoreexternal

coverage: dev ## run every test, with servers and slow ones, and require 100 % of all branches
	@$(MAKE) --no-print-directory test COVER="--cov --cov-report="
	@$(MAKE) --no-print-directory rest

rest: dev ## run what `make test COVER=...` leaves out, and require 100 % of all branches of both together
	@$(PYTEST) -m "(server or slow) and not thorough" --cov --cov-append --cov-report=term --cov-fail-under=$(LEAST)

full: check servers ## check, install the servers, then every test, nearly all of them with coverage
	@VOXAGENT_NEEDS_SERVERS=1 $(MAKE) --no-print-directory coverage
	@$(PYTEST) -m thorough

servers: dev ## install the databases and public MCP servers that the tests speak to
	@$(BIN)/python scripts/servers.py

torture: dev ## MCP servers that are killed, freeze, flood and lie, 10,000 calls each; writers that are killed 1,000 times
	@VOXAGENT_CHAOS_CALLS=10000 $(PYTEST) tests/mcp/test_chaos.py
	@VOXAGENT_TORTURE=1 $(PYTEST) tests/session/test_crashes.py tests/session/test_suite.py

conformance: dev ## run the official scenarios of MCP, and write docs/mcp-conformance.md; needs npm
	@$(BIN)/python scripts/conformance.py

bench: dev ## measure
	@$(BIN)/python benchmarks/run.py

bench-others: dev ## compare with other libraries, each in an environment of its own under .venv-bench
	@$(BIN)/python benchmarks/others/compare.py

clean: ## remove the environment and everything that was generated
	@rm -rf $(VENV) .mcp-servers .venv-bench .conformance build dist htmlcov .coverage .coverage.* .hypothesis
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime dev:
	@scripts/environment.sh $@
