# Two commands for a newcomer: `make report` and `make test`. Both set the project up first.

# The first interpreter on the path that is recent enough; `make PYTHON=/some/python` overrides.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
ENGINES := .venv/.engines
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help report site test check lint lessons notebooks-check lock clean

help:
	@echo "make report    the demo client's report, in French and in English"
	@echo "make site      the course as pages that open offline, in French and in English"
	@echo "make test      every check: style, types, tests, lessons"
	@echo "make lessons   rebuild notebooks/fr and notebooks/en from notebooks/src"
	@echo "make lock      pin the dependencies again after a change of pyproject.toml"
	@echo "make clean     remove what was made, .venv included"

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed, and none was found on the path"; exit 1; }
	@$(PIP) --version >/dev/null 2>&1 || { echo "making .venv with $(PYTHON)"; rm -rf .venv; \
		$(PYTHON) -m venv .venv || { echo "error: $(PYTHON) cannot make .venv; on Debian and Ubuntu install python3-venv"; exit 1; }; }
	@echo "installing the locked dependencies (about a minute, only when they change)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(ENGINES): requirements-engines.lock $(INSTALLED)
	@echo "installing Spark and the driver of PostgreSQL, for the tests only"
	@$(PIP) install --require-hashes --requirement requirements-engines.lock
	@touch $@

report: $(INSTALLED)
	@$(BIN)/marketing-kpi report reports/demo.yml

site: $(INSTALLED)
	@$(BIN)/marketing-kpi site

test: lint notebooks-check $(ENGINES)
	$(BIN)/python -m pytest --numprocesses 2

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

notebooks-check: $(INSTALLED)
	$(BIN)/marketing-kpi dictionary check
	$(BIN)/marketing-kpi lessons build --check

lessons: $(INSTALLED)
	$(BIN)/marketing-kpi lessons build

lock:
	@$(PYTHON) -m uv --version >/dev/null 2>&1 || { echo "error: 'make lock' needs uv: $(PYTHON) -m pip install uv"; exit 1; }
	$(PYTHON) -m uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements.lock
	$(PYTHON) -m uv pip compile --group engines --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--constraints requirements.lock --output-file requirements-engines.lock

clean:
	rm -rf .venv reports/build build .pytest_cache .mypy_cache .ruff_cache .hypothesis
