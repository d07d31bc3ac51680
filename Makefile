# LaneWatch's commands. Each does its own set-up: the first time takes minutes, after that a moment.
# Values from the command line are taken as they are, spaces and dollar signs included.
PYTHON ?= python3
override SOURCE := $(value SOURCE)
override WEIGHTS := $(value WEIGHTS)
override GATE := $(value GATE)
override DATA := $(value DATA)
override PORT := $(value PORT)
override SPEED := $(value SPEED)
override TESTS := $(value TESTS)
override OUT := $(value OUT)
override BENCH := $(value BENCH)
override RECORDINGS := $(value RECORDINGS)
override SCENES := $(value SCENES)
override SEED := $(value SEED)
export SOURCE WEIGHTS GATE DATA PORT SPEED ML TESTS OUT BENCH RECORDINGS SCENES SEED

BIN := .venv/bin
SETUP := command -v "$(PYTHON)" >/dev/null || { echo "setup: no $(PYTHON) here; as root: apt-get install python3 python3-venv" >&2; exit 2; }; \
	"$(PYTHON)" scripts/setup.py

.DEFAULT_GOAL := help
.PHONY: help run setup test fuzz check bench accuracy accuracy-video demo-model schema docs lock clean

help: ## List what make can do
	@echo "LaneWatch: make TARGET [NAME=value ...]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 17

run: ## Start everything, by itself a simulated gate (SPEED=10); SOURCE=file or rtsp url, WEIGHTS=model, GATE=gate file, PORT=8080, DATA=folder
	@$(SETUP) run
	@set --; \
	[ -z "$$SOURCE" ] || set -- "$$@" --source "$$SOURCE"; \
	[ -z "$$WEIGHTS" ] || set -- "$$@" --weights "$$WEIGHTS"; \
	[ -z "$$GATE" ] || set -- "$$@" --gate "$$GATE"; \
	[ -z "$$SPEED" ] || set -- "$$@" --speed "$$SPEED"; \
	[ -z "$$PORT" ] || set -- "$$@" --port "$$PORT"; \
	[ -z "$$DATA" ] || set -- "$$@" --data "$$DATA"; \
	exec $(BIN)/lanewatch run "$$@"

setup: ## Only do the set-up for run and test
	@$(SETUP) test

test: ## Run the tests; ML=1 also installs torch, runs what needs it and judges the coverage; TESTS="tests/vision/core -x" chooses
	@$(SETUP) test
	@[ -n "$$TESTS" ] || { $(SETUP) npm run --silent test; }
	@if [ -z "$$ML" ] || [ -n "$$TESTS" ]; then \
		exec $(BIN)/pytest --durations=10 $(if $(ML),,-m "not ml") $$TESTS; \
	fi; \
	rm -rf .coverage && mkdir .coverage && $(BIN)/coverage run -m pytest --durations=10 && $(BIN)/python -m scripts.coverage_gate

fuzz: ## Search the properties that tests state with a random seed, 500 examples each; SEED=1 repeats a search, TESTS= chooses
	@$(SETUP) dev
	@seed=$${SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; \
	echo "fuzz: to repeat this search: make fuzz SEED=$$seed"; \
	$(BIN)/pytest -m hypothesis --hypothesis-profile=fuzz --hypothesis-seed="$$seed" --timeout=3600 --durations=10 $$TESTS

check: ## Style, types, imports, dead code, schema, documents, Docker files
	@$(SETUP) dev page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m scripts.dead_code
	@$(BIN)/python -m api.web.schema | cmp --silent - dashboard/schema/page.json \
	|| { echo "dashboard/schema/page.json is not what vision/messages.py says: run make schema and commit it" >&2; exit 1; }
	$(BIN)/python -m scripts.page_samples --check
	$(BIN)/python scripts/documents.py --check
	$(BIN)/hadolint docker/*.Dockerfile
	$(BIN)/compose-lint --fail-on high docker/compose.yaml
	@$(SETUP) npm run --silent check

bench: ## Cost of the video path against ultralytics on the same clip; OUT=file.json, BENCH="--rounds 5"
	@$(SETUP) dev ml peers
	$(BIN)/python -m tests.benchmarks $${OUT:+--out "$$OUT"} $$BENCH

accuracy: ## Score queues and dwell times against simulated truth, write docs/accuracy.md; RECORDINGS="short_jam/mast8_hard -j 4" shows only
	@$(SETUP) dev
	$(BIN)/python -m scripts.accuracy $$RECORDINGS

accuracy-video: ## Score four simulated scenes played through encoder, decoder, detector and core, write docs/accuracy.md; SCENES=day shows one
	@$(SETUP) dev
	$(BIN)/python -m scripts.accuracy_video $$SCENES

demo-model: ## Train the demo model anew from rendered frames, at most 90 minutes on two cores, into weights/
	@$(SETUP) dev ml
	$(BIN)/lanewatch train --demo --render 6000 --seed 1 --steps 12000 --minutes 70 --out "$${OUT:-.lanewatch/demo-model}"
	cp "$${OUT:-.lanewatch/demo-model}"/model/* weights/

schema: ## Generate the JSON Schema, the page's types and its tests' messages from vision/messages.py and sample_messages.py
	@$(SETUP) dev modules
	$(BIN)/python -m api.web.schema dashboard/schema/page.json
	$(BIN)/python -m scripts.page_samples
	@$(SETUP) npm run --silent types

docs: ## Generate the generated parts of docs/
	@$(SETUP) dev
	$(BIN)/python scripts/documents.py

lock: ## Resolve requirements/*.txt anew from pyproject.toml and requirements/pins.in
	@$(SETUP) lock

clean: ## Remove what set-up made: .venv, node_modules, dist, caches; never the data in .lanewatch
	rm -rf .venv .make dashboard/node_modules dashboard/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
