# Everything happens in .venv. A target makes it, or brings it up to date, before it does its work.
PYTHON ?= python3
BIN := .venv/bin
# `make run UNIT=07` names one notebook; without UNIT it means all
UNIT ?=

.DEFAULT_GOAL := help
.PHONY: help setup lab test check fmt run links bench lock clean

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

.venv/ok: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "The course needs Python 3.11 or newer, and $(PYTHON) is older. Try: make setup PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	$(BIN)/python -m course_utils
	@touch $@

setup: .venv/ok  ## make .venv with everything the course needs

lab: setup  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

check: setup  ## fast checks: lint, format, links, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/notebooks.py check
	$(BIN)/python tools/links.py check
	$(BIN)/zizmor --offline --quiet .github

test: check  ## everything that CI checks
	$(BIN)/pytest -n 2 --dist loadscope

fmt: setup  ## format the code and the notebooks
	PATH="$(BIN):$$PATH" $(BIN)/python tools/notebooks.py format

run: setup  ## execute notebooks and store their outputs (UNIT=07 for one)
	$(BIN)/python tools/notebooks.py run $(UNIT)

links: setup  ## rewrite badges, links and setup cells from pyproject.toml
	$(BIN)/python tools/links.py write

bench: setup  ## measure speed, as ratios (FULL=1 adds batch size 1 on all of MNIST)
	OMP_NUM_THREADS=1 $(BIN)/python tools/bench.py $(if $(FULL),--full)

lock: setup  ## pin requirements.txt again, from pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --no-annotate --upgrade --quiet pyproject.toml -o requirements.txt

clean:  ## remove .venv and everything that was built
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis *.egg-info
