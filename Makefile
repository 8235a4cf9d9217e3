.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLOWS := $(sort $(wildcard manifests/examples/*/*.dragoman.yaml))
TARGETS := argo kubernetes batch

help:      ## Show this help
	@grep -E '^[a-z0-9-]+: +.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1	\2/' | expand -t 16

install: $(VENV)/.installed    ## Install dragoman and its development tools into .venv

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

render: install    ## Render every flow under manifests/ for every target
	@for flow in $(FLOWS); do for target in $(TARGETS); do \
	  $(BIN)/dragoman render $$flow -t $$target --policy manifests/platform.policy.yaml -o $$(dirname $$flow)/rendered/$$target || exit; \
	done; done

test: install    ## Run the tests
	$(BIN)/python -m pytest

check: lint types render-clean    ## Lint, types, and what is generated is up to date

lint: install    ## ruff check and ruff format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install    ## mypy, strict
	$(BIN)/mypy

format: install    ## Let ruff put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

golden: install    ## Rewrite the golden files, then show what changed
	$(BIN)/python -m pytest tests/golden tests/docs tests/cmp/test_doctor.py --update-golden
	git diff --stat -- tests/features tests/cmp docs

docs: install    ## Rewrite what is generated from the code: schema, library, tables
	$(BIN)/python docs/generate.py

render-clean: render docs    ## Fail when manifests/ or a generated file is stale
	git diff --exit-code -- manifests docs README.md translator/dragoman/spec

conformance: install    ## Argo's and Kubernetes' own code judge and run what we render (needs Go)
	$(BIN)/python -m pytest tests/conformance --conformance

e2e-argocd: install    ## Argo CD's own servers call the plugin as it is shipped (needs Go)
	tests/conformance/argocd/build
	$(BIN)/python -m pytest tests/conformance/test_argocd.py

bench: install    ## Measure against Hera and against the floor
	$(BIN)/python bench/run.py
	$(BIN)/python bench/many.py
	$(BIN)/python bench/plugin.py
	$(BIN)/python bench/rules.py
	$(BIN)/python bench/peak.py

lock: install    ## Lock the newest versions of everything
	$(BIN)/uv pip compile --quiet --universal --upgrade --group dev --group bench --no-header pyproject.toml -o requirements.txt

.PHONY: help install render test check lint types format golden docs render-clean conformance e2e-argocd bench lock
