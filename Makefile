# `make run` is the main job, `make test` all checks; everything else lives in .venv and var/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
# Each worker of a test run has one thread: threads that wait for each other cost more than they save.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: run test test-full lint bench clean

run: $(VENV)/ready
	$(BIN)/python -m flows.main_job

test: lint
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

test-full: lint
	$(ONE_THREAD) KPP_TWIN_TEST_FULL=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks.store --json
	$(BIN)/python -m benchmarks.cycle --json
	$(BIN)/python -m benchmarks.forecasts --json
	$(BIN)/python -m benchmarks.promotion --json
	$(BIN)/python -m benchmarks.plant --json
	$(BIN)/python -m benchmarks.frequency --json

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 run")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m kpp_twin.compile_ahead
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
