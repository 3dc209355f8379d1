PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
EVIDENTLY := .venv-evidently
DOCS := .venv-docs
SAGEMAKER := .venv-sagemaker
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# CPU=1: torch without CUDA's libraries, from PyTorch's own index. The environment remembers it.
# That index was not within reach where this was tried: a local one of the same form stood in.
CPU ?= $(wildcard $(VENV)/.cpu)
TORCH_CPU ?= https://download.pytorch.org/whl/cpu
CUDA := ^(cuda|nvidia)-|^triton==

.DEFAULT_GOAL := help
.PHONY: help install run test sagemaker mutants fuzz check bench soak lock reference screenshots docs clean

help:
	@echo "make run      dashboard and endpoint on http://localhost:8501 (CPU=1: without CUDA)"
	@echo "make install  what make run needs, without starting it"
	@echo "make test     every test"
	@echo "make sagemaker  SageMaker's SDK in an environment of its own, for the test that calls it"
	@echo "make mutants  small changes to the code, and which of them the tests notice (ONLY=attacks)"
	@echo "make fuzz     100,000 requests to all routes (CASES=1000 SEED=7)"
	@echo "make check    format, lint, types, words"
	@echo "make bench    measured figures against their goals (ONLY=attacks picks a part)"
	@echo "make soak     a day of mixed traffic against the real server (REQUESTS=10000, SEED=1)"
	@echo "make docs     the documentation as a site, in site/"
	@echo "make lock     requirements*.txt from pyproject.toml"

# An environment that uv made has no pip.
INSTALL = $$(test -x $(BIN)/pip && echo $(BIN)/pip install \
	|| echo uv pip install --python $(BIN)/python) --quiet

# $(call install,LOCK). torchvision is built for one torch: both come from the same index.
define install
test -d $(VENV) || $(PYTHON) -m venv $(VENV)
$(if $(CPU),$(INSTALL) --no-deps --index-url $(TORCH_CPU) $$(grep -E '^torch(vision)?==' $(1)))
$(if $(CPU),grep -vE '$(CUDA)' $(1) | $(INSTALL) -r /dev/stdin,$(INSTALL) -r $(1))
@$(if $(CPU),touch $(VENV)/.cpu)
endef

$(VENV)/.run: requirements.txt
	$(call install,$<)
	@touch $@

$(VENV)/.dev: requirements-dev.txt
	$(call install,$<)
	@touch $@

install: $(VENV)/.run

run: install
	$(BIN)/streamlit run dashboard.py

# One worker a core, each with one thread: more only wait for each other.
# PROFILE=fresh: property tests draw other examples. ORDER=random: files, and tests in them, shuffled.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist worksteal \
		--durations 10 $(if $(PROFILE),--hypothesis-profile $(PROFILE)) \
		$(if $(filter random,$(ORDER)),-p randomly)

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants $(ONLY)

CASES ?= 100000
SEED ?= 0
fuzz: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --cases $(CASES) --seed $(SEED)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.support.words

# The peers' own pins clash with ours: they get an environment that sees our torch behind theirs.
$(PEERS)/.done: $(VENV)/.dev requirements-peers.txt
	test -d $(PEERS) || $(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --no-deps -r requirements-peers.txt
	main=$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
	own=$$($(PEERS)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
	echo "$$main" > "$$own/main.pth"
	@touch $@

# Evidently needs another pandas than we could have, and nothing of ours.
$(EVIDENTLY)/.done: requirements-evidently.txt
	test -d $(EVIDENTLY) || $(PYTHON) -m venv $(EVIDENTLY)
	$(EVIDENTLY)/bin/pip install --quiet --no-deps -r requirements-evidently.txt
	@touch $@

# SageMaker's SDK wants other versions than ours; a test calls it from there, as the blog does.
$(SAGEMAKER)/.done: requirements-sagemaker.txt
	test -d $(SAGEMAKER) || $(PYTHON) -m venv $(SAGEMAKER)
	$(SAGEMAKER)/bin/pip install --quiet --no-deps -r requirements-sagemaker.txt
	@touch $@

sagemaker: $(SAGEMAKER)/.done

bench: $(VENV)/.dev $(PEERS)/.done $(EVIDENTLY)/.done
	$(BIN)/python -m tests.benchmarks $(ONLY)

# SEED repeats the traffic of a day, which the first line of its output names.
REQUESTS ?= 100000

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak $(REQUESTS) $(SEED)

# Versions that stand in a lock stay until pyproject.toml rules them out; delete a line to move on.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--custom-compile-command "make lock"

lock: $(VENV)/.dev
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --group dev --constraints requirements.txt --output-file requirements-dev.txt
	$(LOCK) --group docs --output-file requirements-docs.txt
	$(LOCK) --group sagemaker --output-file requirements-sagemaker.txt

reference: install
	$(BIN)/python -m docs.generate

screenshots: $(VENV)/.dev
	$(BIN)/python -m docs.take_screenshots

# Sphinx lives apart: neither the program nor its tests need it.
$(DOCS)/.done: requirements-docs.txt
	test -d $(DOCS) || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --no-deps -r requirements-docs.txt
	@touch $@

docs: reference $(DOCS)/.done
	$(DOCS)/bin/sphinx-build --fail-on-warning --keep-going --quiet docs site

clean:
	rm -rf $(VENV) $(PEERS) $(EVIDENTLY) $(DOCS) $(SAGEMAKER) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
