# The one door. `make demo` and `make test` work on a fresh Debian or Ubuntu with Python, git and make.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PARALLEL ?= 2

.PHONY: demo test check format bench servers clean

demo: $(VENV)/installed
	$(BIN)/automator demo

test: check servers
	$(BIN)/python -m pytest -n $(PARALLEL) --dist loadgroup

check: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed servers
	$(BIN)/python -m benchmarks

# docker-registry, sshd and Prometheus: the real servers that the tests speak to.
servers:
	@sh tests/servers/install.sh

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "automator needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11" >&2; exit 1; }
	@command -v git >/dev/null || { echo "git is missing. Try: apt-get install git" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. Try: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev --editable '.[all]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
