# Every command sets up what it needs by itself (.ci/setup); `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench torture clean
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

BIN := .venv/bin
# What is installed, with the directories, whose time changes when a file goes.
SOURCES := meson.build $(shell find pyfilter -not -path '*/__pycache__*' \( -type d -o -name '*.py' -o -name '*.lark' -o -name '*.[ch]' \))
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wwrite-strings -Wstrict-prototypes
PYTHONS := pyfilter tests
# Tests that hold the documentation to what the program does.
DOCUMENTATION := tests/language/test_reference.py $(wildcard tests/docs)

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

demo: .venv/installed ## deliver sample messages with the rules of examples/seed, and show where they went
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/seed/demo

test: .venv/installed .venv/dev check ## everything: check, and all tests
	@.ci/setup servers
	@$(BIN)/pytest -q

check: .venv/installed .venv/dev ## format, lint, types, C warnings, documentation
	@echo "· ruff format, ruff check"
	@$(BIN)/ruff format --check -q $(PYTHONS) || { echo "not formatted: make format"; exit 1; }
	@$(BIN)/ruff check -q $(PYTHONS)
	@echo "· mypy --strict pyfilter"
	@$(BIN)/mypy --no-error-summary --strict pyfilter
	@echo "· cc $(WARNINGS)"
	@for file in pyfilter/launcher/*.c; do cc -std=gnu11 -O2 -D_GNU_SOURCE $(WARNINGS) -c $$file -o /dev/null || exit 1; done
	@$(BIN)/pytest -q $(DOCUMENTATION)

format: .venv/dev ## format the Python files
	@$(BIN)/ruff format $(PYTHONS)

bench: .venv/installed ## CPU of one delivery, a header by its size, a scan; then, as root, docs/speed.md: the peers beside
	@$(BIN)/python tests/bench/delivery_cpu.py
	@$(BIN)/python -m tests.fuzz.bombs
	@$(BIN)/python tests/bench/scan_cost.py
	@TORTURE=1 .ci/setup servers
	@$(BIN)/python -m tests.bench.peers
	@$(BIN)/python -m tests.bench.page && echo "· docs/speed.md"

torture: .venv/installed .venv/dev ## every fault at every system call, power cuts, crowds, and the peers beside (as root; ends within two hours)
	@TORTURE=1 .ci/setup servers
	@rm -f build/torture.jsonl
	@TORTURE=1 timeout -k 30 7200 $(BIN)/pytest -q tests/torture tests/attacks/test_injection.py tests/test_fidelity.py \
		tests/server/test_same_decisions.py \
		'tests/e2e/test_real_postfix.py::test_scenario[loops]' tests/delivery tests/services/test_agreement.py; status=$$?; \
		$(BIN)/python -m tests.torture.tables && echo "· docs/torture.md"; exit $$status

clean: ## remove what these commands made
	@rm -rf .venv .venv.log build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find pyfilter tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: pyproject.toml
	@.ci/setup venv
	@touch $@

.venv/installed: .venv/ready $(SOURCES)
	@.ci/setup install
	@touch $@

.venv/dev: .venv/ready
	@.ci/setup dev
	@touch $@
