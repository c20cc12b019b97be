# Every target sets up .venv by itself; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench campaign docs screenshot lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $(READY)

demo: $(READY) ## one site, read, sold to, switched: ARGS="--once --json" passes arguments on
	@$(BIN)/prewatt demo $(ARGS)

test: $(READY) ## all tests, with the coverage floors: ARGS="tests/fixtures -x" narrows
	@$(BIN)/python tests/run.py $(ARGS)

check: $(READY) ## format, lint, types, import contracts, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/python docs/generate.py --check

format: $(READY) ## let ruff lay out the code and sort the imports
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

bench: $(READY) ## ratios measured side by side in one run
	@cd tests && ../$(BIN)/python -m benchmarks.run $(ARGS)

campaign: $(READY) ## a million malformed frames, one journal a hundred times: ARGS="malformed --seed 7" repeats
	@cd tests && ../$(BIN)/python -m campaigns.run $(ARGS)

docs: $(READY) ## write the generated files again: device tables, schema, SDL
	@$(BIN)/python docs/generate.py

screenshot: $(READY) ## take the picture of the meter table for the README; the tests compare it
	@PREWATT_WRITE_PICTURE=1 $(BIN)/python -m pytest -q tests/tui/picture

lock: ## resolve the dependencies again (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --all-extras --group test --group lint --group bench --group build pyproject.toml -o requirements.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
