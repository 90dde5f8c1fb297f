PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# How many processes share the tests among themselves; one that has none left takes over some of another's.
WORKERS ?= 2
SHARED := -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := test
.PHONY: run run-content run-triage test test-all check soak bench docs wheel clean

run: .venv/.installed
	$(BIN)/python -m examples.research

run-content: .venv/.installed
	$(BIN)/python -m examples.content

run-triage: .venv/.installed
	$(BIN)/python -m examples.triage

# What is done after each change: without the slow tests, and with a fifth of the examples of each property.
TEST_OPTIONS ?= -m "not slow and not soak and not bench"

test: .venv/.installed
	$(PYTEST) $(SHARED) $(TEST_OPTIONS)

# What .ci/run does: all but soaks and benchmarks, all examples, and what of the two packages is covered.
test-all:
	$(MAKE) test TEST_OPTIONS="--hypothesis-profile=full --cov"

check: .venv/.installed
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# A soak lasts longer than the time limit of an ordinary test.
soak: .venv/.installed
	$(PYTEST) -m soak --timeout=1800

bench: .venv/.installed
	$(BIN)/python -m benchmarks
	$(PYTEST) -m bench -s --timeout=600

# Draws the picture in docs/. Needs npm, and a Chromium to which PUPPETEER_EXECUTABLE_PATH leads.
docs: .venv/.installed
	$(BIN)/mixmode graph examples.research.workflow:WORKFLOW > docs/research.mmd
	npx --yes @mermaid-js/mermaid-cli --puppeteerConfigFile docs/browser.json -s 1.5 -b white -i docs/research.mmd -o docs/research.png

# setuptools would pack whatever an earlier build has left in build/.
wheel: .venv/.installed
	rm -rf build dist
	$(BIN)/python -m build --wheel

clean:
	rm -rf .venv build dist *.egg-info .coverage .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml setup.cfg
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -e '.[dev]'
	touch $@
