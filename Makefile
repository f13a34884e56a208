# ragstack: `make help` lists what can be done here.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PEERS  := .venv-peers
READY  := $(VENV)/.ready
FLOORS := indexes ingest ragstack

.DEFAULT_GOAL := help
.PHONY: help setup models demo test lint fmt type bench bench-data bench-large bench-peers clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(READY)  ## make .venv and install the project with its tools

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,ocr,onnx]'
	@touch $@

models: $(READY)  ## fetch the default models (checked, resumable, once)
	@$(BIN)/ragstack models pull multilingual-e5-small Qwen2.5-Coder-1.5B-Instruct

demo: models  ## two questions about the example documents, one English, one Chinese
	@$(BIN)/ragstack ingest examples/documents --collection examples
	@$(BIN)/ragstack ask --collection examples "How much memory do the weights of a model with 7 billion parameters need at 4 bits per weight?"
	@$(BIN)/ragstack ask --collection examples "BERT 是编码器还是解码器？"

test: models  ## the whole test suite
	@$(BIN)/ragstack models pull all-MiniLM-L6-v2 SmolLM2-135M-Instruct
	$(BIN)/python -m pytest

lint: $(READY)  ## ruff: rules and format
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

fmt: $(READY)  ## ruff: mend rules and format
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

type: $(READY)  ## mypy, strict
	$(BIN)/mypy

bench: models  ## measurements beside rivals in the same run (minutes to an hour)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,ocr,onnx,bench]'
	$(BIN)/python benchmarks/ingestion.py first
	$(BIN)/python benchmarks/ingestion.py edit
	$(BIN)/python benchmarks/fuzzing.py --files 5000
	$(BIN)/python benchmarks/answers.py
	$(BIN)/python benchmarks/conversation.py report
	$(BIN)/python benchmarks/hostile.py
	$(BIN)/python benchmarks/crashes.py 200
	$(BIN)/python benchmarks/damage.py 500
	$(BIN)/python benchmarks/readers.py 60
	@test -z "$(DATA)" || $(MAKE) bench-large

bench-data: models  ## retrieval and reading of real files; DATA=folder of corpora, DOCUMENTS=folder of files (hours)
	$(BIN)/python benchmarks/chunking.py report --data "$(DATA)" --hybrid
	$(BIN)/python benchmarks/precision.py --data "$(DATA)"
	$(BIN)/python benchmarks/extraction.py --data "$(DOCUMENTS)"
	$(BIN)/python benchmarks/retrieving.py report --data "$(DATA)"
	$(BIN)/python benchmarks/evidence.py "$(DATA)"
	$(BIN)/python benchmarks/disagreement.py "$(DATA)" report
	$(BIN)/python benchmarks/verifying.py "$(DATA)"
	$(BIN)/python benchmarks/verifying_decoder.py "$(DATA)"

bench-large: models  ## a million chunks; DATA=folder of corpora in the common layout (an hour, 10 GB of disk)
	$(BIN)/python benchmarks/ingestion.py memory
	$(BIN)/python benchmarks/ingestion.py pages
	$(BIN)/python benchmarks/kinds.py --data "$(DATA)"
	$(BIN)/python benchmarks/vectors.py --data "$(DATA)" --rows 100000
	$(BIN)/python benchmarks/vectors.py --data "$(DATA)" --rows 1000000

bench-peers: models  ## ragstack beside LangChain, LlamaIndex and txtai, one table; DATA=folders of data (an hour)
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers/requirements.txt
	$(BIN)/python benchmarks/peers/compare.py $(foreach folder,$(DATA),--data "$(folder)") $(ARGS)

clean:  ## remove what the build made; data and models stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
