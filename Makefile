# Everything runs in a virtual environment that the first call makes; `make help` lists the targets.
#
#   make PYTHON=python3.12 ...   another interpreter (3.11 or newer)
#   make VENV=.venv312 ...       another folder for it
#   make WORKERS=0 ...           tests in one process

PYTHON ?=
VENV ?= .venv
WORKERS ?= 2
export PYTHON VENV

BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -rs -n $(WORKERS) --dist loadgroup
# pyright looks for packages where the first `python` on the path looks.
PYRIGHT := PATH="$$(cd $(BIN) && pwd):$$PATH" pyright

.DEFAULT_GOAL := help
.PHONY: help demo test check coverage full bench clean runtime dev

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: runtime ## run the example: an agent answers a question about a folder
	@$(BIN)/python examples/ask_folder.py

test: dev ## run the tests that need no server and little time
	@$(PYTEST) -m "not server and not slow"

check: dev ## check style, types, floors and sizes
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/python scripts/check_source.py
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy --strict
	$(PYRIGHT)
	$(PYRIGHT) --verifytypes voxagent --ignoreexternal

coverage: dev ## run every test, with servers and slow ones, and require 100 % of all branches
	@$(PYTEST) --cov --cov-report=term --cov-fail-under=100

full: check coverage ## check, then coverage

bench: dev ## measure
	@$(BIN)/python benchmarks/run.py

clean: ## remove the environment and everything that was generated
	@rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime dev:
	@scripts/environment.sh $@
