# Two commands are enough: `make review` (the bundled review, rebuilt and verified) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_COMPILE := uv pip compile -q --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11

.PHONY: review test check format lock bench clean setup setup-dev

review: setup
	$(BIN)/metareview protocol check
	$(BIN)/metareview report
	$(BIN)/metareview verify

test: setup-dev
	$(BIN)/python -m pytest

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev

# Bytecode is compiled here, once, because start-up depends on it and the environment may forbid writing it later.
$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q src
	touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

lock:
	$(UV_COMPILE) --extra build pyproject.toml -o requirements.lock
	$(UV_COMPILE) --extra build --extra dev pyproject.toml -o requirements-dev.lock

bench: setup-dev
	PYTHON=$(PYTHON) benchmarks/setup
	for file in benchmarks/*.py; do $(BIN)/python $$file --json || exit 1; done

clean:
	rm -rf $(VENV) .metareview report src/*.egg-info
