# Two commands for a newcomer: `make report` and `make test`. Both set the project up first.

# The first interpreter on the path that is recent enough; `make PYTHON=/some/python` overrides.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
ENGINES := .venv/.engines
PEERS := .venv/bench/.installed
PANDAS2 := .venv/pandas2/.installed
PIP_OF = $(1)/python -m pip --disable-pip-version-check --quiet
PIP := $(call PIP_OF,$(BIN))
# On all processors, where pip uses one; files that no interpreter reads are left as they are, and the
# tests that packages bring along are never run.
COMPILE := $(BIN)/python -m compileall -qq -j 0 -x '/tests/' .venv/lib 2>/dev/null

.PHONY: help report site test check lint lessons notebooks-check lock bench clean

help:
	@echo "make report    the demo client's report, in French and in English"
	@echo "make site      the course as pages that open offline, in French and in English"
	@echo "make test      every check: style, types, tests, lessons"
	@echo "make lessons   rebuild notebooks/fr and notebooks/en from notebooks/src"
	@echo "make bench     speed and memory beside other packages: one or two hours; QUICK=1: some minutes"
	@echo "make lock      pin the dependencies again after a change of pyproject.toml"
	@echo "make clean     remove what was made, .venv included"

# A pip of some years takes twice as long to read what an index offers; it will do where none is newer.
$(INSTALLED): requirements.lock requirements-pip.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed, and none was found on the path"; exit 1; }
	@$(PIP) --version >/dev/null 2>&1 || { echo "making .venv with $(PYTHON)"; rm -rf .venv; \
		$(PYTHON) -m venv .venv || { echo "error: $(PYTHON) cannot make .venv; on Debian and Ubuntu install python3-venv"; exit 1; }; }
	@echo "installing the locked dependencies (about a minute, only when they change)"
	@$(PIP) install --no-compile --require-hashes --requirement requirements-pip.lock 2>/dev/null || true
	@$(PIP) install --no-compile --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(COMPILE) marketing_kpi || true
	@touch $@

$(ENGINES): requirements-engines.lock $(INSTALLED)
	@echo "installing Spark and the driver of PostgreSQL, for the tests only"
	@$(PIP) install --no-compile --require-hashes --requirement requirements-engines.lock
	@$(COMPILE) || true
	@touch $@

# What is only compared with stays out of .venv: it is heavy, and one package needs another pandas.
$(PEERS): requirements-bench.lock $(INSTALLED)
	@echo "installing the packages to compare with, over a gigabyte, in .venv/bench"
	@$(BIN)/python -m venv --clear .venv/bench
	@$(call PIP_OF,.venv/bench/bin) install --require-hashes --requirement requirements-bench.lock
	@$(call PIP_OF,.venv/bench/bin) install --no-deps --no-build-isolation --editable .
	@touch $@

$(PANDAS2): requirements-pandas2.lock $(INSTALLED)
	@$(BIN)/python -m venv --clear .venv/pandas2
	@$(call PIP_OF,.venv/pandas2/bin) install --require-hashes --requirement requirements-pandas2.lock
	@touch $@

report: $(INSTALLED)
	@$(BIN)/marketing-kpi report reports/demo.yml

site: $(INSTALLED)
	@$(BIN)/marketing-kpi site

# The checks side by side, then the tests, on two processors each.
test: $(INSTALLED) $(ENGINES)
	@$(MAKE) --no-print-directory --jobs 2 lint notebooks-check
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

notebooks-check: $(INSTALLED)
	$(BIN)/marketing-kpi dictionary check
	$(BIN)/marketing-kpi lessons build --check

lessons: $(INSTALLED)
	$(BIN)/marketing-kpi lessons build

# One after the other, in turns with their peers; a table is replaced when its run has ended.
PEER = --python $(1)=.venv/bench/bin/python
ifdef QUICK
MEASURED = .venv/bench/bin/python benchmarks/$(1).py $(2)
else
MEASURED = .venv/bench/bin/python benchmarks/$(1).py $(3) > benchmarks/$(1).new \
	&& mv benchmarks/$(1).new benchmarks/$(1).md
endif

bench: $(PEERS) $(PANDAS2)
	$(call MEASURED,customers,--orders 100000 --runs 1 $(RETAIL),$(RETAIL))
	$(call MEASURED,kpis,--lines 100000 --runs 1)
	$(call MEASURED,lifecycle_history,--customers 10000 --shops 0,--customers 1000000)
	$(call MEASURED,baskets,--baskets 50000 --rounds 1 --shops 1)
	$(call MEASURED,attribution,--journeys 20000 --naive 5000 --draws 20)
	$(call MEASURED,clv_speed,$(CLV) --largest 100000,$(CLV))

RETAIL := --python openretailscience=.venv/pandas2/bin/python
CLV := $(foreach name,lifetimes clvkit pymc-marketing,$(call PEER,$(name)))

lock:
	@$(PYTHON) -m uv --version >/dev/null 2>&1 || { echo "error: 'make lock' needs uv: $(PYTHON) -m pip install uv"; exit 1; }
	$(PYTHON) -m uv pip compile pyproject.toml --extra samples --extra site --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements.lock
	$(PYTHON) -m uv pip compile --group engines --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--constraints requirements.lock --output-file requirements-engines.lock
	$(PYTHON) -m uv pip compile pyproject.toml --extra bench --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--constraints requirements.lock --output-file requirements-bench.lock
	$(PYTHON) -m uv pip compile --group pandas2 --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements-pandas2.lock
	echo "pip>=25" | $(PYTHON) -m uv pip compile - --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements-pip.lock

clean:
	rm -rf .venv reports/build build .pytest_cache .mypy_cache .ruff_cache .hypothesis
