PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
EVIDENTLY := .venv-evidently
DOCS := .venv-docs
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test check bench reference screenshots docs clean

help:
	@echo "make run    dashboard and endpoint on http://localhost:8501"
	@echo "make test   every test"
	@echo "make check  format, lint, types"
	@echo "make bench  measured figures against their goals (ONLY=attacks picks a part)"
	@echo "make docs   the documentation as a site, in site/"

$(VENV)/.run: requirements.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements-dev.txt
	@touch $@

run: $(VENV)/.run
	$(BIN)/streamlit run dashboard.py

# One worker a core, each with one thread: more only wait for each other.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses logical --maxprocesses 4 \
		--dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The peers' own pins clash with ours: they get an environment that sees our torch behind theirs.
$(PEERS)/.done: $(VENV)/.dev requirements-peers.txt
	test -d $(PEERS) || $(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-peers.txt
	main=$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
	own=$$($(PEERS)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
	echo "$$main" > "$$own/main.pth"
	@touch $@

# Evidently needs another pandas than we could have, and nothing of ours.
$(EVIDENTLY)/.done: requirements-evidently.txt
	test -d $(EVIDENTLY) || $(PYTHON) -m venv $(EVIDENTLY)
	$(EVIDENTLY)/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-evidently.txt
	@touch $@

bench: $(VENV)/.dev $(PEERS)/.done $(EVIDENTLY)/.done
	$(BIN)/python -m tests.benchmarks $(ONLY)

reference: $(VENV)/.run
	$(BIN)/python -m docs.generate

screenshots: $(VENV)/.dev
	$(BIN)/python -m docs.take_screenshots

# Sphinx lives apart: neither the program nor its tests need it.
$(DOCS)/.done: requirements-docs.txt
	test -d $(DOCS) || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-docs.txt
	@touch $@

docs: reference $(DOCS)/.done
	$(DOCS)/bin/sphinx-build --fail-on-warning --keep-going --quiet docs site

clean:
	rm -rf $(VENV) $(PEERS) $(EVIDENTLY) $(DOCS) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
