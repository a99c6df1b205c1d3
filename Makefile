# Everything a newcomer needs: `make run` and `make test`. Only python3 and make have to be there.
PYTHON ?= python3
PY := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run reset test check bench demo-mail format requirements

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: ## virtual environment, requirements, front end (done by all others when needed)
	@$(PYTHON) -m tools.setup

run: setup ## start the whole desk on this machine, until Ctrl-C
	@exec $(PY) -m tools.run

reset: setup ## empty the data of `make run`
	@exec $(PY) -m tools.run reset

test: setup ## run the tests; ARGS="tests/sla -k holiday" runs some
	@exec $(PY) -m tools.test $(ARGS)

check: setup ## run every gate but the tests; ARGS="ruff mypy" runs some
	@exec $(PY) -m tools.check $(ARGS)

bench: setup ## run the benchmarks
	@exec $(PY) -m bench $(ARGS)

demo-mail: setup ## send sample mails to the running desk
	@exec $(PY) -m tools.demo_mail $(ARGS)

format: setup ## let the formatter have its way
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format .

requirements: setup ## pin the newest versions that requirements*.in allow
	@exec $(PY) -m tools.requirements
