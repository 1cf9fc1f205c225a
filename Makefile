# Everything a person does with the project. `make demo` and `make test` need nothing but Python 3.11+ and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SEED   ?= 1
SEEDS  ?= 200

.PHONY: demo run test quick explore interop check bench sim fuzz crash clean schema

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[test,demo]'
	@touch $@

demo: $(BIN)/.installed        ## every door open, sample traffic, a table of results; serves until Ctrl-C
	$(BIN)/financial-os demo

run: $(BIN)/.installed         ## the daemon on ./routes.yaml
	$(BIN)/financial-os run routes.yaml

test: $(BIN)/.installed        ## all tests
	$(BIN)/python -m pytest

quick: $(BIN)/.installed       ## tests without the slow ones
	$(BIN)/python -m pytest -m 'not slow'

explore: $(BIN)/.installed     ## the properties, with new examples each time
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -m 'not slow'

interop: $(BIN)/.installed     ## against quickfix, whose C++ engine is built first: minutes, once
	$(BIN)/pip install --quiet -e '.[interop]'
	INTEROP=long $(BIN)/python -m pytest -m interop

check: $(BIN)/.installed       ## lint, strict types, layers, routes.yaml
	$(BIN)/ruff check gateway adapters tests bench
	$(BIN)/mypy
	$(BIN)/financial-os check routes.yaml
	$(BIN)/financial-os test routes.yaml

bench: $(BIN)/.installed       ## every published figure
	$(BIN)/python bench/pipeline.py
	$(BIN)/python bench/fix.py
	$(BIN)/python bench/routing.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/screening.py
	$(BIN)/python bench/iso.py
	$(BIN)/python bench/ach.py
	$(BIN)/python bench/addresses.py

sim: $(BIN)/.installed         ## seeded simulation of the whole daemon; SEEDS=n
	$(BIN)/python tests/sim/run.py --seeds $(SEEDS)

crash: $(BIN)/.installed       ## kill -9 at random moments under load
	$(BIN)/python tests/crash/kill_loop.py --cycles 20

fuzz: $(BIN)/.installed        ## mutated input to every decoder
	$(BIN)/python tests/fuzz/run.py --runs 1000000 --seed $(SEED)
	$(BIN)/python tests/fuzz/fix_frames.py --frames 1000000 --seed $(SEED)

schema: $(BIN)/.installed      ## JSON Schema of routes.yaml, from the types
	$(BIN)/python -m gateway.config.schema
	$(BIN)/python -m gateway.config.reference

clean:
	rm -rf $(VENV) build dist *.egg-info var .mypy_cache .ruff_cache .pytest_cache .hypothesis
