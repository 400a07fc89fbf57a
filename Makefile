# Two commands: `make run` and `make test`. Each does all its own set-up in .venv.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# One worker a core; set to 0 to debug.
WORKERS ?= auto
# How long `make fuzz` goes on, and with which files.
SECONDS ?= 60
SEED ?= 1

# Independent readers of GIFT and QTI that some tests ask; without npm those tests are skipped, but fail in CI.
ORACLES := tests/oracles/node_modules/.package-lock.json

.PHONY: run test oracles check format lock openapi fuzz bench bench-push clean

run: .venv/installed
	@exec $(BIN)/zhijian demo

test: .venv/installed oracles
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

oracles: $(ORACLES)

$(ORACLES): tests/oracles/package.json tests/oracles/package-lock.json
	@if command -v npm >/dev/null; then \
		npm ci --prefix tests/oracles --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else \
		echo "npm is missing: the tests that compare with other readers of GIFT and QTI will be skipped"; \
	fi

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The exported document is part of the contract: a test fails when it drifts from the code.
openapi: .venv/installed
	$(BIN)/zhijian openapi > docs/openapi.json

# A seed makes the same files in the same order; what broke a parser is kept in var/fuzz.
fuzz: .venv/installed
	$(BIN)/python -m bench.fuzz_documents --seconds $(SECONDS) --seed $(SEED)

bench: .venv/installed
	$(BIN)/python -m bench.hot_operations $(ARGS)

# What the push engine claims: processes, PostgreSQL and NATS are killed. ARGS="kills --recipients 20000" for less.
bench-push: .venv/installed
	$(BIN)/python -m bench.push $(ARGS)

# No index, host or path goes into the lock file.
lock:
	uv pip compile --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev pyproject.toml -o requirements.lock

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf .venv var .coverage* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/oracles/node_modules
