# Every target makes the environment it needs: python3 and a package registry are all that has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# one more than cores: tests of faults mostly wait
JOBS := $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
# imitates vendors over HTTP, for the demo and the tests; Node is needed for nothing else
EMULATOR := tests/emulate/node_modules/emulate/dist/index.js

.PHONY: run test check format bench lock docs node examples screenshots clean

run: $(VENV)/.runtime ## start the service with its own database, connect and verify integrations, and stay up
	@command -v npm >/dev/null && $(MAKE) --no-print-directory $(EMULATOR) || echo "Without npm, the demo uses a stand-in of GitHub."
	JACKFIELD_DEMO_EMULATOR=$(EMULATOR) $(BIN)/jackfield demo

test: $(VENV)/.development $(VENV)/.generators ## the whole test suite, in parallel
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(VENV)/.development ## format, lint, types, floors
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.development
	$(BIN)/ruff format src tests bench examples
	$(BIN)/ruff check --fix src tests bench examples

bench: $(VENV)/.bench ## side by side with the floor and the conventional stack; writes bench/RESULTS.md
	$(BIN)/python -m bench $(ARGS)

lock: ## make the hashed requirement files again from the .in files (needs uv)
	for set in runtime development bench generators; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -q \
			requirements/$$set.in -o requirements/$$set.txt || exit 1; \
	done

node: $(EMULATOR) tests/vendor_types/node_modules/.package-lock.json tests/descriptions/node_modules/.package-lock.json tests/axe/node_modules/.package-lock.json tests/judges/node_modules/.package-lock.json tests/generated_types/node_modules/.package-lock.json ## what the tests need of Node: the vendors' emulator, what vendors publish for programs, what looks at pages, what makes types of the documents, and what judges texts

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --silent --prefix tests/$*
	@touch $@

docs: $(VENV)/.runtime ## make docs/providers again from the manifests
	@for name in $$($(BIN)/jackfield providers list --json | $(BIN)/python -c 'import json, sys; print(*(one["slug"] for one in json.load(sys.stdin)))'); do \
		$(BIN)/jackfield providers show --markdown $$name > docs/providers/$$name.md; done

examples: $(VENV)/.development ## record the answers in the documents' examples anew, from a running service
	RECORD_EXAMPLES=1 $(BIN)/python -m pytest tests/web/test_examples.py -k printed_command

screenshots: $(VENV)/.development ## take the pictures of the console anew, into docs/images (needs Chromium)
	PYTHONPATH=tests $(BIN)/python -m take_screenshots

$(EMULATOR): tests/emulate/package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --silent --prefix tests/emulate
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Jackfield needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 lacks venv; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

# in an environment of its own below: it needs other versions of some packages than the service
$(VENV)/.generators: requirements/generators.txt | $(VENV)/bin/python
	@echo "Installing what makes clients of the documents ..."
	@$(BIN)/python -m venv $(VENV)/generators
	$(VENV)/generators/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/generators.txt
	@touch $@

# one stamp for each set of packages; installing one set leaves the others' packages alone
$(VENV)/.%: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the $* packages (about a minute the first time) ..."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
