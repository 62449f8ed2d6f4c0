# What a person can do here. `make` alone lists it.
PY := .venv/bin/python
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-fast lint format bench docs lock wheel clean

help: ## list what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with exactly what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@test -x $(PY) || python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup ## a bundled newsroom on loopback, crawled by the real thing
	.venv/bin/borderwatch demo $(ARGS)

run: setup ## the service, with ./borderwatch.toml
	.venv/bin/borderwatch run $(ARGS)

# The browser's driver keeps an event loop in its process, in which no other test could run one.
test: setup ## every test
	$(PY) -m pytest -q -n 2 --dist loadgroup -m "not browser" $(ARGS)
	$(PY) -m pytest -q -m browser $(ARGS)

test-fast: setup ## the tests that take under two minutes together
	$(PY) -m pytest -q -n 2 --dist loadgroup -m "not slow and not browser" $(ARGS)

lint: setup ## format, rules, types, import directions, generated docs
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	$(PY) -m pytest -q tests/house

format: setup ## format the code and mend what ruff can mend
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

docs: setup ## write the generated pages (schema, configuration, commands)
	$(PY) -m tests.house.generate

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 -o requirements.lock
	uv pip compile pyproject.toml -c requirements.lock --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" -q -o deploy/requirements.lock
	echo "$$(grep -oE 'hatchling==[0-9.]+' pyproject.toml | head -1)" | uv pip compile - -c requirements.lock --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" -q -o deploy/build.lock

wheel: setup ## build the wheel into dist/
	$(PY) -m hatchling build -t wheel

bench: setup ## speed and memory of the main job against plain trafilatura
	$(PY) -m tests.bench.bench_main $(ARGS)

bench-%: setup ## one bench of tests/bench: extraction topics stories alerts crash web freshness crawl_overhead
	$(PY) -m tests.bench.bench_$* $(ARGS)

docs-demo: setup ## draw docs/demo.svg, the picture of the terminal demo
	$(PY) -m tests.house.draw_demo

clean: ## remove what was built, not the data
	rm -rf build dist bench-results test-output .mypy_cache .ruff_cache .pytest_cache .hypothesis
