# The two commands of the README: `make demo` runs the quickstart bench, `make test` runs the tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test slow lint sample pictures

demo: $(VENV)/.installed
	$(VENV)/bin/aigc-eval run benchmarks/quickstart.yaml --resume

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 --dist loadfile

slow: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m slow -n 2 --dist loadfile

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

sample: $(VENV)/.installed
	$(VENV)/bin/aigc-eval run benchmarks/quickstart.yaml --out reports/sample --resume

pictures: sample $(VENV)/.installed-dev
	$(VENV)/bin/python tools/screenshots.py reports/sample/report.html docs

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable '.[dev,anthropic,control,embeddings,peft,readability]'
	touch $@
