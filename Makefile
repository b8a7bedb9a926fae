# Everything runs in a virtual environment of its own, made from the hashed lock.
# The first of these that is a Python of the right age and can make one; name another: make PYTHON=/path/to/python3
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never

.PHONY: demo test test-parts test-processes check bench chaos kafka prerequisites lock clean

demo: $(VENV)/ready
	$(BIN)/hub demo $(DEMO_ARGS)

test: prerequisites check
	$(BIN)/python -m ops.kafka --jars
	$(MAKE) -j2 --output-sync=target test-parts test-processes

# The tests mostly wait, so the two halves run side by side; the second one starts, kills and drives real processes.
PROCESSES := tests/e2e tests/browser tests/chaos
test-parts: $(VENV)/ready
	$(BIN)/pytest $(addprefix --ignore=,$(PROCESSES))
test-processes: $(VENV)/ready
	$(BIN)/pytest $(PROCESSES)

check: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What tests need beside Python: a broker (Java, Maven), a SOAP client of another world (Node), a browser, a clock that
# jumps.
prerequisites:
	@ops/prerequisites.sh java mvn node npm chromium faketime

# make chaos SEED=7 CHAOS_HOME=embedded CHAOS_ARGS="--messages 2000 --blows 10"; without SEED one is drawn and printed.
CHAOS_HOME ?= shared
chaos: prerequisites $(VENV)/ready
	$(BIN)/python -m tests.chaos --home $(CHAOS_HOME) $(if $(SEED),--seed $(SEED)) $(CHAOS_ARGS)

# One broker for trying things out: its address is printed, Ctrl-C ends it.
kafka: $(VENV)/ready
	@ops/prerequisites.sh java mvn
	$(BIN)/python -m ops.kafka $(KAFKA_ARGS)

bench: $(VENV)/ready
	$(BIN)/python -m ops.bench

# A new version of a dependency comes in only here.
lock: $(VENV)/ready
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url -q -o requirements-dev.lock

$(VENV)/ready: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Missing: Python 3.11, 3.12 or 3.13 with its venv module (on Debian: python3-venv). Install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Wrong version: $(PYTHON) is not Python 3.11, 3.12 or 3.13."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Missing: the venv module of $(PYTHON) (on Debian: the package python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	$(BIN)/uv pip sync -q --require-hashes --compile-bytecode requirements-dev.lock
	$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
