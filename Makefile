# Every target makes what it needs. ARGS passes arguments on: make demo ARGS="--exit --json"
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CONFIG ?= backstop.yaml
ARGS ?=
VLLM_CPU ?= ../shared/tools/vllm-cpu
VLLM_DIR ?= .cache/vllm
export HF_HUB_OFFLINE = 1
export TOKENIZERS_PARALLELISM = false

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14
	@for file in bench/[a-z]*.py; do name=$$(basename $$file .py); echo "bench-$$name" | expand; done

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	@echo "Installing Backstop and what it needs into $(VENV) (one to four minutes) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev,demo]'
	@touch $@

venv: $(READY) ## Make the virtual environment

demo: $(READY) ## Tell the whole story on this machine: ARGS="--exit --json" ends at once
	@$(BIN)/backstop demo $(ARGS)

pilot: $(READY) browser ## Compare adapters, prompts and full fine-tuning on the demo's task: ARGS="--sizes 30,300"
	@$(BIN)/backstop pilot --demo --methods lora,ia3,full --sizes 10,30,100 --seeds 2 --jobs 2 \
	  --prices docs/pilot-prices.yaml --out .artefacts/pilot $(ARGS)

serve: $(READY) ## Run the service with CONFIG=backstop.yaml
	@$(BIN)/backstop serve --config $(CONFIG) $(ARGS)

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { echo "Installing chromium from the system's packages ..."; \
	       $$(test "$$(id -u)" = 0 || echo sudo) sh -c 'apt-get update -qq && apt-get install -y -qq chromium' >/dev/null; }

test: $(READY) browser ## Run every test but the long suites
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

NODE := tests/clients/node
$(NODE)/node_modules: $(NODE)/package-lock.json
	@command -v npm >/dev/null || { echo "Node 20 and npm are missing; install them: apt-get install -y nodejs npm"; exit 1; }
	@cd $(NODE) && npm ci --silent --no-audit --no-fund && touch node_modules

test-vllm: $(READY) $(NODE)/node_modules ## Run engines, clients and rollbacks against a real vLLM: VLLM_DIR=… is one installed already
	@test -x "$(VLLM_CPU)" || { echo "There is no $(VLLM_CPU): set VLLM_CPU to the tool that installs and serves vLLM."; exit 1; }
	@test -x "$(VLLM_DIR)/venv/bin/vllm" || { echo "Installing vLLM into $(VLLM_DIR) (minutes, 4 GB) ..."; \
	  mkdir -p "$(VLLM_DIR)" && "$(VLLM_CPU)" install "$(VLLM_DIR)"; }
	@VLLM_CPU="$(abspath $(VLLM_CPU))" VLLM_DIR="$(abspath $(VLLM_DIR))" $(BIN)/python -m pytest -m vllm tests/vllm $(ARGS)

test-clients: $(READY) $(NODE)/node_modules ## Run the suites of Python's and Node's clients and curl, directly and through Backstop
	@$(BIN)/python -m pytest -m 'not vllm' tests/clients $(ARGS)

chaos: $(READY) ## Take the database, the engine and each process away under load: CHAOS_SECONDS=10 is shorter
	@$(BIN)/python -m pytest -m chaos -rP tests/chaos $(ARGS)

soak: $(READY) ## Run what needs minutes: ten thousand abandoned requests, and the like
	@$(BIN)/python -m pytest -m soak tests $(ARGS)

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test ## Format, lint, types, import rules and tests

bench-%: $(READY)
	@$(BIN)/python -m bench.$* $(ARGS)

clean: ## Remove what the targets made
	rm -rf $(VENV) .cache .artefacts .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help venv demo pilot serve browser test test-vllm test-clients chaos soak lint check clean
