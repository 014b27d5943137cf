# Everything happens in .venv. A target makes it, or brings it up to date, before it does its work.
PYTHON ?= python3
PYTHON313 ?= python3.13
BIN := .venv/bin
# `make run UNIT=07` names one notebook; without UNIT it means all
UNIT ?=
# how long `make fuzz` looks
MINUTES ?= 10

.DEFAULT_GOAL := help
.PHONY: help setup lab fresh test test-colab test-browser fuzz mutants check fmt run lint live slides site links publish bench study lock clean

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

.venv/ok: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "The course needs Python 3.11 or newer, and $(PYTHON) is older. Try: make setup PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	$(BIN)/python -m course_utils
	@touch $@

setup: .venv/ok  ## make .venv with everything the course needs

lab: setup  ## copy the notebooks into my/, where they are yours, and open them in JupyterLab
	$(BIN)/python -m course_utils.lab

fresh: setup  ## begin a unit anew, UNIT=02; your old copy stays beside the new one
	$(BIN)/python -m course_utils.lab fresh $(UNIT)

lint: setup  ## the fast checks that pytest does not make: code, format, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/zizmor --offline --quiet .github

check: lint  ## all fast checks: those of lint, form of the notebooks, links, secrets, explorables
	$(BIN)/python -m tools.notebook_files check
	$(BIN)/python -m tools.links check
	$(BIN)/python -m tools.explorables check
	$(BIN)/python -m tools.audit

test: lint  ## everything that CI checks
	$(BIN)/pytest -n 2

# Colab's own versions; the course itself is not installed there, so the setup cells find it as they do in Colab
.venv-colab/ok: tests/colab-requirements.txt
	@$(PYTHON313) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || { \
		echo "Colab has Python 3.13, and there is no $(PYTHON313) here. Try: make test-colab PYTHON313=path/to/python3.13"; exit 1; }
	$(PYTHON313) -m venv .venv-colab
	.venv-colab/bin/python -m pip install --quiet -r tests/colab-requirements.txt
	@touch $@

test-colab: .venv-colab/ok  ## all tests and notebooks with Colab's versions (needs Python 3.13)
	.venv-colab/bin/python -m pytest -n 2

test-browser: setup  ## the explorers, slides and website in a real browser (part of make test)
	SCREENS=1 $(BIN)/pytest tests/test_browser.py tests/test_editions.py tests/test_explorables.py tests/test_site.py -v

fuzz: setup  ## look for new counterexamples at random, for 10 minutes (MINUTES=60 for an hour)
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.fuzz $(MINUTES)

mutants: setup  ## break the pictures, the explorers, the explorables and the bad servers one at a time, and see which tests notice
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.mutants

fmt: setup  ## format the code and the notebooks
	PATH="$(BIN):$$PATH" $(BIN)/python -m tools.notebook_files format

run: setup  ## execute notebooks and store their outputs (UNIT=07 for one)
	$(BIN)/python -m tools.notebook_files run $(UNIT)

live: setup  ## make code-along notebooks for the class, in build/live (UNIT=02 for one)
	$(BIN)/python -m tools.editions live $(UNIT)

slides: setup  ## make slides with speaker notes, in build/slides (UNIT=02 for one)
	$(BIN)/python -m tools.slides $(UNIT)

site: setup  ## build the website, in build/site (OPEN=1 opens it)
	$(BIN)/python -m tools.site $(if $(OPEN),--open)

links: setup  ## rewrite badges, links and setup cells from pyproject.toml
	$(BIN)/python -m tools.links write

publish: setup  ## make the students' edition, in build/student (TO=address pushes it there, as the branch student)
	$(BIN)/python -m tools.publish $(TO)

bench: setup  ## measure speed, as ratios (FULL=1 adds batch size 1 on all of MNIST, and make test)
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.bench $(if $(FULL),--full)

study: setup  ## compare eight optimizers on MNIST with dask, on as many cores as there are (SCHEDULER=tcp://..., CHECK=1)
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.study $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(if $(CHECK),--check)

lock: setup  ## pin requirements.txt again, from pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --no-annotate --upgrade --quiet pyproject.toml -o requirements.txt

clean:  ## remove .venv and everything that was built
	rm -rf .venv .venv-colab build .pytest_cache .ruff_cache .hypothesis *.egg-info
